"""Is a cloud still the one that is known? Its fingerprint is taken down at its first use and compared ever after.

The provider hands `vouch` what the cloud shows of itself before it sends anything. Other credentials, another project
or another Keystone behind the same name see nothing of ours: then nothing may be concluded, and nothing is sent, until
a person has accepted the new fingerprint or the old one is back.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller import audit
from controller.clock import real_now
from controller.engine.provider import Unfamiliar
from controller.reconcile import incidents, work
from controller.reconcile.incidents import CONTROLLER, IncidentKind
from controller.store.database import Sessions
from controller.store.reconcile import IncidentRow, KnownCloudRow
from controller.store.vault import Vault

Fingerprint = Mapping[str, str]
"""What a cloud shows of itself to these credentials, by name: project, domains, the addresses of its services."""


def vouch(sessions: Sessions, vault: Vault, cloud: str, fingerprint: Fingerprint) -> None:
    """Takes the fingerprint down at the cloud's first use.

    Raises Unfamiliar where another one is known, with an incident by which a person may accept this one.
    """
    with sessions.begin() as session:
        known = _known(session, cloud) or _taken_down(session, cloud, fingerprint)
        differing = sorted(name for name in known.keys() | fingerprint if known.get(name) != fingerprint.get(name))
        if not differing:
            incidents.close_all(session, IncidentKind.CREDENTIALS, cloud, "the known credentials are back")
            return
        what = f"{cloud} is not the cloud that was known: other {', '.join(differing)}"
        incidents.report(
            session,
            kind=IncidentKind.CREDENTIALS,
            subject=cloud,
            cloud=cloud,
            summary=what,
            details={"known": dict(known), "seen": dict(fingerprint)},
            vault=vault,
        )
    raise Unfamiliar(
        what,
        where=cloud,
        remedy="correct clouds.yaml, or have the change approved (yunguan incident list); until then nothing is done",
    )


def accept(session: Session, incident: IncidentRow, *, by: str) -> work.Subject:
    """The fingerprint that the incident shows is the known one from now on; the cloud is to be scanned."""
    row = session.scalar(select(KnownCloudRow).where(KnownCloudRow.cloud == incident.cloud).with_for_update())
    if row is not None:
        row.fingerprint, row.accepted_by, row.accepted_at = incident.details["seen"], by, real_now()
    subject = work.Subject.scan(incident.cloud)
    work.ask(session, subject, f"{by} accepted the new credentials")
    return subject


def _known(session: Session, cloud: str) -> Fingerprint | None:
    return session.scalar(select(KnownCloudRow.fingerprint).where(KnownCloudRow.cloud == cloud))


def _taken_down(session: Session, cloud: str, fingerprint: Fingerprint) -> Fingerprint:
    """The fingerprint that is known from now on: this one, or that of another process which was first."""
    row = insert(KnownCloudRow).values(
        cloud=cloud, fingerprint=dict(fingerprint), accepted_by=CONTROLLER, accepted_at=real_now()
    )
    if session.scalar(row.on_conflict_do_nothing().returning(KnownCloudRow.cloud)) is None:
        return _known(session, cloud) or fingerprint
    audit.record(session, actor=CONTROLLER, action="cloud.known", target=cloud, details=fingerprint)
    return fingerprint
