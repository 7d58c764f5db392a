"""A scan that is killed in the middle stands in the database as far as it got, and is taken up there."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from controller.reconcile.record import KEPT_FOR, forget_old
from controller.reconcile.scan import scan
from controller.reconcile.verdict import Verdict
from controller.store.database import connect
from controller.store.reconcile import FindingRow, ScanPartRow, ScanRow
from controller.store.vault import Vault
from tests.reconcile.site import CLOUD, Site, found, provider

VOLUMES = "openstack:blockstorage/volume:Volume"
RECENTLY = timedelta(minutes=10)


@pytest.fixture
def stack(site: Site) -> int:
    return site.applied()


def scan_until_killed(database_url: str) -> None:
    """Runs in a process of its own, which is killed when the first page of volumes has been written down."""

    def progress(kind: str, _count: int) -> None:
        if kind == VOLUMES:
            os.kill(os.getpid(), signal.SIGKILL)

    _, sessions = connect(database_url)
    scan(sessions, provider(), Vault(Fernet.generate_key()), CLOUD, progress=progress)


def cut_off(database_url: str) -> None:
    process = get_context("spawn").Process(target=scan_until_killed, args=(database_url,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def parts(site: Site) -> dict[str, ScanPartRow]:
    with site.sessions() as session:
        return {row.type: row for row in session.scalars(select(ScanPartRow))}


def drifted(site: Site, stack: int) -> set[str]:
    """A volume is renamed and a server deleted by hand; what a scan must say of that."""
    volume = site.resource(stack, "Volume", "db-1-data")
    site.hand.block_storage.update_volume(volume.physical_id, name="renamed-by-hand")
    site.hand.compute.delete_server(site.resource(stack, "Instance").physical_id)
    return {"changed db-1-data", "missing db-1", "missing db-1-data-attach"}


def test_it_is_taken_up_at_the_kinds_it_was_at(site: Site, stack: int, database_url: str) -> None:
    expected = drifted(site, stack)
    cut_off(database_url)
    before = parts(site)
    finished = {type for type, part in before.items() if part.ended_at is not None}
    assert VOLUMES in before
    assert VOLUMES not in finished
    assert finished
    result = site.scan(fresh_for=RECENTLY)
    after = parts(site)
    assert {part.scan_id for part in before.values()} == {result.scan_id}
    assert all(after[type].started_at == before[type].started_at for type in finished)
    assert after[VOLUMES].started_at > before[VOLUMES].started_at
    assert {f"{one.verdict} {one.urn.rpartition('::')[2]}" for one in result.findings} == expected
    assert result.complete
    assert result.counts[Verdict.SAME] == len(site.resources(stack)) - len(expected)
    assert sum(part.objects for part in after.values()) == result.objects


def test_what_was_seen_too_long_ago_is_looked_at_again(site: Site, stack: int, database_url: str) -> None:
    cut_off(database_url)
    result = site.scan(fresh_for=timedelta())
    with site.sessions() as session:
        cut, whole = session.scalars(select(ScanRow).order_by(ScanRow.id))
    assert (cut.ended_at, whole.id) == (None, result.scan_id)
    assert result.counts[Verdict.SAME] == len(site.resources(stack))


def test_what_a_killed_scan_found_leads_to_nothing_by_itself(site: Site, stack: int, database_url: str) -> None:
    """What no list held is unknown until a read of its own has judged it, also in the rows of a dead process."""
    drifted(site, stack)
    cut_off(database_url)
    with site.sessions() as session:
        verdicts = set(session.scalars(select(FindingRow.verdict)))
        rows = session.scalars(select(ScanRow)).all()
    assert Verdict.MISSING not in verdicts
    assert [(row.complete, row.followed_up) for row in rows] == [(False, False)]


def test_a_scan_that_somebody_is_at_is_left_to_him(site: Site, stack: int) -> None:
    began, go_on = threading.Event(), threading.Event()

    def progress(_kind: str, _count: int) -> None:
        began.set()
        assert go_on.wait(60)

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(site.scan, progress=progress)
        assert began.wait(30)
        second = site.scan(fresh_for=RECENTLY)
        go_on.set()
        assert first.result(60).scan_id != second.scan_id
    assert (second.complete, second.findings, first.result().findings) == (True, [], [])


def test_old_scans_are_forgotten_with_all_that_belongs_to_them(site: Site, stack: int) -> None:
    drifted(site, stack)
    old, new = site.scan(), site.scan()
    assert old.findings
    with site.sessions.begin() as session:
        session.get_one(ScanRow, old.scan_id).started_at -= KEPT_FOR
        forget_old(session)
    with site.sessions() as session:
        assert list(session.scalars(select(ScanRow.id))) == [new.scan_id]
        for table in (ScanPartRow, FindingRow):
            assert set(session.scalars(select(table.scan_id))) == {new.scan_id}


def test_each_kind_tells_how_far_it_is(site: Site, stack: int) -> None:
    site.seed_volumes(2300)
    seen: list[tuple[str, int, int, int]] = []

    def progress(kind: str, count: int) -> None:
        part = parts(site)[kind]
        seen.append((kind, part.pages, part.objects, count))

    result = site.scan(progress=progress)
    assert {kind for kind, *_ in seen} == {kind.token for kind in site.provider.kinds()}
    assert all(objects == count for _, _, objects, count in seen)
    assert [pages for kind, pages, _, _ in seen if kind == VOLUMES][:3] == [1, 2, 3]
    assert result.objects == sum(part.objects for part in parts(site).values())
    assert {kind.type: kind.objects for kind in result.kinds} == {
        type: part.objects for type, part in parts(site).items()
    }


def test_a_kind_that_could_not_be_listed_says_which_page_failed(site: Site, stack: int) -> None:
    site.seed_volumes(1500)
    rule = {"service": "volume", "method": "GET", "path": "/volumes/detail", "query": "marker=", "count": None}
    site.fault("status", status=500, **rule)
    result = site.scan()
    problem = parts(site)[VOLUMES].problem
    assert problem.startswith("page 2, after 1000 objects: ")
    assert "GET /volumes/detail" in problem
    assert "500" in problem
    assert f"{VOLUMES}: {problem}" in result.incomplete
    assert [(kind.pages, kind.objects, kind.problem) for kind in result.kinds if kind.type == VOLUMES] == [
        (1, 1000, problem)
    ]
    assert {one.type for one in found(result, Verdict.UNKNOWN).values()} <= {
        VOLUMES,
        "openstack:compute/volumeAttach:VolumeAttach",
    }
    assert parts(site)["openstack:compute/instance:Instance"].problem == ""
