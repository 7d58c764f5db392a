"""The inputs of a kind, each a Field: how it is called on both sides, what it may hold, and what its change does.

A kind's module lists them; `openstack/shape.py` and `random/` check and compare by these rows. Everything here is pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from controller.engine.properties import (
    PropertyMap,
    PropertyValue,
    holds_secret,
    holds_unknown,
    revealed,
    wholly_secret,
)
from controller.engine.provider import Change, Checked, Failure, Fields


class _Unset(Enum):
    TOKEN = "unset"  # noqa: S105  no secret


UNSET: Final = _Unset.TOKEN
"""The default of a field that is not managed unless the program sets it."""


def unchanged(value: PropertyValue) -> PropertyValue:
    """The normal form of a value that has one form only."""
    return value


def unordered(value: PropertyValue) -> PropertyValue:
    """The normal form of a list whose order means nothing."""
    return sorted(value, key=str)


def stripped(value: PropertyValue) -> PropertyValue:
    """The normal form of a text whose surrounding white space means nothing."""
    return str(value).strip()


@dataclass(frozen=True)
class Field:
    """One input of a kind.

    name       Pulumi's wire name (camelCase)
    api        the name in the API's body; the snake_case of `name` where it is not given
    type       of the value; numbers that are whole count as int
    required   the program must set it
    default    what holds where the program is silent; UNSET leaves it to the cloud and unmanaged
    replaces   a change needs a new resource
    observed   the cloud shows it; otherwise a change is seen only between the last applied inputs and the new ones
    patched    a change goes into the kind's ordinary update request; otherwise the kind's `amend` sees to it
    choices    the only values it may have
    longest    of a text, in characters
    members    of an object or a list of objects: their wire names and the API's
    normal     one form for values that mean the same
    """

    name: str
    api: str = ""
    type: type = str
    required: bool = False
    default: PropertyValue = UNSET
    replaces: bool = False
    observed: bool = True
    patched: bool = True
    choices: Sequence[str] = ()
    longest: int = 0
    members: Mapping[str, str] = field(default_factory=dict)
    normal: Callable[[PropertyValue], PropertyValue] = unchanged

    def __post_init__(self) -> None:
        if not self.api:
            object.__setattr__(self, "api", snake_case(self.name))

    def failure(self, value: PropertyValue) -> str:
        """What is wrong with an input's value, "" for nothing. A value that is still unknown passes."""
        if self.observed and holds_secret(value):
            return "is secret, or holds what is, but the cloud shows it to everyone who may list: it must not be"
        value = revealed(value)
        if holds_unknown(value):
            return ""
        if not _is_a(value, self.type):
            return f"must be {_TYPE_NAMES[self.type]}"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}, not {value!r}"
        if self.longest and len(value) > self.longest:
            return f"is longer than {self.longest} characters"
        return self._wrong_member(value)

    def wanted(self, inputs: PropertyMap) -> PropertyValue:
        """The managed value that `inputs` ask for, UNSET where they leave it to the cloud."""
        value = inputs.get(self.name)
        if value is None:
            return self.default
        return value if holds_unknown(value) else self.normal(revealed(value))

    def from_api(self, value: Any) -> PropertyValue:
        """The managed value for what the cloud shows."""
        if value is None:
            return None if self.default is UNSET else self.default
        if self.members:
            value = self._renamed(value, {theirs: ours for ours, theirs in self.members.items()})
        return self.normal(value)

    def to_api(self, value: PropertyValue) -> Any:
        """The value for the API's body."""
        return self._renamed(value, self.members) if self.members else value

    def _renamed(self, value: Any, names: Mapping[str, str]) -> Any:
        entries = [value] if self.type is dict else value
        renamed = [{names[key]: item for key, item in entry.items() if key in names} for entry in entries]
        return renamed[0] if self.type is dict else renamed

    def _wrong_member(self, value: PropertyValue) -> str:
        if not self.members:
            return ""
        for entry in [value] if self.type is dict else value:
            if not isinstance(entry, Mapping):
                return "must hold objects"
            strange = sorted(set(entry) - set(self.members))
            if strange:
                return f"has no member {', '.join(strange)} (known: {', '.join(sorted(self.members))})"
        return ""


_TYPE_NAMES: Final[Mapping[type, str]] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def snake_case(name: str) -> str:
    """`adminStateUp` → `admin_state_up`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def check(fields: Sequence[Field], inputs: PropertyMap, unsupported: Mapping[str, str]) -> Checked:
    """Defaults filled in, whole numbers made int; every unknown, missing or malformed input named.

    A value that holds a secret is secret as a whole: what is kept and shown of it goes by the name of the input.

    `unsupported` says of inputs that the SDK knows why they are not offered.
    """
    known = {row.name: row for row in fields}
    filled: dict[str, PropertyValue] = {}
    failures: list[Failure] = []
    for name, value in inputs.items():
        if value is None:
            continue
        if name not in known:
            failures.append(Failure(name, _strange(name, known, unsupported)))
            continue
        filled[name] = wholly_secret(_whole(value)) if holds_secret(value) else _whole(value)
        reason = known[name].failure(filled[name])
        if reason:
            failures.append(Failure(name, reason))
    for row in fields:
        if row.name in filled:
            continue
        if row.required:
            failures.append(Failure(row.name, "is required"))
        elif row.default is not UNSET and row.default is not None:
            filled[row.name] = row.default
    return Checked(filled, tuple(failures))


def _strange(name: str, known: Iterable[str], unsupported: Mapping[str, str]) -> str:
    if name in unsupported:
        return f"is not supported: {unsupported[name]}"
    return f"is no input of this resource (known: {', '.join(sorted(known))})"


def desired(fields: Iterable[Field], inputs: PropertyMap) -> dict[str, PropertyValue]:
    """The managed fields that an observation must equal."""
    wanted = {row.name: row.wanted(inputs) for row in fields if row.observed}
    return {name: value for name, value in wanted.items() if value is not UNSET}


def changes_of_unseen(fields: Iterable[Field], prior: PropertyMap, inputs: PropertyMap) -> dict[str, Change]:
    """Changes of the inputs that the cloud does not show."""
    changes = {}
    for row in fields:
        old, new = prior.get(row.name), inputs.get(row.name)
        if not row.observed and old != new:
            changes[row.name] = Change(old, new, row.replaces)
    return changes


def changes_of_seen(was: Fields, wanted: Fields, replace_on: frozenset[str]) -> dict[str, Change]:
    """Changes between managed fields as they are and as they shall be."""
    return {
        name: Change(was.get(name), value, name in replace_on)
        for name, value in wanted.items()
        if was.get(name) != value or holds_unknown(value)
    }


def to_api(fields: Iterable[Field], plain: PropertyMap) -> dict[str, Any]:
    """The part of a body that `fields` make, of revealed inputs."""
    return {row.api: row.to_api(plain[row.name]) for row in fields if plain.get(row.name) is not None}


def from_api(fields: Iterable[Field], body: Mapping[str, Any]) -> dict[str, PropertyValue]:
    """The managed fields that `body` shows."""
    return {row.name: row.from_api(body[row.api]) for row in fields if row.observed and row.api in body}


def _is_a(value: PropertyValue, wanted: type) -> bool:
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if wanted is list:
        return isinstance(value, list | tuple)
    if wanted is dict:
        return isinstance(value, Mapping)
    return isinstance(value, wanted)


def _whole(value: PropertyValue) -> PropertyValue:
    """Numbers come through the protocol as floating point; those that are whole are meant as int."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return value
