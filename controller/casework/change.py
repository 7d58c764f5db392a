"""A change of a system in service: asked for, approved into a new spec, confirmed by both parties when done, or taken
back to what was approved before it where the cloud does not let it be done.

Rule: LZ-21-6 (approved within 3 working days of the assessment, done within 3 of the approval).
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from controller.casework.casefile.confirming import confirmed, require_carried_out
from controller.casework.casefile.evidence import HandedIn
from controller.casework.casefile.filing import Filing, file_case, in_service, system_of_stack
from controller.casework.casefile.outcome import CaseOutcome, Confirmation
from controller.casework.casefile.steps import Taken
from controller.casework.people import account_of
from controller.casework.ports import Ports
from controller.casework.specifying.inventory import approved_specs, stacks_of
from controller.casework.specifying.merging import approved, merge
from controller.casework.specifying.publishing import specs_before
from controller.casework.specifying.resolve import Resolver, stack_name
from controller.domain.demand import Change, Demand, changed, differences
from controller.domain.errors import Refused
from controller.domain.spec import Phase
from controller.reconcile.desire import end_has_begun
from controller.store.casework import CaseRow

PROCEDURE = "change"


def apply(
    session: Session, system: str, change: Change, ports: Ports, *, actor: str, evidence: tuple[HandedIn, ...] = ()
) -> CaseRow:
    """Files a change of `system` (`city/unit/system`, or the name of one of its stacks).

    Raises Refused where it is not in service, a case is open on it, or the change does not hold together.
    """
    row = system_of_stack(session, system)
    present = in_service(row)
    demand = changed(present, change, lambda owner: account_of(session, owner).account)
    asked = {"changes": [one.model_dump(mode="json") for one in differences(present, demand)]}
    return file_case(
        session,
        Filing(procedure=PROCEDURE, system=row, actor=actor, demand=demand, evidence=evidence, details=asked),
        ports.evidence,
    )


def specify_change(taken: Taken) -> CaseOutcome:
    """The approval: the changed demand is merged; a zone that no machine is left in is taken out."""
    before, after = in_service(taken.case.system), Demand.model_validate(taken.case.demand)
    specs = Resolver(taken.session, taken.case, taken.city, taken.ports).specs(after, Phase.SERVICE)
    left = [zone for zone in before.by_zone() if zone not in after.by_zone()]
    removed = [stack_name(taken.case.system, taken.city.zone(zone)) for zone in left]
    return taken.outcome(merged=merge(taken, specs, removed))


def confirm_change(taken: Taken) -> CaseOutcome:
    """Both parties have confirmed: from that day the ledger counts the new sizes."""
    change = confirmed(taken, Confirmation.CHANGE, approved(taken))
    taken.case.system.demand = taken.case.demand
    return taken.outcome(confirmed=change)


def restore(taken: Taken) -> CaseOutcome:
    """The change is withdrawn after its approval: what was approved before it is approved again, word for word.

    Raises Refused where a zone that the change takes out is being ended already: it would not come back as it was.
    """
    system = taken.case.system
    before, present = specs_before(taken.session, taken.case), approved_specs(taken.session, system)
    stacks = stacks_of(taken.session, system)
    if left := [row.name for row in stacks if row.name in before and end_has_begun(taken.session, row)]:
        raise Refused(
            f"该变更使系统退出 {'、'.join(left)}，其资源已开始回收，不能恢复原状",
            where=taken.case.number,
            remedy="请排除云平台的故障后完成变更，再另行申请变更",
            rule=taken.stage.rule,
        )
    return taken.outcome(merged=merge(taken, list(before.values()), sorted(present.keys() - before.keys())))


def confirm_restored(taken: Taken) -> CaseOutcome:
    """The system stands again as before the change, and what the change had added has ended: no ledger event."""
    require_carried_out(taken)
    return taken.outcome()
