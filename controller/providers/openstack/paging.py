"""A list by page, and the proof that it is whole. Called by `resource.py`; why: docs/decisions/0005.

No link of the cloud is trusted: the next page is asked for by what we saw last. A short or empty page is only a sign of
the end; the end is proven by a second request with other parameters that finds nothing behind that place either, and by
a third one where nothing was seen at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from controller.engine.provider import Incomplete
from controller.providers.openstack.connection import Body

PAGE_SIZE = 1000


@dataclass(frozen=True)
class Answer:
    """What one request brought, and whether the cloud says that more follows."""

    items: Sequence[Body]
    more: bool


@dataclass(frozen=True)
class Place:
    """A place in a list: behind the entry `marker`, the `count`-th; None and 0 at its start."""

    marker: str | None = None
    count: int = 0


Fetch = Callable[[int, Place], Answer]
"""(limit, place) → at most `limit` entries behind `place`."""


def walk(fetch: Fetch, key: Callable[[Body], str]) -> Iterator[Sequence[Body]]:
    """Pages until the end is proven. Raises Incomplete where the chain contradicts itself."""
    place = Place()
    while True:
        answer = fetch(PAGE_SIZE, place)
        items = answer.items
        if _looks_like_the_end(answer):
            if items:
                place = _behind(place, items, key)
                yield items
            items = _after_all(fetch, place)
            if not items:
                return
        place = _behind(place, items, key)
        yield items


def _looks_like_the_end(answer: Answer) -> bool:
    return not answer.items or (len(answer.items) < PAGE_SIZE and not answer.more)


def _after_all(fetch: Fetch, place: Place) -> Sequence[Body]:
    """What stands behind `place` after all: nothing, if the end is proven."""
    limits = (1,) if place.count else (1, 2)
    for limit in limits:
        answer = fetch(limit, place)
        if answer.items:
            return answer.items
        if answer.more:
            raise Incomplete("a list gave an empty page and says that more follows", remedy="it is read again later")
    return ()


def _behind(place: Place, items: Sequence[Body], key: Callable[[Body], str]) -> Place:
    """The place behind `items`; a page that holds its own marker shows that the cloud goes round in circles."""
    if place.marker is not None and any(key(item) == place.marker for item in items):
        raise Incomplete("a list gave the same page again", remedy="it is read again later")
    return Place(key(items[-1]), place.count + len(items))
