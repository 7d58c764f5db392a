"""Observation against state, field by field: a pure comparison that changes nothing and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from controller.engine.properties import PropertyValue
from controller.engine.provider import Fields

Difference = tuple[PropertyValue, PropertyValue]
"""Of a managed field: what it shall be, and what it is."""
Differences = Mapping[str, Difference]


class Verdict(StrEnum):
    """What a scan says of one resource. missing needs a complete list and a 404 on a read of its own."""

    SAME = "same"
    CHANGED = "changed"
    MISSING = "missing"
    ORPHAN = "orphan"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One resource that is not as it shall be.

    `fields` holds what differs of a changed one, and what differed before and was put back by hand (both values are
    then equal); it is empty for one that was missing before and is there again.
    `version` is that of the row when it was compared: a row that has another one now was worked on since. `urn` is ""
    for an orphan; an orphan whose `owner_urn` is set was made by hand inside a resource of ours. `identity` is what an
    orphan carries of ours. It lies at the place `cloud`, in the project of the id `project` ("" where nothing tells).
    """

    verdict: Verdict
    type: str
    id: str
    name: str = ""
    stack_id: int | None = None
    urn: str = ""
    resource_id: int | None = None
    version: str = ""
    owner_urn: str = ""
    identity: str = ""
    cloud: str = ""
    project: str = ""
    fields: Differences = field(default_factory=dict)

    @property
    def line(self) -> str:
        """Its URN and id, as a person is asked about it."""
        return f"{self.urn} {self.id}"


def differences(desired: Fields, observed: Fields) -> dict[str, Difference]:
    """The managed fields that are not as desired: what each shall be, and what it is."""
    return {key: (value, observed.get(key)) for key, value in desired.items() if observed.get(key) != value}


def put_back(desired: Fields, known: Fields, observed: Fields) -> dict[str, Difference]:
    """The managed fields that are as desired, though they are known to be otherwise."""
    return {
        key: (value, value)
        for key, value in desired.items()
        if observed.get(key) == value and known.get(key, value) != value
    }
