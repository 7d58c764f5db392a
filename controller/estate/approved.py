"""Approved specs in and out of the estate, one call a decision: what casework asks of it.

The approval is the merge, so proposal and merge are made together here; a forge where people look at the proposal
first calls the two by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from controller.domain.spec import SystemSpec
from controller.estate.forge import Approval, Change, Forge
from controller.estate.repository import Estate


class ApprovedSpecs:
    """Writes by way of `forge`, reads from `estate`; `now` is the domain clock (aware)."""

    def __init__(self, estate: Estate, forge: Forge, now: Callable[[], datetime]) -> None:
        self._estate = estate
        self._forge = forge
        self._now = now

    def merge_spec(self, spec: SystemSpec, *, author: str, request: str, rule: str) -> str:
        """Puts the spec, approved by `author` (account id) for `request` under `rule`; returns the commit.

        A spec that stands there already returns the commit that put it.
        """
        name, meta = spec.stack_name, spec.metadata
        if self.read_spec(name) == spec:
            return next(self._estate.history(name)).commit
        message = f"{meta.system_name}（{meta.zone_name}）：{spec.phase.value}, {spec.power.value}"
        change = Change(put=(spec,), author=author, request=request, rule=rule, message=message, at=self._now())
        return self._merge(change)

    def read_spec(self, stack_name: str) -> SystemSpec | None:
        """The spec as it is approved now; None where there is none."""
        return self._estate.read(stack_name) if stack_name in self._estate else None

    def remove_spec(self, stack_name: str, *, author: str, request: str, rule: str) -> str:
        """Takes the file out: the stack shall cease to exist. One that is gone returns the commit that removed it."""
        if stack_name not in self._estate:
            return next(self._estate.history(stack_name)).commit
        change = Change(
            put=(),
            remove=(stack_name,),
            author=author,
            request=request,
            rule=rule,
            message=f"Remove {stack_name}",
            at=self._now(),
        )
        return self._merge(change)

    def _merge(self, change: Change) -> str:
        approval = Approval(approver=change.author, rule=change.rule, at=change.at)
        return self._forge.merge(self._forge.propose(change), approval)
