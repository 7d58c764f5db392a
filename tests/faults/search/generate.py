"""A seed → a case: a program of 1 to 10 resources, changed a few times, with faults, stops and hands in between.

Most cases are small, since what is wrong with the engine mostly shows with few resources, and small ones are quick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from tests.faults.search.case import ByHand, Case, Stop, Version, Want, without
from tests.faults.search.cloud import Fault
from tests.faults.search.schema import ATTACHMENT, DISK, KEY, NETWORK, SCHEMAS, SERVER, SUBNET

TYPES = (NETWORK, NETWORK, SUBNET, DISK, DISK, SERVER, SERVER, ATTACHMENT, KEY)
SIZES = (1, 2, 2, 3, 3, 4, 4, 5, 6, 10)


def case_of(seed: int) -> Case:
    """The case of that seed."""
    draw = Random(seed)  # noqa: S311
    wants = _program(draw)
    versions = [_version(draw, wants)]
    for _ in range(draw.choice((0, 1, 1, 2, 3))):
        wants = _changed(draw, wants)
        versions.append(_version(draw, wants))
    if draw.random() < 0.15:
        versions.append(replace(_version(draw, wants), destroys=True))
    return Case(seed, tuple(versions))


def _program(draw: Random) -> tuple[Want, ...]:
    wants: list[Want] = []
    for _ in range(draw.choice(SIZES)):
        want = _resource(draw, wants)
        if want is not None:
            wants.append(want)
    return tuple(wants) or (Want("network1", NETWORK, {"cidr": 0, "label": 0}),)


def _resource(draw: Random, wants: Sequence[Want]) -> Want | None:
    """A new resource that can stand behind `wants`; None where what it needs is not there."""
    type_ = draw.choice(TYPES)
    used = {name for one in wants for name in (one.name, one.alias)}
    stem = type_.rpartition(":")[2].lower()
    name = next(name for number in range(1, 100) if (name := f"{stem}{number}") not in used)
    inputs: dict[str, int | str] = {}
    for key, one in SCHEMAS[type_].properties.items():
        if one.of:
            candidates = [want.name for want in wants if want.type == one.of]
            if not candidates:
                return None
            inputs[key] = f"@{draw.choice(candidates)}"
        elif key in SCHEMAS[type_].key:
            inputs[key] = int(name.removeprefix(stem))
        elif key == "label" and wants and draw.random() < 0.3:
            inputs[key] = f"@{draw.choice(wants).name}.address"
        else:
            inputs[key] = draw.randrange(2)
    taken = [{key: want.inputs[key] for key in SCHEMAS[type_].key} for want in wants if want.type == type_]
    if SCHEMAS[type_].key and {key: inputs[key] for key in SCHEMAS[type_].key} in taken:
        return None
    return _with_options(draw, Want(name, type_, inputs), wants)


def _with_options(draw: Random, want: Want, wants: Sequence[Want]) -> Want:
    free = SCHEMAS[want.type].plain
    uses = any(one.of for one in SCHEMAS[want.type].properties.values())
    stands_in_the_way = uses or SCHEMAS[want.type].key  # of what it uses, or of one that is made anew
    return replace(
        want,
        after=(draw.choice(wants).name,) if wants and draw.random() < 0.15 else (),
        protect=draw.random() < 0.03,
        retain=not stands_in_the_way and draw.random() < 0.05,
        delete_first=draw.random() < 0.15,
        ignore=(draw.choice(free),) if free and draw.random() < 0.08 else (),
    )


def _changed(draw: Random, wants: tuple[Want, ...]) -> tuple[Want, ...]:
    """The next version: values change, resources come and go, one gets another name, options change."""
    changed = list(wants)
    for _ in range(draw.choice((0, 1, 1, 2, 3))):
        match draw.choice(("value", "value", "value", "add", "remove", "rename", "options")):
            case "value" if changed:
                at = draw.randrange(len(changed))
                changed[at] = _other_value(draw, changed[at])
            case "add":
                new = _resource(draw, changed)
                if new is not None:
                    changed.append(new)
            case "remove" if changed:
                gone = draw.choice(changed).name
                changed = without(changed, gone)
            case "rename" if changed:
                at = draw.randrange(len(changed))
                is_free = f"{changed[at].name}x" not in {one.name for one in changed}
                if is_free and not SCHEMAS[changed[at].type].key:
                    changed = _renamed(changed, changed[at].name, draw.choice(("", changed[at].name)))
            case "options" if changed:
                at = draw.randrange(len(changed))
                changed[at] = _with_options(draw, changed[at], changed[:at])
    return tuple(changed)


def _other_value(draw: Random, want: Want) -> Want:
    plain = [key for key, value in want.inputs.items() if isinstance(value, int) and key not in SCHEMAS[want.type].key]
    if not plain:
        return want
    key = draw.choice(plain)
    return replace(want, inputs={**want.inputs, key: 1 - int(want.inputs[key])})


def _renamed(wants: Sequence[Want], old: str, alias: str) -> list[Want]:
    """`wants` with that one called otherwise: known again by its `alias`, or another one where that is ""."""
    new = f"{old}x"

    def rename(value: int | str) -> int | str:
        if not isinstance(value, str):
            return value
        name, dot, output = value[1:].partition(".")
        return f"@{new if name == old else name}{dot}{output}"

    return [
        replace(
            want,
            name=new if want.name == old else want.name,
            alias=alias if want.name == old else want.alias,
            inputs={key: rename(value) for key, value in want.inputs.items()},
            after=tuple(new if name == old else name for name in want.after),
        )
        for want in wants
    ]


def _version(draw: Random, wants: tuple[Want, ...]) -> Version:
    return Version(
        wants=wants,
        faults=_faults(draw, len(wants)),
        stops=_stops(draw, len(wants)),
        by_hand=tuple(
            ByHand(draw.randrange(10), deletes=draw.random() < 0.5) for _ in range(draw.choice((0, 0, 0, 0, 1, 2)))
        ),
        scans=draw.random() < 0.3,
        repairs=draw.random() < 0.15,
        goes_on=draw.random() < 0.3,
        keeps_data=draw.random() < 0.1,
    )


def _faults(draw: Random, size: int) -> Mapping[int, Fault]:
    """None at all in a third of the versions, else now and then or often; some are followed by silence."""
    share = draw.choice((0.0, 0.1, 0.4))
    faults = {number: draw.choice(list(Fault)) for number in range(1, 4 * size + 4) if draw.random() < share}
    for number in list(faults):
        if draw.random() < 0.2:
            faults |= dict.fromkeys(range(number + 1, number + 3), Fault.NO_ANSWER)
    return faults


def _stops(draw: Random, size: int) -> Sequence[Stop]:
    count = draw.choice((0, 1, 1, 2))
    turns = sorted(draw.randrange(1, 20 * size + 10) for _ in range(count))
    ways = ({}, {}, {"told": True}, {"frozen_for": 5}, {"frozen_for": 20}, {"frozen_for": 100}, {"frozen_for": 10_000})
    return tuple(Stop(turn, **draw.choice(ways)) for turn in turns)
