"""A system is given back: terminated on request, or a trial whose reclaim a person has approved.

Rules: LZ-21-7 (approved within 5 working days, reclaimed within 3), LZ-26b (data handed over before it is erased).
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.casework.casefile.confirming import confirmed, require_ended
from controller.casework.casefile.evidence import HandedIn
from controller.casework.casefile.filing import Filing, file_case, in_service, system_of_stack
from controller.casework.casefile.outcome import CaseOutcome, Confirmation
from controller.casework.casefile.steps import Taken
from controller.casework.ports import Ports
from controller.casework.specifying.addresses import release_subnets
from controller.casework.specifying.inventory import stacks_of
from controller.casework.specifying.merging import approved, merge
from controller.domain.errors import Refused
from controller.store.casework import CaseRow
from controller.store.certificate import ReclaimSearchRow

PROCEDURE = "exit"


def apply(session: Session, system: str, ports: Ports, *, actor: str, evidence: tuple[HandedIn, ...] = ()) -> CaseRow:
    """Files the termination of `system` (`city/unit/system`, or the name of one of its stacks).

    Raises Refused where it is not in service or a case is open on it.
    """
    row = system_of_stack(session, system)
    filing = Filing(procedure=PROCEDURE, system=row, actor=actor, demand=in_service(row), evidence=evidence)
    return file_case(session, filing, ports.evidence)


def reclaim(taken: Taken) -> CaseOutcome:
    """A person has decided: the system's specs are taken out, so its stacks shall cease to exist."""
    names = [spec.stack_name for spec in approved(taken)]
    return taken.outcome(merged=merge(taken, put=(), remove=names))


def release(taken: Taken) -> CaseOutcome:
    """A complete list has shown nothing left: the subnets are free again.

    Raises Refused while a stack still stands, or where nobody looked for what is left (invariant 8).
    """
    require_ended(stacks_of(taken.session, taken.case.system), taken.stage.rule)
    looked = select(ReclaimSearchRow.id).where(ReclaimSearchRow.case_id == taken.case.id)
    if taken.session.scalar(looked) is None:
        raise Refused("尚未在云平台上查验剩余资源，不能完成回收", where=taken.case.number, rule=taken.stage.rule)
    release_subnets(taken.session, taken.case.system)
    return taken.outcome()


def confirm_end(taken: Taken) -> CaseOutcome:
    """Both parties have confirmed: the service has ended on that day, and the ledger closes."""
    end = confirmed(taken, Confirmation.END, specs=())
    taken.case.system.ended_on = end.on
    return taken.outcome(confirmed=end)
