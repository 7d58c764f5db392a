"""Approved specs go into the estate: proposed in the applicant's name, merged by the approval, a commit a decision."""

from __future__ import annotations

from collections.abc import Sequence

from controller.casework.outcome import Merged
from controller.casework.resolve import Resolver, approved_spec, stack_names
from controller.casework.steps import Taken
from controller.domain.demand import Demand
from controller.domain.errors import Failed
from controller.domain.spec import Phase, SystemSpec
from controller.estate.forge import Approval, Change


def merge(taken: Taken, put: Sequence[SystemSpec], remove: Sequence[str] = ()) -> Merged:
    """Merges `put` and takes `remove` out, by the step `taken`. Repeating it after a crash gives the same commit."""
    proposal = taken.ports.forge.propose(
        Change(
            put=put,
            remove=remove,
            author=taken.case.applicant,
            request=taken.case.number,
            rule=taken.stage.rule,
            message=f"{taken.city.procedure(taken.case.procedure).title}：{taken.step.action.title}",
            at=taken.at,
        )
    )
    commit = taken.ports.forge.merge(proposal, Approval(approver=taken.act.actor, rule=taken.stage.rule, at=taken.at))
    return Merged(commit, tuple(put), tuple(remove))


def merge_demand(taken: Taken, phase: Phase) -> Merged:
    """Resolves what the case asks for and merges it as `phase`. Raises Refused where the cloud lacks what it takes."""
    demand = Demand.model_validate(taken.case.demand)
    return merge(taken, Resolver(taken.session, taken.case, taken.city, taken.ports).specs(demand, phase))


def approved(taken: Taken) -> list[SystemSpec]:
    """The specs of the case's system that stand in the estate. Raises Failed where one of its zones has none."""
    names = stack_names(taken.case.system, taken.city, Demand.model_validate(taken.case.demand))
    found = [(name, approved_spec(taken.ports.estate, name)) for name in names]
    if lacking := [name for name, spec in found if spec is None]:
        raise Failed(
            f"规格库中没有已批准的规格：{'、'.join(lacking)}", where=taken.case.number, remedy="请核对规格库的历史"
        )
    return [spec for _, spec in found if spec is not None]
