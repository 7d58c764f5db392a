"""An approval acts on what the incident was opened for, whatever was written into its row since (invariant 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from controller.clock import real_now
from controller.domain.errors import Refused
from controller.engine.applying.means import Means
from controller.engine.provider import Unfamiliar
from controller.reconcile import incidents
from controller.reconcile.apply import Reconciler
from controller.reconcile.credentials import vouch
from controller.reconcile.incidents import IncidentKind, IncidentState
from controller.reconcile.strangers import Stranger, approve_incident
from controller.store.database import Sessions
from controller.store.engine import ApprovalRow, DecisionRow, PlanRow, ResourceRow, StackRow
from controller.store.reconcile import IncidentRow, KnownCloudRow, WorkRow
from controller.store.vault import Vault
from tests.engine.double import NET, DoubleProvider
from tests.reconcile.site import LIMITS, PROGRAM

DETAILS: Mapping[IncidentKind, Mapping[str, Any]] = {
    IncidentKind.ORPHAN: asdict(Stranger(NET, "id-1", "toy", "yg-1", "urn-1")),
    IncidentKind.LEFTOVER: {"urn": "urn-1", "id": "id-1"},
    IncidentKind.GUARD: {"gives_up": ["urn-1"], "reasons": ["it bears data"], "operations": []},
    IncidentKind.GONE: {"missing": ["urn-1 id-1", "urn-2 id-2"]},
    IncidentKind.CREDENTIALS: {"known": {"project": "a"}, "seen": {"project": "b"}},
}
OTHER = {"identity": "yg-2", "gives_up": ["urn-1", "urn-2"], "missing": ["urn-3 id-3"], "seen": {"project": "c"}}
ACTED_ON = {
    IncidentKind.ORPHAN: ["type", "id", "identity", "owner_urn"],
    IncidentKind.LEFTOVER: ["urn", "id"],
    IncidentKind.GUARD: ["gives_up"],
    IncidentKind.GONE: ["missing"],
    IncidentKind.CREDENTIALS: ["seen"],
}
COLUMNS = {
    IncidentKind.ORPHAN: ["cloud"],
    IncidentKind.LEFTOVER: ["cloud", "stack_id"],
    IncidentKind.GUARD: ["cloud", "plan_id"],
    IncidentKind.GONE: ["cloud"],
    IncidentKind.CREDENTIALS: ["cloud"],
}
SHOWN = {"name": "other", "reasons": ["other"], "operations": ["other"], "known": {"project": "d"}}


class Desk:
    """Where incidents are opened, changed behind the controller's back, and approved. Two stacks, a plan each."""

    def __init__(self, sessions: Sessions, vault: Vault) -> None:
        self.sessions, self.vault = sessions, vault
        means = Means(sessions, vault, DoubleProvider(), request_timeout=1.0)
        self.reconciler = Reconciler(means, PROGRAM, LIMITS, valid_for=timedelta(hours=1))
        self.own, self.others = ({"cloud": name} | self._stack(name) for name in ("double", "others"))

    def _stack(self, name: str) -> dict[str, int]:
        with self.sessions.begin() as session:
            stack = StackRow(name=f"a/b/{name}", cloud="double", changed_at=real_now())
            session.add(stack)
            session.flush()
            plan = PlanRow(
                stack_id=stack.id, digest=name, purpose="apply", document={}, spec_commit="", made_at=real_now()
            )
            session.add(plan)
            session.flush()
            return {"stack_id": stack.id, "plan_id": plan.id}

    def report(self, kind: IncidentKind) -> IncidentRow:
        with self.sessions.begin() as session:
            incidents.report(
                session,
                kind=kind,
                subject="it",
                summary="look at it",
                details=DETAILS[kind],
                vault=self.vault,
                **self.own,
            )
        return self.open()

    def open(self) -> IncidentRow:
        with self.sessions() as session:
            return session.scalars(select(IncidentRow).where(IncidentRow.state == IncidentState.OPEN)).one()

    def rewrite(self, **values: Any) -> None:
        with self.sessions.begin() as session:
            session.execute(update(IncidentRow).values(**values))

    def approve(self) -> None:
        approve_incident(self.reconciler, self.open().id, user="authority", reason="seen")

    def assert_nothing_follows(self) -> None:
        with self.sessions() as session:
            for table in (ApprovalRow, DecisionRow, KnownCloudRow, ResourceRow, WorkRow):
                assert session.scalars(select(table)).all() == [], table


@pytest.fixture
def desk(sessions: Sessions, vault: Vault) -> Desk:
    return Desk(sessions, vault)


@pytest.mark.parametrize(
    ("kind", "changed"), [(kind, name) for kind in IncidentKind for name in (*ACTED_ON[kind], *COLUMNS[kind])]
)
def test_nothing_that_an_approval_acts_on_can_be_changed(desk: Desk, kind: IncidentKind, changed: str) -> None:
    incident = desk.report(kind)
    if changed in COLUMNS[kind]:
        desk.rewrite(**{changed: desk.others[changed]})
    else:
        desk.rewrite(details=incident.details | {changed: OTHER.get(changed, "other")})

    with pytest.raises(Refused, match="is not what it was opened for"):
        desk.approve()
    desk.assert_nothing_follows()

    anew = desk.report(kind)
    assert (anew.details, anew.cloud) == (DETAILS[kind], "double"), "what is still so is reported as it is"


@pytest.mark.parametrize("kind", IncidentKind)
def test_nor_can_what_was_cut_out_of_it_be_approved(desk: Desk, kind: IncidentKind) -> None:
    desk.report(kind)
    desk.rewrite(details={})
    with pytest.raises(Refused, match="is not what it was opened for"):
        desk.approve()
    desk.assert_nothing_follows()


def test_the_digest_of_another_one_does_not_fit_either(desk: Desk) -> None:
    """It is under the home's key, so that nobody else can make one."""
    leftover = desk.report(IncidentKind.LEFTOVER)
    with desk.sessions.begin() as session:
        incidents.close(session, session.get_one(IncidentRow, leftover.id), "over")
    desk.report(IncidentKind.ORPHAN)
    desk.rewrite(digest=leftover.digest)
    with pytest.raises(Refused, match="is not what it was opened for"):
        desk.approve()

    with desk.sessions() as session:
        incidents.refuse_changed(session, leftover, desk.vault)
        with pytest.raises(Refused):
            incidents.refuse_changed(session, leftover, Vault(Fernet.generate_key()))


@pytest.mark.parametrize("kind", [IncidentKind.ORPHAN, IncidentKind.LEFTOVER, IncidentKind.GONE])
def test_what_is_only_shown_may_change_while_it_is_open(desk: Desk, kind: IncidentKind) -> None:
    incident = desk.report(kind)
    shown = {name: value for name, value in SHOWN.items() if name in incident.details}
    desk.rewrite(summary="newer", details=incident.details | shown)
    assert desk.report(kind).id == incident.id
    desk.approve()
    with desk.sessions() as session:
        assert session.get_one(IncidentRow, incident.id).state == IncidentState.APPROVED


def test_a_fingerprint_is_accepted_as_it_was_seen(desk: Desk) -> None:
    vouch(desk.sessions, desk.vault, "double", {"project": "a"})
    with pytest.raises(Unfamiliar):
        vouch(desk.sessions, desk.vault, "double", {"project": "b"})
    seen = desk.open().details
    desk.rewrite(details=seen | {"seen": {"project": "c"}})
    with pytest.raises(Refused, match="is not what it was opened for"):
        desk.approve()
    desk.rewrite(details=seen)
    desk.approve()
    vouch(desk.sessions, desk.vault, "double", {"project": "b"})
