"""`--refresh` of `yunguan program`: what the cloud shows of a stack → told, kept in the state, written for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer

from controller.cli.output import stderr
from controller.domain.errors import WrongUse
from controller.engine.applying.refresh import Seen
from controller.engine.planning.differences import fields_between, shown
from controller.reconcile.guard import Limits
from controller.reconcile.programs import ProgramStack

Refresh = Annotated[bool, typer.Option("--refresh", help="Reads first what the cloud has, resource by resource")]
Gone = Annotated[bool, typer.Option("--gone", help="It is true that nearly all is gone, as --refresh found")]


def refuse_alone(refresh: bool, gone: bool) -> None:
    """Raises WrongUse for a word on what a refresh finds, where there is none."""
    if gone and not refresh:
        raise WrongUse("--gone is about what a refresh finds", remedy="give --refresh, too")


def refreshed(program: ProgramStack, limits: Limits, gone: bool) -> Sequence[Seen]:
    """Reads what the cloud has, tells what is not as it was, and keeps it in the state.

    Raises Refused, and keeps nothing, where more is gone at once than the limits believe, unless a person says that it
    is `gone`.
    """
    seen = program.look()
    tell(seen)
    program.refuse_unlikely(seen, replace(limits, gone=1.0) if gone else limits)
    program.keep(seen)
    return seen


def tell(seen: Sequence[Seen]) -> None:
    """Each resource that is not as it was, field by field, or by its outputs where only those differ."""
    for one in seen:
        what = "is gone" if one.now.missing else "is not as it was known:"
        for line in (f"refresh: {one.now.urn} {what}", *fields_between(one.fields or one.outputs)):
            stderr.print(line, markup=False, highlight=False, soft_wrap=True)


def facts(seen: Sequence[Seen]) -> dict[str, Any]:
    """What a refresh found, for scripts."""
    return {
        "refreshed": [
            {
                "urn": one.now.urn,
                "type": one.now.type,
                "verdict": "missing" if one.now.missing else "changed",
                "fields": shown({name: list(pair) for name, pair in one.fields.items()}),
            }
            for one in seen
        ]
    }
