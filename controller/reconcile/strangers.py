"""Things without state are written into a stack's state, to be deleted as anything else is (docs/decisions/0004).

`drift.py` adopts what lies inside resources of ours or carries an identity of ours; what belongs to no stack is adopted
here when a person has approved its incident, into a stack that holds nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.domain.errors import Refused
from controller.domain.place import entry_of
from controller.engine.applying import decisions
from controller.engine.stack_names import pulumi_stack_name
from controller.engine.urn import Urn
from controller.reconcile import credentials, gone, incidents, work
from controller.reconcile.apply import Reconciler
from controller.reconcile.incidents import IncidentKind, IncidentState
from controller.reconcile.verdict import Finding
from controller.store.engine import Provisioning, ResourceRow, StackRow, Wanted
from controller.store.place import lies_on
from controller.store.reconcile import IncidentRow
from controller.store.vault import Vault


@dataclass(frozen=True)
class Stranger:
    """A thing in the cloud that no state knows: its kind's token, the cloud's id, and what it carries of ours."""

    type: str
    id: str
    name: str = ""
    identity: str = ""
    owner_urn: str = ""

    @classmethod
    def found(cls, finding: Finding) -> Stranger:
        """The stranger that a scan found."""
        return cls(finding.type, finding.id, finding.name, finding.identity, finding.owner_urn)


def adopt_for_removal(session: Session, stack: StackRow, stranger: Stranger, *, cloud: str) -> str:
    """Writes what lies on `cloud` into the stack's state as a row that is only there to be removed; its URN.

    Twice does no harm. Raises Refused where a stack has taken it over since it was found.
    """
    session.flush()
    holder = _holder_of(session, stranger, cloud)
    if holder is not None:
        raise Refused(
            f"it belongs to the stack {holder} by now",
            where=f"{stranger.type} {stranger.id}",
            remedy="scan again (yunguan drift); what a stack holds is removed by that stack alone",
        )
    urn = str(Urn(pulumi_stack_name(stack.name), "unmanaged", stranger.type, stranger.id))
    session.execute(
        insert(ResourceRow)
        .values(
            stack_id=stack.id,
            urn=urn,
            generation=1,
            type=stranger.type,
            custom=True,
            physical_id=stranger.id,
            identity=stranger.identity,
            cloud=cloud,
            parent=stranger.owner_urn,
            pending_delete=True,
            changed_at=real_now(),
        )
        .on_conflict_do_nothing()
    )
    return urn


def _holder_of(session: Session, stranger: Stranger, cloud: str) -> str | None:
    """The stack whose live row has that very thing, at whatever name of the place it lies on."""
    return session.scalar(
        select(StackRow.name)
        .join(ResourceRow, ResourceRow.stack_id == StackRow.id)
        .where(
            ResourceRow.type == stranger.type,
            ResourceRow.physical_id == stranger.id,
            lies_on(ResourceRow.cloud, entry_of(cloud)),
            ~ResourceRow.pending_delete,
            ~ResourceRow.external,
        )
        .limit(1)
    )


def approve_incident(reconciler: Reconciler, incident_id: int, *, user: str, reason: str) -> work.Subject | None:
    """Approves exactly what the incident proposes; the subject that is to be woken up, where there is one.

    The decision and what it sets off are one transaction: nothing is adopted that no person decided about by name.
    Raises Refused where somebody decided before, where the row is not about what it was opened for, and where a stack
    has taken it over meanwhile.
    """
    ground = f"incident {incident_id}: {reason}"
    vault = reconciler.means.vault
    with reconciler.means.sessions.begin() as session:
        incident = incidents.decide(session, incident_id, IncidentState.APPROVED, user=user, reason=reason)
        incidents.refuse_changed(session, incident, vault)
        match IncidentKind(incident.kind):
            case IncidentKind.ORPHAN:
                stack, stranger = _stack_for_removal(session, incident), Stranger(**incident.details)
                urn = adopt_for_removal(session, stack, stranger, cloud=incident.cloud)
                return _give_up(session, stack.id, urn, stranger.id, person=user, ground=ground, vault=vault)
            case IncidentKind.LEFTOVER:
                urn, id = incident.details["urn"], incident.details["id"]
                return _give_up(session, incident.stack_id or 0, urn, id, person=user, ground=ground, vault=vault)
            case IncidentKind.GUARD if incident.plan_id is not None:
                gives_up = incident.details["gives_up"]
                return reconciler.approve(session, incident.plan_id, person=user, ground=ground, gives_up=gives_up)
            case IncidentKind.GONE:
                return gone.believe(session, incident)
            case IncidentKind.CREDENTIALS:
                return credentials.accept(session, incident, by=user)
    return None


def _give_up(
    session: Session, stack_id: int, urn: str, id: str, *, person: str, ground: str, vault: Vault
) -> work.Subject:
    """Records that the person gives the thing up; the next look removes it in that person's name."""
    decisions.give_up(session, stack_id, urn, id, person=person, ground=ground, vault=vault)
    subject = work.Subject.stack(stack_id)
    work.ask(session, subject, ground)
    return subject


def _stack_for_removal(session: Session, incident: IncidentRow) -> StackRow:
    """The stack of things on this cloud that people decided to remove; it has no spec, and its plan destroys."""
    cloud = entry_of(incident.cloud)
    name = f"unmanaged/{cloud}"
    stack = session.scalar(select(StackRow).where(StackRow.name == name).with_for_update())
    if stack is None:
        stack = StackRow(name=name, cloud=cloud)
        session.add(stack)
    stack.wanted, stack.provisioning = Wanted.ABSENT, Provisioning.ENDING
    stack.spec_commit = f"incident {incident.id}"
    stack.changed_at = real_now()
    session.flush()
    return stack
