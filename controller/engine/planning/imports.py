"""What a program takes over by its id (`import_`): read, compared, and refused where it is not as the program says.

`planner.py` compares it with what stands under that name. `preview.py` asks while planning, so that nothing is begun
where one of them is refused; `execute.py` asks again before anything is done, and `steps.py` when it is taken over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.domain.errors import Refused
from controller.engine.plan import Operation
from controller.engine.planning.differences import id_in_line, in_line, printable
from controller.engine.properties import PropertyMap, PropertyValue, Secret, holds_secret, holds_unknown, revealed
from controller.engine.provider import Kind, Observation
from controller.engine.registration import Registration
from controller.engine.state import Holding, ResourceState


@dataclass(frozen=True)
class Import:
    """What the resource `urn` is to take over by `id`, and the inputs that the program says it has."""

    urn: str
    type: str
    id: PropertyValue
    cloud: str
    inputs: PropertyMap

    @classmethod
    def planned(cls, operation: Operation) -> Import:
        """The import that a plan foretells."""
        return cls(operation.urn, operation.type, operation.import_id, operation.cloud, operation.inputs)

    @classmethod
    def of(cls, target: ResourceState) -> Import:
        """The import that leads to the row `target`."""
        return cls(target.urn, target.type, target.import_id, target.cloud, target.inputs)

    @property
    def holding(self) -> Holding:
        """What it is on the cloud."""
        return Holding(self.type, str(revealed(self.id)), self.cloud)


def import_id(id: str, kind: Kind) -> PropertyValue:
    """The id that a program imports one of this kind by, secret where that tells a secret; "" for none."""
    return Secret(id) if id and kind.imports_secret else id


def refuse_for_component(registration: Registration) -> None:
    """Raises Refused where what has no id of its own is to be imported by one."""
    if registration.options.import_id:
        raise Refused(
            "a component has no id to be imported by", where=registration.urn, remedy="import what it is made of"
        )


def refuse_another(urn: str, wanted: PropertyValue, prior: ResourceState | None) -> None:
    """Raises Refused where the program imports another thing than the one that stands in the state under that name.

    What was replaced since it was imported has another id than that by which it was.
    """
    if not wanted or prior is None or prior.missing or wanted in (prior.id, prior.import_id):
        return
    raise Refused(
        f"what has this name is {printable(prior.id)}, and the program imports {id_in_line(wanted)}",
        where=urn,
        remedy="take import_ out to keep what it is; to import the other one, give that a name of its own",
    )


def look(wanted: Import, kind: Kind, cloud: Any) -> Observation:
    """What is there, which is as the program says. `cloud` is the connection, None for a kind that acts on none.

    Raises Refused where nothing is there, where something differs, and where that cannot be told yet; Incomplete where
    nobody answers.
    """
    desired, id = kind.desired(wanted.inputs), id_in_line(wanted.id)
    if waiting := sorted(name for name, value in desired.items() if holds_unknown(value)):
        raise Refused(
            f"what is imported has to be as the program says, and that is not known yet of {', '.join(waiting)}",
            where=wanted.urn,
            remedy="write the values that it has; refer to what is still to be made once it is imported",
        )
    found = kind.read(cloud, wanted.holding.id, wanted.inputs)
    if found is None:
        raise Refused(
            f"there is no {wanted.type} with the id {id} to import",
            where=wanted.urn,
            remedy="correct the id that the program imports",
        )
    if kind.service and found.id != wanted.holding.id:
        raise Refused(
            f"what is found by the id {id} has the id {printable(found.id)}",
            where=wanted.urn,
            remedy="write the id as the cloud does: another spelling could be taken for another resource",
        )
    if differing := [name for name in sorted(desired) if found.fields.get(name) != desired[name]]:
        told = (_difference(name, desired[name], found.fields.get(name), wanted.inputs) for name in differing)
        raise Refused(
            f"what has the id {id} is not as the program says: {'; '.join(told)}",
            where=wanted.urn,
            remedy="write the program as it is; change it once it is imported",
        )
    return found


def refuse_moved(wanted: Import, found: Observation, version: str) -> None:
    """Raises Refused where what was `found` is not of the `version` that the approved plan rests on."""
    if found.version != version:
        raise Refused(
            f"what has the id {id_in_line(wanted.id)} is not as it was when the plan was made",
            where=wanted.urn,
            remedy="make a new plan and have it approved",
        )


def refuse_held_here(wanted: Import, held: Mapping[Holding, str]) -> None:
    """Raises Refused where the stack has it already under another URN; `held` are the URNs of what it has."""
    holder = held.get(wanted.holding, wanted.urn)
    if wanted.cloud and holder != wanted.urn:
        raise Refused(
            f"what has the id {id_in_line(wanted.id)} is {holder} of this stack already",
            where=wanted.urn,
            remedy="give it that one's name, or an alias where it was renamed",
        )


def _difference(name: str, wanted: PropertyValue, found: PropertyValue, inputs: PropertyMap) -> str:
    if holds_secret(inputs.get(name)):
        wanted, found = Secret(wanted), Secret(found)
    return f"{name} is {in_line(found)}, and the program says {in_line(wanted)}"
