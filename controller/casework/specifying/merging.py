"""Approved specs are proposed to the estate in the applicant's name, and booked to be published there after the commit.

The step's own transaction makes them count (`consequences`); `publishing` then brings the estate's main branch to them.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.casework.casefile.outcome import Merged
from controller.casework.casefile.steps import Taken
from controller.casework.specifying.inventory import approved_specs
from controller.casework.specifying.publishing import book
from controller.casework.specifying.resolve import Resolver
from controller.domain.demand import Demand
from controller.domain.errors import Failed
from controller.domain.spec import Phase, SystemSpec
from controller.estate.forge import Proposal


def merge(taken: Taken, put: Sequence[SystemSpec], remove: Sequence[str] = ()) -> Merged:
    """Approves `put` and takes `remove` out, by the step `taken`; rolled back, it leaves only an unused branch."""
    proposal = Proposal(
        put=tuple(put),
        remove=tuple(remove),
        author=taken.case.applicant,
        request=taken.case.number,
        rule=taken.stage.rule,
        message=f"{taken.city.procedure(taken.case.procedure).title}：{taken.step.action.title}",
        at=taken.at,
    )
    commit = taken.ports.forge.propose(proposal).commit
    book(taken.session, taken.case.id, proposal, approver=taken.act.actor, commit=commit)
    return Merged(commit, proposal.put, proposal.remove)


def merge_demand(taken: Taken, phase: Phase) -> Merged:
    """Resolves what the case asks for and merges it as `phase`. Raises Refused where the cloud lacks what it takes."""
    demand = Demand.model_validate(taken.case.demand)
    return merge(taken, Resolver(taken.session, taken.case, taken.city, taken.ports).specs(demand, phase))


def approved(taken: Taken) -> list[SystemSpec]:
    """The specs that are approved for the case's system. Raises Failed where there is none."""
    specs = list(approved_specs(taken.session, taken.case.system).values())
    if not specs:
        raise Failed("该系统没有已批准的规格", where=taken.case.number, remedy="请核对 yunguan stack list")
    return specs
