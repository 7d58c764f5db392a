"""What changed since the last scan, of the kinds whose API can tell: it finds what is there, never what is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from controller.clock import real_now
from controller.reconcile import work
from controller.reconcile.scan import ScanResult, scan_changes
from controller.reconcile.schedule import ask_for_due_scans
from controller.reconcile.verdict import Verdict
from controller.store.database import Sessions
from controller.store.engine import Operating, Provisioning, StackRow
from controller.store.reconcile import ScanPartRow, ScanRow, Sort, WorkRow
from tests.reconcile.site import CLOUD, Site, found

LONG_AGO = timedelta(days=1)


@pytest.fixture
def stack(site: Site) -> int:
    """A system that stands as approved, and a full scan of its cloud that was followed up long ago."""
    stack = site.applied()
    site.follow(site.scan())
    return stack


def changes(site: Site) -> ScanResult:
    return scan_changes(site.sessions, site.provider, site.vault, CLOUD)


def looked_in_the_future(site: Site) -> None:
    """As if the last look had been made after all that has happened so far: nothing changed since."""
    with site.sessions.begin() as session:
        session.execute(update(ScanPartRow).values(started_at=real_now() + LONG_AGO))


def test_changes_made_by_hand_are_found(site: Site, stack: int) -> None:
    volume = site.resource(stack, "Volume", "db-1-data")
    group = site.resource(stack, "SecGroup", "sg-dat")
    site.hand.block_storage.update_volume(volume.physical_id, name="renamed-by-hand")
    site.hand.compute.stop_server(site.resource(stack, "Instance").physical_id)
    rule = site.hand.network.create_security_group_rule(
        security_group_id=group.physical_id, direction="ingress", ethertype="IPv4", remote_ip_prefix="0.0.0.0/0"
    )
    result = changes(site)
    assert (result.sort, result.complete) == (Sort.CHANGES, True)
    assert set(found(result, Verdict.CHANGED)) == {"db-1-data", "db-1"}
    assert {one.id for one in result.findings if one.verdict is Verdict.ORPHAN} == {rule.id}


def test_what_did_not_change_since_is_not_listed(site: Site, stack: int) -> None:
    looked_in_the_future(site)
    site.forget_counts()
    result = changes(site)
    assert (result.objects, result.findings, result.complete) == (0, [], True)
    assert result.api_calls > 0


def test_nothing_is_missing_or_unknown_because_it_is_not_among_the_changes(site: Site, stack: int) -> None:
    """A deleted server is left to the next full scan: not to be seen among the changes proves nothing."""
    looked_in_the_future(site)
    site.hand.compute.delete_server(site.resource(stack, "Instance").physical_id)
    result = changes(site)
    assert result.findings == []
    assert site.follow(result) == []
    assert not any(row.missing for row in site.resources(stack))
    assert set(found(site.scan(), Verdict.MISSING)) == {"db-1", "db-1-data-attach"}


def test_a_deleted_server_that_the_changes_name_is_no_orphan(site: Site, stack: int) -> None:
    site.hand.compute.delete_server(site.resource(stack, "Instance").physical_id)
    assert not [one for one in changes(site).findings if "Instance" in one.type]


def test_it_says_nothing_of_how_the_stack_does(site: Site, stack: int) -> None:
    with site.sessions.begin() as session:
        session.get_one(StackRow, stack).operating = Operating.DEGRADED
    looked_in_the_future(site)
    site.follow(changes(site))
    assert site.stack(stack).operating == Operating.DEGRADED


def test_a_kind_whose_changes_could_not_be_read_is_asked_again_from_where_it_was(site: Site, stack: int) -> None:
    servers = "openstack:compute/instance:Instance"
    rule = {"service": "compute", "method": "GET", "path": "/servers/detail", "count": None}
    site.fault("status", status=500, **rule)
    failed = changes(site)
    assert any(reason.startswith(servers) for reason in failed.incomplete)
    assert not found(failed, Verdict.UNKNOWN)
    site.follow(failed)
    site.end_faults()
    site.hand.compute.stop_server(site.resource(stack, "Instance").physical_id)
    assert set(found(changes(site), Verdict.CHANGED)) == {"db-1"}
    with site.sessions() as session:
        since = session.scalars(select(ScanPartRow.started_at).where(ScanPartRow.type == servers)).all()
    assert len(since) == 3


def test_kinds_that_cannot_tell_are_left_to_full_scans(site: Site, stack: int) -> None:
    changes(site)
    with site.sessions() as session:
        types = set(
            session.scalars(
                select(ScanPartRow.type)
                .join(ScanRow, ScanRow.id == ScanPartRow.scan_id)
                .where(ScanRow.sort == Sort.CHANGES)
            )
        )
    assert types == {kind.token for kind in site.provider.kinds() if kind.lists_changes}
    assert not any("loadbalancer" in type for type in types)


def test_without_a_scan_before_there_is_nothing_to_go_on_from(site: Site) -> None:
    site.applied()
    assert (changes(site).objects, changes(site).findings) == (0, [])


# When they are due.

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def scanned(sessions: Sessions, sort: Sort, ago: timedelta, *, followed_up: bool = True) -> None:
    with sessions.begin() as session:
        if session.scalars(select(StackRow)).first() is None:
            ready = Provisioning.READY
            session.add(StackRow(name="a/b/c.d", cloud=CLOUD, provisioning=ready, changed_at=real_now()))
        session.add(ScanRow(cloud=CLOUD, sort=sort, started_at=real_now() - ago, followed_up=followed_up))


def asked(sessions: Sessions, *, changes_every: timedelta = 5 * MINUTE) -> list[str]:
    with sessions.begin() as session:
        ask_for_due_scans(session, full_every=HOUR, changes_every=changes_every)
    with sessions() as session:
        return list(session.scalars(select(WorkRow.subject)))


def test_between_full_scans_only_what_changed_is_asked_for(sessions: Sessions) -> None:
    scanned(sessions, Sort.FULL, 10 * MINUTE)
    assert asked(sessions) == [str(work.Subject.changes(CLOUD))]
    assert asked(sessions) == [str(work.Subject.changes(CLOUD))]


@pytest.mark.parametrize("sort", list(Sort))
def test_nothing_is_due_shortly_after_a_scan_of_any_sort(sessions: Sessions, sort: Sort) -> None:
    scanned(sessions, Sort.FULL, 30 * MINUTE)
    scanned(sessions, sort, MINUTE)
    assert asked(sessions) == []


def test_a_full_scan_is_due_however_often_changes_were_looked_at(sessions: Sessions) -> None:
    scanned(sessions, Sort.FULL, 2 * HOUR)
    scanned(sessions, Sort.CHANGES, MINUTE)
    assert asked(sessions) == [str(work.Subject.scan(CLOUD))]


def test_scans_that_somebody_only_looked_at_do_not_count(sessions: Sessions) -> None:
    scanned(sessions, Sort.FULL, MINUTE, followed_up=False)
    assert asked(sessions) == [str(work.Subject.scan(CLOUD))]


def test_zero_means_full_scans_only(sessions: Sessions) -> None:
    scanned(sessions, Sort.FULL, 30 * MINUTE)
    assert asked(sessions, changes_every=timedelta()) == []
