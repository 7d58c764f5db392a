"""What runs without an approved request: brought to a person (GY-22a), removed through the engine or left alone; and
what a late call of a dead worker still made.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from controller.domain.errors import Refused
from controller.domain.spec import ServerType
from controller.engine.applying import decisions
from controller.engine.plan import Op
from controller.reconcile import work
from controller.reconcile.incidents import IncidentKind, IncidentState, decide
from controller.reconcile.strangers import Stranger, adopt_for_removal, approve_incident
from controller.reconcile.verdict import Verdict
from controller.store.engine import DecisionRow, JournalRow, ResourceRow, StackRow
from controller.store.reconcile import IncidentRow
from tests.reconcile.site import Site

APPROVED = "未经申请"


@pytest.fixture
def stack(site: Site) -> int:
    return site.applied()


def strange_volume(site: Site, name: str = "toy", **more: object) -> str:
    return str(site.hand.block_storage.create_volume(name=name, size=1, **more).id)


def strange_network(site: Site, name: str = "toy") -> str:
    return str(site.hand.network.create_network(name=name).id)


def look_after(site: Site, subject: work.Subject | None) -> None:
    assert subject is not None
    site.look(int(subject.key))


@pytest.mark.rule("GY-22a")
def test_what_runs_without_a_request_is_left_to_a_person_under_the_rule(site: Site, stack: int) -> None:
    id = strange_volume(site)
    site.forget_counts()
    site.follow(site.scan())
    (incident,) = site.incidents()
    assert (incident.kind, incident.details["id"], incident.rule) == (IncidentKind.ORPHAN, id, "GY-22a")
    assert (incident.cloud, incident.stack_id) == ("sandbox", None)
    assert "toy" in incident.summary
    assert site.changes_made() == 0


@pytest.mark.rule("GY-22a")
def test_what_has_an_approved_request_is_no_incident(site: Site, stack: int) -> None:
    site.follow(site.scan())
    assert site.incidents() == []


@pytest.mark.rule("GY-22a")
@pytest.mark.breaks
@pytest.mark.parametrize("strange", [strange_volume, strange_network])
def test_a_person_has_it_removed_by_the_engine(site: Site, stack: int, strange: Callable[[Site], str]) -> None:
    id = strange(site)
    site.follow(site.scan())
    (incident,) = site.incidents()
    look_after(site, approve_incident(site.reconciler, incident.id, user="authority", reason=APPROVED))
    result = site.scan()
    assert (result.findings, result.complete) == ([], True)
    with site.sessions() as session:
        removed = session.scalars(select(JournalRow).where(JournalRow.physical_id == id)).one()
        decided = session.get_one(IncidentRow, incident.id)
    assert (removed.op, removed.outcome) == (Op.DELETE, "done")
    assert (decided.state, decided.decided_by, decided.reason) == (IncidentState.APPROVED, "authority", APPROVED)
    assert site.incidents() == []


@pytest.mark.rule("GY-22a")
@pytest.mark.breaks
def test_nothing_is_removed_before_a_person_said_so(site: Site, stack: int) -> None:
    id = strange_volume(site)
    for _ in range(2):
        site.follow(site.scan())
        site.look(stack)
    assert len(site.incidents()) == 1
    assert site.hand.block_storage.get_volume(id).status == "available"


def test_what_is_dismissed_is_not_reported_again(site: Site, stack: int) -> None:
    strange_volume(site)
    site.follow(site.scan())
    (incident,) = site.incidents()
    with site.sessions.begin() as session:
        decide(session, incident.id, IncidentState.DISMISSED, user="authority", reason="运维自用")
    result = site.scan()
    site.follow(result)
    assert result.counts[Verdict.ORPHAN] == 1
    assert site.incidents() == []


def test_an_incident_is_decided_once(site: Site, stack: int) -> None:
    strange_volume(site)
    site.follow(site.scan())
    (incident,) = site.incidents()
    subject = approve_incident(site.reconciler, incident.id, user="authority", reason=APPROVED)
    with pytest.raises(Refused, match="approved by authority"):
        approve_incident(site.reconciler, incident.id, user="centre", reason="me too")
    with site.sessions.begin() as session, pytest.raises(Refused, match="approved by authority"):
        decide(session, incident.id, IncidentState.DISMISSED, user="centre", reason="no")
    look_after(site, subject)
    assert site.scan().findings == []


def test_several_approved_one_after_the_other_are_all_removed(site: Site, stack: int) -> None:
    for name in ("a", "b", "c"):
        strange_volume(site, name)
    site.follow(site.scan())
    subjects = [
        approve_incident(site.reconciler, one.id, user="authority", reason=APPROVED) for one in site.incidents()
    ]
    assert len(set(subjects)) == 1
    look_after(site, subjects[0])
    assert site.scan().findings == []


def test_what_vanished_by_itself_needs_nobody_any_more(site: Site, stack: int) -> None:
    gone, stays = strange_volume(site, "gone"), strange_volume(site, "stays")
    site.follow(site.scan())
    (first,) = (one for one in site.incidents() if one.details["id"] == gone)
    site.hand.block_storage.delete_volume(gone)
    site.fault("status", status=500, service="network", method="GET", path="/ports", count=None)
    site.follow(site.scan())
    assert len(site.incidents()) == 2, "a scan that is not whole proves nothing"
    site.end_faults()
    site.follow(site.scan())
    assert [one.details["id"] for one in site.incidents()] == [stays]
    with site.sessions() as session:
        closed = session.get_one(IncidentRow, first.id)
    assert (closed.state, closed.decided_by) == (IncidentState.CLOSED, "controller")
    with pytest.raises(Refused, match="it is not there any more"):
        approve_incident(site.reconciler, first.id, user="authority", reason=APPROVED)


def test_what_vanished_before_it_was_approved_is_done(site: Site, stack: int) -> None:
    id = strange_volume(site)
    site.follow(site.scan())
    (incident,) = site.incidents()
    site.hand.block_storage.delete_volume(id)
    look_after(site, approve_incident(site.reconciler, incident.id, user="authority", reason=APPROVED))
    assert site.scan().findings == []


def test_a_removed_stranger_does_not_become_a_stack_that_is_looked_at(site: Site, stack: int) -> None:
    strange_volume(site)
    site.follow(site.scan())
    (incident,) = site.incidents()
    subject = approve_incident(site.reconciler, incident.id, user="authority", reason=APPROVED)
    look_after(site, subject)
    with site.sessions() as session:
        row = session.scalars(select(StackRow).where(StackRow.name == "unmanaged/sandbox")).one()
    assert row.provisioning == "ended"
    assert site.resources(row.id) == []


# What a late call still made (invariants 2 and 7).


def late_network(site: Site, stack: int) -> str:
    """A second network with an identity that the journal gave: the call of a worker that was believed dead."""
    row = site.resource(stack, "network:Network")
    description = site.hand.network.get_network(row.physical_id).description
    assert row.identity in description
    return str(site.hand.network.create_network(name="late", description=description).id)


def late_volume(site: Site, stack: int) -> str:
    """The same of a volume, which bears data."""
    row = site.resource(stack, "volume:Volume", "db-1-data")
    metadata = site.hand.block_storage.get_volume(row.physical_id).metadata
    assert row.identity in metadata.values()
    return strange_volume(site, "late", metadata=metadata)


def test_a_late_creation_is_known_by_its_identity_and_removed(site: Site, stack: int) -> None:
    id = late_network(site, stack)
    result = site.scan()
    (finding,) = result.findings
    assert (finding.verdict, finding.id) == (Verdict.ORPHAN, id)
    assert finding.identity == site.resource(stack, "network:Network").identity
    assert site.follow(result) == [work.Subject.stack(stack)]
    assert site.look(stack).summary == "repair succeeded"
    assert site.scan().findings == []
    assert site.incidents() == []


def test_a_late_creation_that_bears_data_goes_to_a_person(site: Site, stack: int) -> None:
    id = late_volume(site, stack)
    site.follow(site.scan())
    site.look(stack)
    (incident,) = site.incidents()
    assert (incident.details["id"], incident.stack_id) == (id, stack)
    assert site.hand.block_storage.get_volume(id) is not None
    look_after(site, approve_incident(site.reconciler, incident.id, user="authority", reason="a double"))
    assert site.scan().findings == []


def test_a_late_creation_for_a_stack_that_has_ended_goes_to_a_person(site: Site, stack: int) -> None:
    other = site.applied(site.system(site.machine("mid-1", ServerType.MID), name="exchange"))
    id = late_network(site, other)
    site.end(other)
    site.approve(site.plan(other)[0])
    site.look(other)
    site.follow(site.scan())
    (incident,) = site.incidents()
    assert incident.details["id"] == id
    look_after(site, approve_incident(site.reconciler, incident.id, user="authority", reason="late"))
    assert site.scan().findings == []


def test_an_approval_that_fails_half_way_leaves_the_incident_open(
    site: Site, stack: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the adoption and the decision: nothing is adopted, a person may simply approve again."""
    strange_volume(site)
    site.follow(site.scan())
    (incident,) = site.incidents()
    with monkeypatch.context() as patched:
        patched.setattr(decisions, "give_up", _dies)
        with pytest.raises(KeyboardInterrupt):
            approve_incident(site.reconciler, incident.id, user="authority", reason=APPROVED)
    with site.sessions() as session:
        assert session.scalars(select(ResourceRow).where(ResourceRow.pending_delete)).all() == []
    site.follow(site.scan())
    assert [one.id for one in site.incidents()] == [incident.id]
    look_after(site, approve_incident(site.reconciler, incident.id, user="authority", reason=APPROVED))
    assert site.scan().findings == []


