"""catalog/ becomes values: a city's file a `City`, calendars a `WorkCalendar`, the rules' file rows of the registry.

Files are read once a process and never written. An error names the file and the path inside it. Called by everything
that needs a city's numbers; nothing here knows what a city does with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import holidays
import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from controller.domain.billing import Basis, Price, PriceList
from controller.domain.calendar import WorkCalendar
from controller.domain.city import City, RuleId
from controller.domain.errors import Failed, WrongUse
from controller.domain.money import Exact
from controller.domain.roles import Role
from controller.domain.validation import wrongs

CATALOG = Path(__file__).resolve().parent.parent / "catalog"
YEARS_AHEAD = 12
"""How many years beyond the last notice can be counted, provisionally: longer than any period in the regulations."""

Model = TypeVar("Model", bound=BaseModel)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Entry):
    """A row of the rules' registry. `kept_by` is the module that keeps the rule; None: not kept yet."""

    id: RuleId
    city: str
    article: str
    how: tuple[str, ...] = Field(min_length=1)
    topic: str
    exception: bool = False
    rule: str
    kept_by: str | None = None


class _Rules(_Entry):
    rules: tuple[Rule, ...]


class _Year(_Entry):
    notice: str = Field(default="", description="The notice that the days rest on; empty: none yet")
    days_off: tuple[str | date, ...] = ()
    make_up_days: tuple[str | date, ...] = ()
    open: tuple[str | date, ...] = Field(default=(), description="Days that a notice may still settle")


class _Calendar(_Entry):
    years: dict[int, _Year] = Field(min_length=1)


class _Price(_Entry):
    item: str
    unit: str
    price: Exact
    start: date = Field(alias="from")
    end: date | None = Field(alias="to")


class _Prices(_Entry):
    basis: Basis
    prices: tuple[_Price, ...]


class _Terms(RootModel[dict[str, dict[str, str]]]):
    model_config = ConfigDict(frozen=True)


def cities(root: Path = CATALOG) -> tuple[str, ...]:
    """Codes of the cities that have a file, sorted."""
    return tuple(sorted(path.stem for path in (root / "cities").glob("*.yaml")))


@cache
def city(code: str, root: Path = CATALOG) -> City:
    """The city of that code. Raises WrongUse for one that has no file, Failed where the file does not hold together."""
    path = root / "cities" / f"{code}.yaml"
    if code not in cities(root):
        raise WrongUse(f"there is no city {code}", remedy="known cities: " + ", ".join(cities(root)))
    loaded = _load(path, City)
    if loaded.code != code:
        raise Failed(f"the city's code is {loaded.code}", where=f"{path}: code", remedy=f"write {code}")
    return loaded


@cache
def work_calendar(code: str, root: Path = CATALOG) -> WorkCalendar:
    """The working days of a city: national notices, its local holidays, and the library for years without a notice."""
    national, *local = (_load(root / "calendars" / f"{name}.yaml", _Calendar) for name in city(code, root).calendars)
    noticed = sorted(national.years)
    first, last = date(noticed[0], 1, 1), date(noticed[-1] + YEARS_AHEAD, 12, 31)
    without = [year for year in range(first.year, last.year + 1) if year not in national.years]
    statutory = holidays.country_holidays("CN", years=without)
    decreed = [year for calendar in (national, *local) for year in calendar.years.values()]
    return WorkCalendar(
        first,
        last,
        days_off=frozenset(statutory) | {day for year in decreed for day in _days(year.days_off)},
        make_up_days=frozenset(day for year in decreed for day in _days(year.make_up_days)),
        provisional=frozenset(day for year in without for day in _range(date(year, 1, 1), date(year, 12, 31)))
        | {day for year in decreed for day in _days(year.open)},
    )


@cache
def rules(root: Path = CATALOG) -> tuple[Rule, ...]:
    """Every rule of the five regulations, in the order of the texts."""
    return _load(root / "rules.yaml", _Rules).rules


@cache
def prices(code: str, root: Path = CATALOG) -> PriceList:
    """The price list of that code, with what its prices pay for. Raises WrongUse for one that has no file."""
    known = sorted(path.stem for path in (root / "prices").glob("*.yaml"))
    if code not in known:
        raise WrongUse(f"there is no price list {code}", remedy="known price lists: " + ", ".join(known))
    loaded = _load(root / "prices" / f"{code}.yaml", _Prices)
    return PriceList.of(loaded.basis, (Price(one.item, one.price, one.start, one.end) for one in loaded.prices))


@cache
def terms(locale: str = "zh_CN", root: Path = CATALOG) -> Mapping[str, Mapping[str, str]]:
    """What the controller's own words are called in a language: group → word → term."""
    return _load(root / "locale" / f"{locale}.yaml", _Terms).root


def term(group: str, word: str) -> str:
    """What `word` is called in Chinese; the word itself where nobody has named it yet."""
    return terms()[group].get(word, word)


def role_title(city: City, role: Role) -> str:
    """What the city calls a role; the controller's own word where its regulation knows no such party."""
    entry = city.role(role)
    return entry.title if entry else term("role", role)


def _days(entries: tuple[str | date, ...]) -> Iterator[date]:
    for entry in entries:
        if isinstance(entry, date):
            yield entry
        else:
            first, _, last = entry.partition("/")
            yield from _range(date.fromisoformat(first), date.fromisoformat(last or first))


def _range(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _load(path: Path, model: type[Model]) -> Model:
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return model.model_validate(content)
    except FileNotFoundError:
        raise Failed("the catalogue lacks a file", where=str(path)) from None
    except yaml.YAMLError as error:
        raise Failed("the file is not valid YAML", where=str(path), remedy=str(error)) from error
    except ValidationError as error:
        found = "; ".join(f"{one.where}: {one.what}" for one in wrongs(error))
        raise Failed("the file does not hold what it should", where=str(path), remedy=found) from error
