"""Templates become pages: escaped, worded by the locale, times in Shanghai's, links to other pages of a list."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from controller.catalogue import term
from controller.domain.calendar import minute_of
from controller.web.paging import Page


def render(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page that `template` makes of `values`."""
    return HTMLResponse(_templates.get_template(template).render(**values), status_code=status)


def words(key: str) -> str:
    """A text of the pages in the locale."""
    return term("page", key)


def termed(word: str, group: str) -> str:
    """A word of the controller in the locale: `{{ state | termed("execution") }}`."""
    return term(group, word)


def approver(name: str) -> str:
    """Whose yes it rests on: an account, or in Chinese the rule that stands for one (`approval.StandingRule`)."""
    rule = name.removeprefix("rule ")
    if rule == name:
        return name
    named = term("ground", rule)
    return named if named != rule else f"{words('rule')} {rule}"


def moment(at: datetime | None) -> str:
    """An instant in Shanghai's time, to the minute; a dash where there is none."""
    return minute_of(at) if at else "—"


def day(on: date | None) -> str:
    """A day; a dash where there is none."""
    return on.isoformat() if on else "—"


def stack_link(name: str) -> str:
    """The path of a stack's page."""
    return f"/stacks/{quote(name)}"


def page_link(path: str, lists: dict[str, Page[Any]], name: str, number: int) -> str:
    """`path` with page `number` of the list `name`, the other lists where they are, at the list's place."""
    numbers = {one: page.number for one, page in lists.items()} | {name: number}
    query = urlencode({one: value for one, value in numbers.items() if value > 1})
    return f"{path}{'?' if query else ''}{query}#{name}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=words, page_link=page_link, stack_link=stack_link)
    environment.filters.update(termed=termed, approver=approver, moment=moment, day=day)
    return environment


_templates = _environment()