def test_what_a_person_keeps_is_not_removed_with_what_another_gives_up(site: Site, stack: int) -> None:
    kept, toy = strange_volume(site, "keep-me"), strange_network(site)
    site.follow(site.scan())
    by_id = {one.details["id"]: one for one in site.incidents()}
    with site.sessions.begin() as session:
        decide(session, by_id[kept].id, IncidentState.DISMISSED, user="authority", reason="belongs to others")
    look_after(site, approve_incident(site.reconciler, by_id[toy].id, user="vendor", reason=APPROVED))
    assert {one.id for one in site.scan().findings} == {kept}


def test_what_a_stack_took_over_since_is_not_removed_by_a_yes_to_the_stranger(site: Site, stack: int) -> None:
    id = strange_volume(site)
    site.follow(site.scan())
    (incident,) = site.incidents()
    with site.sessions.begin() as session:
        row = session.get_one(ResourceRow, site.resource(stack, "volume:Volume", "db-1-data").id)
        row.physical_id, row.cloud = id, "sandbox@RegionOne"
    with pytest.raises(Refused, match="belongs to the stack"):
        approve_incident(site.reconciler, incident.id, user="authority", reason=APPROVED)
    with site.sessions() as session:
        assert session.scalars(select(ResourceRow).where(ResourceRow.pending_delete)).all() == []
    assert [one.id for one in site.incidents()] == [incident.id]


