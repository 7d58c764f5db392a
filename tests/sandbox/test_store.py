"""Collections keep their indexes true whatever is done to them, and pages cover a list exactly once."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from sandbox.cloud import paging
from sandbox.cloud.errors import BadRequest, NotFound
from sandbox.cloud.store import Collection
from sandbox.cloud.tagging import chosen

PROJECTS = st.sampled_from(["p1", "p2", "p3"])
STATES = st.sampled_from(["up", "down", None])


class CollectionMachine(RuleBasedStateMachine):
    """A collection beside a plain list of the same documents."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.kept = Collection("thing", "state")
        self.model: dict[str, dict[str, object]] = {}

    @rule(target=ids, number=st.integers(0, 50), project=PROJECTS, state=STATES)
    def add(self, number: int, project: str, state: str | None) -> str:
        identifier = f"t{number}"
        if identifier in self.model:
            self.kept.remove(identifier)
        document = {"id": identifier, "project_id": project, "state": state, "size": number % 3}
        self.model.pop(identifier, None)
        self.model[identifier] = document
        self.kept.add(document)
        return identifier

    @rule(identifier=ids, state=STATES)
    def change(self, identifier: str, state: str | None) -> None:
        if identifier in self.model:
            self.kept.change(self.kept[identifier], state=state, size=7)

    @rule(identifier=ids)
    def remove(self, identifier: str) -> None:
        if self.model.pop(identifier, None) is None:
            with pytest.raises(NotFound):
                self.kept.remove(identifier)
        else:
            self.kept.remove(identifier)

    @invariant()
    def agrees(self) -> None:
        assert list(self.kept) == list(self.model.values())
        for project in ("p1", "p2", "p3"):
            for state in ("up", "down", None):
                expected = [one for one in self.model.values() if (one["project_id"], one["state"]) == (project, state)]
                found = self.kept.where(project_id=project, state=state)
                assert sorted(str(one["id"]) for one in found) == sorted(str(one["id"]) for one in expected)
        assert len(self.kept.where(size=7)) == sum(one["size"] == 7 for one in self.model.values())


TestCollection = CollectionMachine.TestCase


def test_a_missing_document_is_named_in_the_services_words() -> None:
    with pytest.raises(NotFound, match=r"Security group g-1 could not be found\.") as caught:
        Collection("security_group")["g-1"]
    assert caught.value.kind == "SecurityGroupNotFound"
    assert caught.value.status == 404


def _call(query: dict[str, str]) -> SimpleNamespace:
    return SimpleNamespace(query=query, url="http://cloud/things")


@given(count=st.integers(0, 40), limit=st.integers(1, 15), maximum=st.integers(1, 20))
def test_following_the_links_gives_every_document_once(count: int, limit: int, maximum: int) -> None:
    documents = [{"id": f"d{number}"} for number in range(count)]
    query = {"limit": str(limit), "name": "a b"}
    seen = []
    for _ in range(count + 1):
        page = paging.cut(_call(query), documents, maximum=maximum)  # type: ignore[arg-type]
        assert len(page.documents) <= min(limit, maximum)
        seen.extend(page.documents)
        if page.next_url is None:
            break
        query = dict(parse_qsl(urlsplit(page.next_url).query))
        assert query["name"] == "a b"
    assert seen == documents
    assert page.links == []


@pytest.mark.parametrize("query", [{"marker": "gone"}, {"limit": "-1"}, {"limit": "many"}])
def test_a_page_that_cannot_be_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        paging.cut(_call(query), [{"id": "a"}])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ({}, True),
        ({"tags": "a,b"}, True),
        ({"tags": "a,c"}, False),
        ({"tags-any": "c,a"}, True),
        ({"tags-any": "c"}, False),
        ({"not-tags": "a,c"}, True),
        ({"not-tags": "a,b"}, False),
        ({"not-tags-any": "c"}, True),
        ({"not-tags-any": "a,c"}, False),
        ({"tags": "a", "not-tags-any": "b"}, False),
    ],
)
def test_tag_filters(query: dict[str, str], passes: bool) -> None:
    assert chosen(query, ["a", "b"]) is passes
