"""Options that many commands share, and the opened home they work in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tomllib import TOMLDecodeError
from typing import Annotated

import typer
from pydantic import ValidationError

from controller.domain.errors import WrongUse
from controller.domain.validation import wrongs
from controller.settings import Settings
from controller.workplace import Workplace, open_workplace

User = Annotated[str, typer.Option("--as", help="Account that acts", envvar="YUNGUAN_USER", show_default=False)]
Operator = Annotated[str, typer.Option("--as", help="Account that acts", envvar="YUNGUAN_USER")]
"""For what an operator does; its commands take the account `OPERATOR` where none is named."""
OPERATOR = "operator"
Reason = Annotated[str, typer.Option("--reason", help="Why; stands in the timeline and the audit trail")]
CityCode = Annotated[str, typer.Option("--city", help="Code of the city, for example liuzhou", show_default=False)]


def settings() -> Settings:
    """The settings of this call. Raises WrongUse that names the setting, or the file, that is off."""
    try:
        return Settings()
    except TOMLDecodeError as error:
        raise WrongUse(f"yunguan.toml cannot be read: {error}", remedy="see README, Settings") from None
    except ValidationError as error:
        first = wrongs(error)[0]
        name = first.where.replace(".", "_").upper()
        raise WrongUse(f"setting YUNGUAN_{name}: {first.what}", remedy="see README, Settings") from None


def pairs(values: Sequence[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` words as a mapping. Raises WrongUse for a word without "=" or a name that stands twice."""
    found: dict[str, str] = {}
    for value in values:
        name, separator, rest = value.partition("=")
        if not separator or not name or name in found:
            raise WrongUse(f"{option} {value}", remedy="write NAME=VALUE, each name once")
        found[name] = rest
    return found


@contextmanager
def workplace() -> Iterator[Workplace]:
    """The home that the settings name, opened for this command."""
    with open_workplace(settings()) as place:
        yield place
