"""`yunguan kinds`: what a program may make here, and what each kind takes, from the kinds' tables; asks no cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from controller.cli.output import Format, Output, print_document, print_rows, print_text
from controller.domain.errors import WrongUse
from controller.providers.fields import UNSET, Field
from controller.providers.openstack.unsupported import unsupported_inputs
from controller.providers.registry import KINDS, RANDOM_KINDS

Token = Annotated[str, typer.Argument(metavar="TYPE", help="A kind's type, or its last word, such as Instance")]

_TYPES = {str: "text", int: "number", bool: "true or false", list: "list", dict: "object"}


@dataclass(frozen=True)
class Input:
    """What a program may set: `default` is None where the cloud chooses or nothing is set."""

    name: str
    type: str
    required: bool
    default: Any
    replaces: bool
    values: Sequence[str]


@dataclass(frozen=True)
class Described:
    """A kind: `shows` may be read beyond the inputs, `refused` says why not of inputs that only Pulumi's SDK knows."""

    type: str
    data_bearing: bool
    inputs: Sequence[Input]
    shows: Sequence[str]
    refused: Mapping[str, str]


def kinds(token: Token = "", output: Output = Format.TABLE) -> None:
    """The resources that a program may make here; with TYPE, what one of them takes."""
    found = [one for one in _all() if token in ("", one.type, one.type.rpartition(":")[2])]
    if not found:
        raise WrongUse(f"there is no kind {token}", remedy="yunguan kinds lists all")
    if output is not Format.TABLE:
        print_document([asdict(one) for one in found], output)
    elif token:
        _print_one(found[0])
    else:
        rows = [{"type": one.type, "needs": [row.name for row in one.inputs if row.required]} for one in found]
        print_rows(rows, {"type": "TYPE", "needs": "MUST BE SET"}, output)


def _all() -> Iterator[Described]:
    for kind in KINDS:
        shows, refused = [row.name for row in kind.shows], unsupported_inputs(kind.token)
        yield Described(kind.token, kind.data_bearing, _inputs(kind.fields), shows, refused)
    for drawn in RANDOM_KINDS:
        yield Described(drawn.token, drawn.data_bearing, _inputs(drawn.fields), (), {})


def _inputs(fields: Sequence[Field]) -> list[Input]:
    """A name need not be given: the engine makes one."""
    return [
        Input(
            name=row.name,
            type=_type(row),
            required=row.required and row.name != "name",
            default=None if row.default is UNSET else row.default,
            replaces=row.replaces,
            values=row.choices,
        )
        for row in fields
    ]


def _type(row: Field) -> str:
    return f"{_TYPES[row.type]} of {', '.join(row.members)}" if row.members else _TYPES[row.type]


def _print_one(one: Described) -> None:
    rows = [
        {
            "name": row.name,
            "type": row.type,
            "required": "must be set" if row.required else "",
            "default": "" if row.default is None else json.dumps(row.default),
            "change": "replaces" if row.replaces else "in place",
            "values": row.values,
        }
        for row in one.inputs
    ]
    columns = {"name": "INPUT", "type": "TYPE", "required": "", "default": "DEFAULT", "change": "A CHANGE"}
    print_rows(rows, columns | {"values": "ONE OF"}, Format.TABLE)
    if one.shows:
        print_text(f"\nmay be read, too: {', '.join(one.shows)}")
    if one.refused:
        print_text("\nnot offered:")
        for name, why in one.refused.items():
            print_text(f"  {name}: {why}")