def _dies(*_arguments: object, **_named: object) -> None:
    raise KeyboardInterrupt


# What is left over in a stack and bears data (invariant 4).


def test_a_leftover_that_bears_data_goes_to_a_person_and_then_through_the_engine(site: Site, stack: int) -> None:
    """A duplicate volume stands in the state, to be removed; a repair of something else does not touch it."""
    id = late_volume(site, stack)
    with site.sessions.begin() as session:
        volume = Stranger("openstack:blockstorage/volume:Volume", id, "late")
        adopt_for_removal(session, session.get_one(StackRow, stack), volume, cloud="sandbox")
    site.hand.compute.stop_server(site.resource(stack, "Instance").physical_id)
    assert site.repaired(stack).summary == "repair succeeded"
    assert site.hand.block_storage.get_volume(id).status == "available"
    (incident,) = site.incidents()
    assert (incident.kind, incident.details["id"], incident.stack_id) == (IncidentKind.LEFTOVER, id, stack)
    look_after(site, approve_incident(site.reconciler, incident.id, user="authority", reason="a double"))
    assert id not in {one.id for one in site.hand.block_storage.volumes()}
    result = site.scan()
    assert (result.findings, result.complete) == ([], True)
    assert site.look(stack).summary == "nothing to do"


def test_the_yes_to_one_leftover_is_none_to_another_of_its_urn(site: Site, stack: int) -> None:
    """All generations of a resource share its URN; a person gives up one of them, by its id."""
    given_up, kept = late_volume(site, stack), late_volume(site, stack)
    urn = site.resource(stack, "volume:Volume", "db-1-data").urn
    with site.sessions.begin() as session:
        row = session.get_one(StackRow, stack)
        for generation, id in ((8, given_up), (7, kept)):
            volume = Stranger("openstack:blockstorage/volume:Volume", id, "late")
            adopted = adopt_for_removal(session, row, volume, cloud="sandbox")
            left_over = session.scalars(select(ResourceRow).where(ResourceRow.urn == adopted)).one()
            left_over.urn, left_over.generation = urn, generation
    site.hand.compute.stop_server(site.resource(stack, "Instance").physical_id)
    site.repaired(stack)
    by_id = {one.details["id"]: one for one in site.incidents()}
    assert by_id.keys() == {given_up, kept}
    look_after(site, approve_incident(site.reconciler, by_id[given_up].id, user="authority", reason="a double"))
    volumes = {one.id for one in site.hand.block_storage.volumes()}
    assert kept in volumes
    assert given_up not in volumes
    with site.sessions() as session:
        assert session.scalars(select(DecisionRow.physical_id)).all() == [given_up]
    site.look(stack)
    assert kept in {one.id for one in site.hand.block_storage.volumes()}
