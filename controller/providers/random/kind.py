"""RandomKind: a value that is drawn once and then stands in the state, and nowhere else.

Each module of this package states what its kind draws. Nothing is made outside: a crash before the result means that
it is drawn again, and there is nothing to find. What a program changes of it draws another one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from controller.domain.errors import Refused
from controller.engine.properties import PropertyMap, Secret, holds_unknown, revealed
from controller.engine.provider import Carrier, Change, Checked, Diff, Failure, Fields, Held, Observation, Page, Scope
from controller.providers import fields as rows
from controller.providers.fields import Field

drawn_from = partial(Field, replaces=True, observed=False)
"""An input of which the value is made, so that another one needs another value."""

KEEPERS = drawn_from("keepers", type=dict)

Plain = Mapping[str, Any]
"""Checked inputs without secrets and unknowns."""


@dataclass(frozen=True)
class Drawn:
    """A value: its id and what a program may read of it, with the secret parts as such.

    `told` are the inputs that the value itself tells, which is what an import is compared by.
    """

    id: str
    outputs: PropertyMap
    told: Fields


class RandomKind(ABC):
    """A kind of pulumi-random. `held` is what the state holds of the resource that the next call is about."""

    token: str
    fields: tuple[Field, ...]
    replace_on: frozenset[str]
    service = ""
    autonamed = False
    carrier = Carrier.STATE
    keeps: frozenset[str] = frozenset()
    data_bearing = False
    lists_changes = False
    imports_secret = False
    attaches: Mapping[str, tuple[str, str]] = {}
    create_timeout = update_timeout = delete_timeout = 60.0

    def __init_subclass__(cls) -> None:
        cls.replace_on = frozenset(row.name for row in getattr(cls, "fields", ()))

    def __init__(self, held: Held | None = None) -> None:
        self._held = held

    def check(self, inputs: PropertyMap) -> Checked:
        """Defaults filled in; every unknown, missing, malformed or contradictory input named."""
        checked = rows.check(self.fields, inputs, {})
        known = {name: revealed(value) for name, value in checked.inputs.items() if not holds_unknown(value)}
        return Checked(checked.inputs, checked.failures or tuple(self.contradictions(known)))

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        """What differs from the inputs that the value was drawn from."""
        return Diff(rows.changes_of_unseen(self.fields, prior, inputs))

    def desired(self, inputs: PropertyMap) -> Fields:
        """The inputs that an imported value must agree with."""
        return {} if holds_unknown(inputs) else self.told(revealed(inputs))

    def create(self, cloud: None, inputs: PropertyMap, identity: str) -> Observation:
        """Draws the value."""
        return _observation(self.draw(revealed(inputs)), inputs)

    def read(self, cloud: None, id: str, inputs: PropertyMap) -> Observation | None:
        """As the state holds it; of an id that no state holds, the value that the id is (an import)."""
        if self._held is not None and self._held.id == id:
            return Observation(id=id, fields=self.desired(inputs), outputs=self._held.outputs)
        return _observation(self.imported(id), inputs)

    def update(self, cloud: None, id: str, inputs: PropertyMap, changes: Mapping[str, Change]) -> Observation:
        """Only looks: whatever changes draws another value."""
        found = self.read(cloud, id, inputs)
        assert found is not None  # noqa: S101  the state holds it, or the id is it
        return found

    def delete(self, cloud: None, id: str, inputs: PropertyMap) -> None:  # noqa: B027 - nothing to do is not abstract
        """Nothing stands outside the state."""

    def find(self, cloud: None, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        """Nothing stands outside the state, so what was not written into it was never made."""
        return ()

    def list(self, cloud: None, scope: Scope) -> Iterator[Page]:
        """Nothing stands outside the state."""
        yield Page((), last=True)

    # What a kind says.

    @abstractmethod
    def draw(self, plain: Plain) -> Drawn:
        """A new value."""

    def told(self, plain: Plain) -> Fields:
        """The inputs among `plain` that the value itself tells."""
        return {}

    def imported(self, id: str) -> Drawn:
        """The value that an import names by `id`. Raises Refused where the text is none."""
        raise Refused("such a value cannot be imported", where=self.token, remedy="let a new one be drawn")

    def contradictions(self, known: Plain) -> Sequence[Failure]:
        """What is wrong with inputs that are well-formed each by itself, of those that are known."""
        return ()


def no_value(id: str, token: str, form: str) -> Refused:
    """What is raised for an id that is not of the form that an import needs."""
    return Refused(f"{id!r} is no value to import", where=token, remedy=f"write it as {form}")


def at_least_one(known: Plain, name: str) -> Sequence[Failure]:
    """The failure of a number that must be 1 or more."""
    return (Failure(name, "must be at least 1"),) if known.get(name, 1) < 1 else ()


def _observation(drawn: Drawn, inputs: PropertyMap) -> Observation:
    secret = {name for name, value in inputs.items() if isinstance(value, Secret)}
    told = {name: value for name, value in drawn.told.items() if name not in secret}
    return Observation(id=drawn.id, fields=told, outputs={**inputs, **drawn.outputs})
