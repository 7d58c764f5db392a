"""What an approved plan permits when it comes to acting: raises Refused, before any intent, for all that it does not.

Called by `execute.py` and `removing.py`. The rules: nothing that the plan does not say (invariant 1), nothing that
bears data without a person's decision about that very resource (invariant 4), and a repair neither deletes nor replaces
data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from controller.domain.errors import Refused
from controller.engine.order import in_the_way
from controller.engine.plan import Op, Operation, Plan, Purpose
from controller.engine.planning import reading
from controller.engine.planning.planner import Assessment, needs_decision, objection, planned_along, refuse_in_repair
from controller.engine.provider import Change, Provider
from controller.engine.state import ResourceState


class Permits:
    """The permits of one execution: its plan, and the resources (URN, id) that persons gave up."""

    def __init__(self, plan: Plan, given_up: Collection[tuple[str, str]], provider: Provider) -> None:
        self.autoname_seed = plan.autoname_seed
        self._plan = plan
        self._planned = plan.by_urn
        self._given_up = given_up
        self._provider = provider
        self._passed_over = {(one.urn, one.generation) for one in plan.operations if one.passed_over}

    @property
    def imports(self) -> Sequence[Operation]:
        """What the plan takes over by its id."""
        return [one for one in self._plan.operations if one.op is Op.IMPORT]

    def version_of(self, urn: str) -> str:
        """The observed version that the plan rests on."""
        return self._planned[urn].observed_version

    def leave_out(self, urn: str) -> bool:
        """Whether it is not there yet, and not among the plan's targets."""
        return urn in self._plan.left_out

    def pass_over(self, resource: ResourceState) -> bool:
        """Whether it is not among the plan's targets, and stays as it is."""
        return (resource.urn, resource.generation) in self._passed_over

    def ask_anew(self, resource: ResourceState) -> bool:
        """Whether the plan replaces it even if nothing differs."""
        planned = self._planned.get(resource.urn)
        return planned is not None and planned.anew and planned.generation == resource.generation

    def check(self, urn: str, assessment: Assessment, prior: ResourceState | None) -> None:
        """For what a registration would have done to `prior`."""
        op = assessment.decision.op
        _refuse_moved(urn, objection(self._planned.get(urn), assessment))
        if prior is None or not self._bears_data(prior):
            return
        refuse_in_repair(self._plan.purpose, op, urn, data_bearing=True, lost=prior.missing)
        if needs_decision(op, data_bearing=True):
            self._require_decision(prior)

    def check_reading(self, operation: Operation) -> None:
        """For what the program reads, as it is now."""
        _refuse_moved(operation.urn, reading.objection(self._planned.get(operation.urn), operation))

    def taken_along(self, urn: str, prior: ResourceState | None) -> Mapping[str, Change]:
        """Why the plan replaces `prior` along with others, while that still stands."""
        return planned_along(self._planned.get(urn), prior)

    def in_the_way(self, replaced: ResourceState, rows: Iterable[ResourceState]) -> Sequence[ResourceState]:
        """What the plan lets go before `replaced`, where that goes before its successor comes."""
        going = [
            one
            for one in in_the_way(replaced, rows, self._planned)
            if not self.is_undecided(one) and not self.pass_over(one)
        ]
        for one in going:
            if self._bears_data(one):
                self._require_decision(one)
        return going

    def foresee_removal(self, resource: ResourceState) -> bool:
        """Whether it is an old generation, or something that the plan deletes."""
        planned = self._planned.get(resource.urn)
        return resource.pending_delete or (planned is not None and planned.op is Op.DELETE)

    def check_removal(self, resource: ResourceState) -> None:
        """For a row that is to be removed at the end: an old generation may go, others only where the plan says so."""
        if not self.foresee_removal(resource):
            raise Refused(
                "the program no longer registers it, but the plan does not delete it",
                where=resource.urn,
                remedy="make a new plan and have it approved",
            )
        if self._bears_data(resource):
            refuse_in_repair(self._plan.purpose, Op.DELETE, resource.urn, data_bearing=True)
            self._require_decision(resource)

    def is_undecided(self, resource: ResourceState) -> bool:
        """Whether it is a leftover that bears data and waits for a person: a duplicate, or of an earlier execution."""
        return resource.pending_delete and self._bears_data(resource) and not self._may_go(resource)

    def _may_go(self, resource: ResourceState) -> bool:
        return self._plan.purpose is not Purpose.REPAIR and (resource.urn, resource.id) in self._given_up

    def _bears_data(self, resource: ResourceState) -> bool:
        return resource.managed and self._provider.kind(resource.type).data_bearing

    def _require_decision(self, resource: ResourceState) -> None:
        if (resource.urn, resource.id) not in self._given_up:
            raise Refused(
                "it bears data, and no person decided to give up this very resource",
                where=f"{resource.urn} {resource.id}",
                remedy="have a plan of this stack approved that names it among the resources given up",
            )


def _refuse_moved(urn: str, reason: str | None) -> None:
    if reason is not None:
        raise Refused(
            f"the state moved since the plan was approved: {reason}",
            where=urn,
            remedy="make a new plan and have it approved",
        )
