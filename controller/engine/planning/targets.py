"""Which resources a plan is about: `--target`, `--exclude`, `--replace`, by URN or wildcard, as Pulumi reads them.

`preview.py` plans with it. What is not targeted is answered from the state; what of that is not there yet stays so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.domain.errors import Refused, WrongUse
from controller.engine.order import needs
from controller.engine.plan import Op
from controller.engine.planning.planner import Assessment, Decision, refuse_beside
from controller.engine.provider import Kind
from controller.engine.provider_resource import is_provider_type
from controller.engine.registration import Registration
from controller.engine.state import ResourceState


@dataclass(frozen=True)
class Targets:
    """URNs or wildcards: `*` stands for anything but a colon, `**` for anything.

    `only`: these, or all where none is named. `excluded`: not these. `anew`: these are replaced even if nothing
    differs. `with_dependents`: what needs a targeted or excluded one shares its lot.
    """

    only: Sequence[str] = ()
    excluded: Sequence[str] = ()
    anew: Sequence[str] = ()
    with_dependents: bool = False

    @property
    def is_all(self) -> bool:
        """Whether every resource is targeted."""
        return not self.only and not self.excluded

    def replaces(self, urn: str) -> bool:
        """Whether it is to be replaced whatever differs."""
        return _matches(self.anew, urn)

    def refuse_unknown(self, urns: Iterable[str]) -> None:
        """Raises WrongUse for a target that is neither registered nor in the state: most likely a slip."""
        known = list(urns)
        for pattern in (*self.only, *self.excluded, *self.anew):
            if not any(_matches([pattern], urn) for urn in known):
                raise WrongUse(f"no resource is called {pattern}", remedy="name its URN as the plan shows it")


ALL = Targets()


class Targeting:
    """What turned out to be targeted, as resources are told one after the other, what is needed first.

    Whoever shares it holds a lock.
    """

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._chosen: set[str] = set()
        self._absent: set[str] = set()

    def includes(self, resource: Registration | ResourceState) -> bool:
        """Whether the plan is about it. A component or provider always is: it makes no call."""
        urn = resource.urn
        spreads = self._targets.with_dependents and not self._chosen.isdisjoint(needs(resource))
        if self._targets.only:
            chosen = _matches(self._targets.only, urn) or spreads
            included = chosen and not _matches(self._targets.excluded, urn)
        else:
            chosen = _matches(self._targets.excluded, urn) or spreads
            included = not chosen
        if chosen:
            self._chosen.add(urn)
        return included or not makes_calls(resource)

    def leave_out(self, urn: str) -> None:
        """It is not targeted and not there yet: nothing that needs it can be made."""
        self._absent.add(urn)

    def refuse_without(self, registration: Registration) -> None:
        """Raises Refused where it needs what is left out."""
        lacking = sorted(self._absent & needs(registration))
        if lacking and makes_calls(registration):
            raise Refused(
                f"it needs {lacking[0]}, which is not there yet and not among the targets",
                where=registration.urn,
                remedy="name that as a target, too",
            )


def makes_calls(resource: Registration | ResourceState) -> bool:
    """Whether it is neither a component nor a provider."""
    return resource.custom and not is_provider_type(resource.type)


def refuse_orphans(leaving: Iterable[ResourceState], staying: Iterable[ResourceState]) -> None:
    """Raises Refused where what is not targeted needs something that would be deleted."""
    doomed = {one.urn for one in leaving}
    for one in staying:
        for urn in sorted(doomed & needs(one)):
            raise Refused(
                f"cannot be deleted without {one.urn}, which needs it and is not among the targets",
                where=urn,
                remedy="name that as a target, too, or add --target-dependents",
            )


def made_anew(
    registration: Registration, prior: ResourceState | None, kind: Kind, assessment: Assessment
) -> Assessment:
    """`assessment` as a replace, whatever differs. Raises Refused where `prior` is protected."""
    if prior is None or prior.missing or assessment.decision.op not in {Op.SAME, Op.REFRESH, Op.UPDATE}:
        return assessment
    if prior.protect:
        raise Refused(
            "is to be replaced, but is protected", where=registration.urn, remedy="take the protection off first"
        )
    refuse_beside(registration, kind)
    asked = registration.options.delete_before_replace
    first = kind.diff(prior.inputs, prior.observed, assessment.inputs).delete_before_replace if asked is None else asked
    decision = Decision(Op.REPLACE, assessment.decision.diff, delete_before_replace=first)
    return assessment.replacing(decision)


def _matches(patterns: Sequence[str], urn: str) -> bool:
    return any(re.fullmatch(_expression(pattern), urn) for pattern in patterns)


def _expression(pattern: str) -> str:
    """Two stars cross the colons of a URN, one does not."""
    return ".*".join("[^:]*".join(re.escape(word) for word in part.split("*")) for part in pattern.split("**"))
