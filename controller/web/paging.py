"""Long lists come in pages of fifty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, TypeVarTuple

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

SIZE = 50

Item = TypeVar("Item")
Columns = TypeVarTuple("Columns")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list of `total` items; `number` counts from 1."""

    items: Sequence[Item]
    number: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // SIZE))

    @property
    def first(self) -> int:
        """The ordinal of the page's first item; 0 where there is none."""
        return (self.number - 1) * SIZE + 1 if self.items else 0

    @property
    def last(self) -> int:
        return (self.number - 1) * SIZE + len(self.items)


def page_of(
    session: Session, query: Select[*Columns], number: int, make: Callable[[Row[*Columns]], Item]
) -> Page[Item]:
    """Page `number` of what `query` finds, each row made an item; a number beyond the end is the last page."""
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    number = min(max(number, 1), max(1, -(-total // SIZE)))
    rows = session.execute(query.limit(SIZE).offset((number - 1) * SIZE))
    return Page([make(row) for row in rows], number, total)


def slice_of(items: Sequence[Item], number: int) -> Page[Item]:
    """Page `number` of a list that is at hand; a number beyond the end is the last page."""
    number = min(max(number, 1), max(1, -(-len(items) // SIZE)))
    return Page(items[(number - 1) * SIZE : number * SIZE], number, len(items))
