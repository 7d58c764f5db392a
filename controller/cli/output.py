"""How commands print: a table for people, one JSON or YAML document for scripts, messages and progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from controller.domain.calendar import minute_of

WIDTH_OF_A_FILE = 160
"""Columns of output that does not go to a terminal."""

stdout = Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE)
stderr = Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH_OF_A_FILE)


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Output = Annotated[Format, typer.Option("-o", "--output", help="table for people, json or yaml for scripts")]


def print_document(document: Any, format: Format) -> None:
    """One document on stdout, nothing else; `format` is json or yaml."""
    plain = json.loads(json.dumps(document, default=_plain, ensure_ascii=False))
    if format is Format.YAML:
        sys.stdout.write(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False))
    else:
        sys.stdout.write(json.dumps(plain, ensure_ascii=False, indent=2) + "\n")


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], format: Format) -> None:
    """A listing: `columns` maps keys to the headers of the table; json and yaml hold every key of every row."""
    if format is not Format.TABLE:
        print_document(list(rows), format)
        return
    if not rows:
        stderr.print("nothing to list", style="dim")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for header in columns.values():
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*(_plain_text(row.get(key)) for key in columns))
    stdout.print(table)


def print_facts(facts: Mapping[str, Any], labels: Mapping[str, str], format: Format) -> None:
    """One thing: a line a fact for people, the whole mapping for scripts."""
    if format is not Format.TABLE:
        print_document(facts, format)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, label in labels.items():
        table.add_row(Text(label, style="bold"), _plain_text(facts.get(key)))
    stdout.print(table)


def print_text(text: str) -> None:
    """Text that is laid out already, as it is."""
    stdout.print(text, markup=False, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    """A line for the person at the terminal: what was done, or what comes next."""
    stderr.print(message, highlight=False, markup=False)


def _plain_text(value: Any) -> Text:
    """As it is: brackets in a name are no style."""
    return Text(_cell(value))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return minute_of(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_cell(item)}" for key, item in value.items() if item not in ("", None))
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not printable")
