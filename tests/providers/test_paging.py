"""A list ends only with a proof: whatever the cloud does to one answer, nothing of it is lost in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.provider import Incomplete
from controller.providers.openstack.connection import Body
from controller.providers.openstack.paging import PAGE_SIZE, Answer, Place, walk


@dataclass
class Listing:
    """A list of `size` entries behind a service that gives at most `maximum` at once and spoils single answers."""

    size: int
    maximum: int = PAGE_SIZE
    empty: frozenset[int] = frozenset()
    """Numbers of the requests that bring nothing, and say that nothing follows."""
    without_link: frozenset[int] = frozenset()
    requests: list[tuple[int, str | None]] = field(default_factory=list)

    def fetch(self, limit: int, place: Place) -> Answer:
        number = len(self.requests)
        self.requests.append((limit, place.marker))
        if number in self.empty:
            return Answer((), more=False)
        start = 0 if place.marker is None else int(place.marker) + 1
        entries = [{"id": str(index)} for index in range(start, min(self.size, start + min(limit, self.maximum)))]
        more = start + len(entries) < self.size and number not in self.without_link
        return Answer(entries, more)

    def read(self) -> list[str]:
        return [body["id"] for page in walk(self.fetch, lambda body: str(body["id"])) for body in page]

    @property
    def whole(self) -> list[str]:
        return [str(index) for index in range(self.size)]


sizes = st.integers(0, 5 * PAGE_SIZE)


@given(sizes, st.integers(300, PAGE_SIZE), st.frozensets(st.integers(0, 12)))
def test_lost_links_and_small_maxima_lose_nothing(size: int, maximum: int, without_link: frozenset[int]) -> None:
    listing = Listing(size, maximum=maximum, without_link=without_link)
    assert listing.read() == listing.whole


@given(sizes, st.integers(0, 8))
def test_one_empty_answer_anywhere_loses_nothing(size: int, number: int) -> None:
    listing = Listing(size, empty=frozenset({number}))
    assert listing.read() == listing.whole


@given(sizes, st.integers(0, 8), st.frozensets(st.integers(0, 12)))
def test_an_empty_answer_and_lost_links_together_lose_nothing(
    size: int, number: int, without_link: frozenset[int]
) -> None:
    listing = Listing(size, empty=frozenset({number}), without_link=without_link)
    assert listing.read() == listing.whole


def test_a_list_that_shows_nothing_at_all_is_asked_three_times() -> None:
    listing = Listing(1, empty=frozenset({0, 1}))
    assert listing.read() == ["0"]
    nothing = Listing(0)
    assert nothing.read() == []
    assert nothing.requests == [(PAGE_SIZE, None), (1, None), (2, None)]


@pytest.mark.parametrize(("size", "requests"), [(1, 2), (999, 2), (1000, 3), (1001, 3), (10_000, 12)])
def test_the_proof_costs_a_request_or_two(size: int, requests: int) -> None:
    listing = Listing(size)
    listing.read()
    assert len(listing.requests) == requests


def test_an_empty_page_that_says_more_follows_is_no_end() -> None:
    with pytest.raises(Incomplete, match="says that more follows"):
        list(walk(lambda _limit, _place: Answer((), more=True), lambda body: str(body["id"])))


def test_a_service_that_ignores_the_marker_is_found_out() -> None:
    same: Sequence[Body] = [{"id": str(index)} for index in range(PAGE_SIZE)]
    with pytest.raises(Incomplete, match="same page again"):
        list(walk(lambda limit, _place: Answer(same[:limit], more=True), lambda body: str(body["id"])))
