"""A case as data: versions of a program, what goes wrong with each, and the seed of the schedule. One line of JSON.

A case is drawn by `generate.py`, run by `run.py`, made smaller by `shrink.py`, and kept in `kept.yaml`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from controller.engine.properties import UNKNOWN, Secret
from controller.engine.registration import Options, Registered, Registrar, Registration
from tests.faults.search.cloud import Fault
from tests.faults.search.schema import SCHEMAS

PROJECT = "urn:pulumi:case::project"
COMPONENT = "model:index:System"
SYSTEM = f"{PROJECT}::{COMPONENT}::system"


@dataclass(frozen=True)
class Want:
    """A resource of a program. An input `@name` is the id of another one, `@name.address` an output of it."""

    name: str
    type: str
    inputs: Mapping[str, int | str] = field(default_factory=dict)
    after: Sequence[str] = ()
    protect: bool = False
    retain: bool = False
    delete_first: bool = False
    ignore: Sequence[str] = ()
    alias: str = ""

    @property
    def urn(self) -> str:
        return self._urn(self.name)

    @property
    def former_urns(self) -> Sequence[str]:
        """What it may have been called before."""
        return (self._urn(self.alias),) if self.alias else ()

    @property
    def origins(self) -> Mapping[str, str]:
        """For each input that comes from another resource, its name."""
        return {key: value[1:].partition(".")[0] for key, value in self.inputs.items() if isinstance(value, str)}

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({*self.after, *self.origins.values()})

    def _urn(self, name: str) -> str:
        return f"{PROJECT}::{COMPONENT}${self.type}::{name}"


@dataclass(frozen=True)
class ByHand:
    """Somebody changes or deletes the n-th thing of the cloud, past the controller."""

    thing: int
    deletes: bool


@dataclass(frozen=True)
class Stop:
    """At that turn of the version its worker is killed, told to end, or frozen for so many turns."""

    turn: int
    told: bool = False
    frozen_for: int = 0


@dataclass(frozen=True)
class Version:
    """What the program is from now on, and what happens while it is planned and applied.

    `faults` are by the number of the call since the version began. `repairs`: what a scan finds is put right under a
    rule before. `goes_on`: a failure holds up only what needs the resource. `keeps_data`: the person gives up none.
    `destroys`: all is to go, whatever the program says.
    """

    wants: Sequence[Want]
    faults: Mapping[int, Fault] = field(default_factory=dict)
    stops: Sequence[Stop] = ()
    by_hand: Sequence[ByHand] = ()
    scans: bool = False
    repairs: bool = False
    goes_on: bool = False
    keeps_data: bool = False
    destroys: bool = False


@dataclass(frozen=True)
class Case:
    """Everything that a run depends on."""

    schedule: int
    versions: Sequence[Version]

    def to_line(self) -> str:
        return json.dumps(_compact(asdict(self)), separators=(",", ":"), default=str)

    @classmethod
    def from_line(cls, line: str) -> Case:
        return cls.from_document(json.loads(line))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Case:
        return cls(document["schedule"], tuple(_version(one) for one in document["versions"]))


def without(wants: Sequence[Want], name: str) -> list[Want]:
    """`wants` without that one and all that need it."""
    gone = {name}
    for want in wants:
        if want.needs & gone:
            gone.add(want.name)
    return [want for want in wants if want.name not in gone]


def _compact(document: Any) -> Any:
    """Without what is at its default anyway."""
    if isinstance(document, dict):
        return {
            key: _compact(value)
            for key, value in document.items()
            if value not in ({}, (), False, "") or key == "wants"
        }
    return [_compact(one) for one in document] if isinstance(document, list | tuple) else document


def _version(document: Mapping[str, Any]) -> Version:
    return Version(
        **{
            **document,
            "wants": tuple(
                Want(**{**one, "after": tuple(one.get("after", ())), "ignore": tuple(one.get("ignore", ()))})
                for one in document["wants"]
            ),
            "faults": {int(number): Fault(fault) for number, fault in document.get("faults", {}).items()},
            "stops": tuple(Stop(**one) for one in document.get("stops", ())),
            "by_hand": tuple(ByHand(**one) for one in document.get("by_hand", ())),
        }
    )


class CaseProgram:
    """Registers a component, then each resource once what it needs has been answered. `register_all` has it done."""

    def __init__(
        self, wants: Sequence[Want], register_all: Callable[[CaseProgram, Registrar], None] | None = None
    ) -> None:
        self.wants = wants
        self._register_all = register_all or CaseProgram.one_by_one

    def __call__(self, registrar: Registrar) -> None:
        registrar.register(Registration(SYSTEM, COMPONENT, "system", False, "", {}))
        self._register_all(self, registrar)
        registrar.register_outputs(SYSTEM, {"names": [one.name for one in self.wants]})

    def one_by_one(self, registrar: Registrar) -> None:
        """In the order in which they stand."""
        answers: dict[str, Registered] = {}
        for want in self.wants:
            answers[want.name] = registrar.register(self.registration(want, answers))

    def registration(self, want: Want, answers: Mapping[str, Registered]) -> Registration:
        """What the SDK would send once `answers` has all that `want` needs."""
        urns = {one.name: one.urn for one in self.wants}
        return Registration(
            urn=want.urn,
            type=want.type,
            name=want.name,
            custom=True,
            parent=SYSTEM,
            inputs={key: _value(want, key, answers) for key in want.inputs},
            dependencies=[urns[name] for name in sorted(want.needs)],
            property_dependencies={key: [urns[name]] for key, name in want.origins.items()},
            options=Options(
                protect=want.protect,
                retain_on_delete=want.retain,
                delete_before_replace=want.delete_first or None,
                ignore_changes=want.ignore,
                aliases=want.former_urns,
            ),
        )


def _value(want: Want, key: str, answers: Mapping[str, Registered]) -> Any:
    given = want.inputs[key]
    if isinstance(given, str):
        answer, output = answers[want.origins[key]], given.partition(".")[2]
        return answer.outputs.get(output, UNKNOWN) if output else answer.id
    return Secret(f"password-{given}") if SCHEMAS[want.type].properties[key].write_only else given
