"""What the cloud shows of a stack's resources now: state → what differs from it, read resource by resource.

Called by `yunguan program … --refresh` before a plan is made. `look` changes nothing; `keep` writes what was seen, so
that the plan rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from controller import audit
from controller.domain.errors import Refused
from controller.engine import storage
from controller.engine.applying import fence
from controller.engine.applying.means import Means
from controller.engine.applying.rows import seen
from controller.engine.properties import PropertyMap, PropertyValue, Secret, holds_secret
from controller.engine.provider import Kind, Observation, Scope
from controller.engine.state import ResourceState

READS_AT_ONCE = 16
ACTOR = "engine"


@dataclass(frozen=True)
class Seen:
    """A resource that is not as the state had it."""

    before: ResourceState
    now: ResourceState

    @property
    def fields(self) -> Mapping[str, tuple[PropertyValue, PropertyValue]]:
        """Managed fields that differ: as they were known, as they are. None of them where it is gone."""
        secret = {name for name, value in self.before.inputs.items() if holds_secret(value)}
        return {
            name: (Secret(old), Secret(new)) if name in secret else (old, new)
            for name, (old, new) in _differing(self.before.observed, self.now.observed).items()
        }

    @property
    def outputs(self) -> Mapping[str, tuple[PropertyValue, PropertyValue]]:
        """The same of all that a program may read."""
        return _differing(self.before.outputs, self.now.outputs)


def _differing(before: PropertyMap, now: PropertyMap) -> Mapping[str, tuple[PropertyValue, PropertyValue]]:
    names = (name for name in sorted({*before, *now}) if before.get(name) != now.get(name))
    return {name: (before.get(name), now.get(name)) for name in names}


def look(means: Means, states: Iterable[ResourceState]) -> Sequence[Seen]:
    """Reads each resource that stands, several at once, and tells those that are not as `states` has them.

    Gone is only what a read of its own does not find and a complete list does not have. Raises Incomplete, and what
    else the cloud answers, where one cannot be read.
    """
    standing = [one for one in states if stands(one)]
    with means.threads.pool(READS_AT_ONCE) as pool:
        looked = list(pool.map(lambda state: _look(means, state), standing))
    return [Seen(before, now) for before, now in zip(standing, looked, strict=True) if now != before]


def stands(state: ResourceState) -> bool:
    """Whether the cloud has it, as far as is known."""
    return state.managed and state.id != "" and not state.pending_delete and not state.missing


def keep(means: Means, stack_id: int, changes: Sequence[Seen]) -> None:
    """Writes what was seen into the state, with an entry in the audit trail. Nothing where nothing differs.

    Raises Refused, and writes nothing, where one of them was worked on since it was read.
    """
    if not changes:
        return
    with means.sessions.begin() as session:
        held = fence.claim(session, stack_id)
        known = {(one.urn, one.generation): one for one in storage.load_state(session, stack_id, means.vault)}
        moved = [one.before.urn for one in changes if known.get((one.before.urn, one.before.generation)) != one.before]
        if moved:
            raise Refused(
                f"{moved[0]} was worked on since it was read", where=held.stack, remedy="run it again: it is read anew"
            )
        storage.save(session, stack_id, [one.now for one in changes], means.vault)
        audit.record(
            session,
            actor=ACTOR,
            action="stack.refreshed",
            target=held.stack,
            details={
                "changed": sorted(one.now.urn for one in changes if not one.now.missing),
                "missing": sorted(one.now.urn for one in changes if one.now.missing),
            },
        )


def _look(means: Means, state: ResourceState) -> ResourceState:
    kind = means.provider.kind(state.type, state)
    cloud = means.connection(state, kind)
    observation = kind.read(cloud, state.id, state.inputs)
    if observation is not None:
        return replace(seen(state, observation), unsettled=state.unsettled, broken=state.broken)
    return state if kind.service and _is_listed(kind, cloud, state) else replace(state, missing=True)


def _is_listed(kind: Kind, cloud: Any, state: ResourceState) -> bool:
    """Whether a complete list has it: by its identity, or among all of its kind where it was adopted without one."""
    if state.identity:
        found: Iterable[Observation] = kind.find(cloud, state.identity, state.inputs)
    else:
        found = (item for page in kind.list(cloud, Scope()) for item in page.items)
    return any(one.id == state.id for one in found)
