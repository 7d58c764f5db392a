"""The rows of one stack while it is worked on: what the claim's holder knows, shared by the threads of a run.

Only the claim's holder writes them, so the copy in memory is the state. Each change is told here after its commit.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from controller.engine.order import Key
from controller.engine.properties import PropertyMap, holds_secret, wholly_secret
from controller.engine.provider import Fields, Kind, Observation, Unsettled
from controller.engine.state import ResourceState


class Rows:
    """State rows by URN and generation."""

    def __init__(self, states: Iterable[ResourceState]) -> None:
        self._lock = threading.Lock()
        self._rows: dict[Key, ResourceState] = {(one.urn, one.generation): one for one in states}
        self._live: dict[str, ResourceState] = {one.urn: one for one in self._rows.values() if not one.pending_delete}

    @property
    def by_urn(self) -> Mapping[str, ResourceState]:
        """The rows that stand; what waits for its removal is not among them."""
        return MappingProxyType(self._live)

    def live(self, urn: str) -> ResourceState | None:
        """The row of `urn` that stands, None where there is none."""
        with self._lock:
            return self._live.get(urn)

    def before(self, urn: str) -> ResourceState | None:
        """What a registration of `urn` changes or replaces: the row that stands, unless it was only read so far."""
        row = self.live(urn)
        return None if row is None or row.external else row

    def of(self, resource: ResourceState) -> ResourceState | None:
        """The row of that URN and generation as it is now, None where there is none."""
        with self._lock:
            return self._rows.get((resource.urn, resource.generation))

    def standing(self, resource: ResourceState) -> ResourceState | None:
        """The same; None where it is known as missing, too."""
        row = self.of(resource)
        return row if row is not None and not row.missing else None

    def all(self) -> list[ResourceState]:
        """Every row as it is now."""
        with self._lock:
            return list(self._rows.values())

    def apply(self, saves: Collection[ResourceState], removes: Collection[ResourceState]) -> None:
        """Follows what was committed."""
        with self._lock:
            for one in removes:
                self._rows.pop((one.urn, one.generation), None)
                self._forget_live(one)
            for one in saves:
                self._rows[one.urn, one.generation] = one
                if one.pending_delete:
                    self._forget_live(one)
            self._live |= {one.urn: one for one in saves if not one.pending_delete}

    def _forget_live(self, one: ResourceState) -> None:
        live = self._live.get(one.urn)
        if live is not None and live.generation == one.generation:
            del self._live[one.urn]


def taking_over(
    new: ResourceState, prior: ResourceState | None
) -> tuple[Sequence[ResourceState], Sequence[ResourceState]]:
    """Rows to save and to remove when `new` stands: the one before it waits for its removal, or is gone already."""
    if prior is None or prior.generation == new.generation:
        return [new], []
    if prior.missing:
        return [new], [prior]
    return [replace(prior, pending_delete=True), new], []


def seen(target: ResourceState, observation: Observation) -> ResourceState:
    """`target` as `observation` shows it: secret inputs stay secret where the cloud tells them back."""
    secret = {name for name, value in target.inputs.items() if holds_secret(value)} | set(target.secret_outputs)
    outputs = {name: wholly_secret(value) if name in secret else value for name, value in observation.outputs.items()}
    return replace(
        target,
        id=observation.id,
        outputs=outputs,
        observed=observation.fields,
        missing=False,
        unsettled="",
        broken=False,
    )


def not_ready(target: ResourceState, error: Unsettled) -> ResourceState:
    """`target` as it was seen when it did not reach its promised state."""
    return replace(seen(target, error.observation), unsettled=error.message, broken=error.broken)


def really_there(kind: Kind, before: PropertyMap, asked: PropertyMap, shown: Fields) -> PropertyMap:
    """The inputs that a resource has after an update from `before` to `asked` which was not seen to its end.

    Of one that differs it is what was asked for where the cloud shows just that, else the one before: so the rest shows
    as a difference. One that the cloud never shows may have been sent or not: it is left out, and either value differs.
    """
    wanted = kind.desired(asked)
    differing = {name for name in {*before, *asked} if before.get(name) != asked.get(name)}
    taken = {name for name in differing & wanted.keys() & shown.keys() if shown[name] == wanted[name]}
    kept = before.keys() - taken - (differing - wanted.keys() - shown.keys())
    return {name: before[name] for name in kept} | {name: asked[name] for name in taken & asked.keys()}


def gone(target: ResourceState) -> tuple[Sequence[ResourceState], Sequence[ResourceState]]:
    """Rows to save and to remove once `target` is deleted: one that is to be made anew stands on, as missing."""
    return ([], [target]) if target.pending_delete else ([replace(target, missing=True)], [])
