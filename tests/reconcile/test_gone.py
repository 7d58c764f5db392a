"""Nearly all of a cloud is missing at once: nothing is marked before a person has said it of exactly that set."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused
from controller.domain.spec import ServerType
from controller.engine.storage import from_row
from controller.reconcile import work
from controller.reconcile.incidents import IncidentKind, is_gone
from controller.reconcile.strangers import approve_incident
from controller.reconcile.verdict import Verdict
from tests.reconcile.site import CLOUD, Site, found


@pytest.fixture
def stack(site: Site) -> int:
    return site.applied(site.system(site.machine("mid-1", ServerType.MID)))


def remove(site: Site, stack: int, *, but: str = "nothing") -> None:
    """By hand and in earnest: all that the stack's state names is deleted in the cloud, but one kind."""
    cloud = site.provider.cloud(CLOUD)
    for row in reversed(site.resources(stack)):
        if but not in row.type:
            site.provider.kind(row.type).delete(cloud, row.physical_id, from_row(row, site.vault).inputs)


def assert_nothing_marked(site: Site, stack: int) -> None:
    site.forget_counts()
    site.look(stack)
    assert site.changes_made() == 0
    assert not any(row.missing for row in site.resources(stack))


def test_nearly_all_of_a_project_is_neither_marked_nor_made_again(site: Site, stack: int) -> None:
    """Something is still seen, so the credentials are not simply those of another project."""
    remove(site, stack, but="network:Network")
    result = site.scan()
    missing = found(result, Verdict.MISSING)
    assert site.follow(result) == []
    assert_nothing_marked(site, stack)
    (incident,) = site.incidents()
    assert (incident.kind, incident.subject) == (IncidentKind.GONE, CLOUD)
    assert len(incident.details["missing"]) == len(missing)
    site.follow(site.scan())
    assert [one.id for one in site.incidents()] == [incident.id], "the same set is the same incident"


def test_what_a_person_says_is_gone_is_marked_and_left_to_the_guard(site: Site, stack: int) -> None:
    remove(site, stack)
    site.follow(site.scan())
    (incident,) = site.incidents()
    subject = approve_incident(site.reconciler, incident.id, user="vendor", reason="the project was emptied")
    assert subject == work.Subject.scan(CLOUD)
    result = site.scan()
    assert result.counts[Verdict.MISSING] == len(site.resources(stack)), "each was read by itself"
    assert site.follow(result) == [work.Subject.stack(stack)]
    assert all(row.missing for row in site.resources(stack))
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    (guarded,) = site.incidents()
    assert guarded.kind == IncidentKind.GUARD


def test_a_yes_counts_once(site: Site, stack: int) -> None:
    remove(site, stack)
    site.follow(site.scan())
    (incident,) = site.incidents()
    approve_incident(site.reconciler, incident.id, user="vendor", reason="the project was emptied")
    site.follow(site.scan())
    with site.sessions() as session:
        assert is_gone(session, CLOUD, incident.details["missing"], site.vault)
    site.follow(site.scan())
    with site.sessions() as session:
        assert not is_gone(session, CLOUD, incident.details["missing"], site.vault)
    assert all(row.missing for row in site.resources(stack))


def test_a_set_that_changed_meanwhile_needs_a_new_yes(site: Site, stack: int) -> None:
    remove(site, stack)
    site.follow(site.scan())
    (seen,) = site.incidents()
    other = site.applied(site.system(site.machine("mid-1", ServerType.MID), name="exchange"))
    remove(site, other)
    site.follow(site.scan())
    (current,) = site.incidents()
    assert current.id != seen.id
    assert current.digest != seen.digest
    with pytest.raises(Refused, match="another set took its place"):
        approve_incident(site.reconciler, seen.id, user="vendor", reason="go on")
    assert_nothing_marked(site, stack)


def test_what_is_there_again_closes_the_incident(site: Site, stack: int) -> None:
    site.fault("empty_page", count=None)
    site.follow(site.scan())
    assert [one.kind for one in site.incidents()] == [IncidentKind.GONE]
    site.end_faults()
    site.follow(site.scan())
    assert site.incidents() == []
    assert_nothing_marked(site, stack)
