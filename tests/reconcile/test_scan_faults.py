"""A cloud that fails while it is read: what was not seen is unknown, never missing, never an orphan (invariant 3)."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from controller.domain.errors import YunguanError
from controller.domain.spec import ServerType
from controller.reconcile.scan import ScanResult, scan
from controller.reconcile.verdict import Verdict
from controller.store.engine import ResourceRow, StackRow
from controller.store.reconcile import ScanRow
from tests.reconcile.site import Site, found, provider

SERVERS = {"service": "compute", "method": "GET", "path": "/servers/detail", "count": None}
VOLUMES = {"service": "volume", "method": "GET", "path": "/volumes/detail", "count": None}


@pytest.fixture
def stack(site: Site) -> int:
    return site.applied()


def assert_nothing_concluded(site: Site, stack: int, result: ScanResult) -> None:
    """Nothing is missing, nothing an orphan, and following it up changes nothing and asks for nothing."""
    assert site.faults_fired() > 0
    assert not found(result, Verdict.MISSING)
    assert not found(result, Verdict.ORPHAN)
    assert site.follow(result) == []
    assert not any(row.missing or row.pending_delete for row in site.resources(stack))
    assert site.incidents() == []


def test_a_service_that_fails_leaves_its_resources_unknown(site: Site, stack: int) -> None:
    site.fault("status", status=500, **SERVERS)
    result = site.scan()
    assert not result.complete
    assert any("Instance" in reason and "500" in reason for reason in result.incomplete)
    assert "db-1" in found(result, Verdict.UNKNOWN)
    assert result.counts[Verdict.SAME] > 0
    assert_nothing_concluded(site, stack, result)


def test_a_service_that_fails_for_a_moment_is_read_again(site: Site, stack: int) -> None:
    site.fault("status", status=503, **{**SERVERS, "count": 2})
    site.fault("status", status=429, seconds=0.1, **{**VOLUMES, "count": 1})
    result = site.scan()
    assert site.faults_fired() == 3
    assert (result.complete, result.findings) == (True, [])


def test_connections_that_break_leave_its_resources_unknown(site: Site, stack: int) -> None:
    site.fault("close_before", **VOLUMES)
    result = site.scan()
    assert set(found(result, Verdict.UNKNOWN)) == {"db-1-boot", "db-1-data", "db-1-data-attach"}
    assert_nothing_concluded(site, stack, result)


@pytest.mark.parametrize("served", [SERVERS, VOLUMES], ids=["servers", "volumes"])
def test_an_empty_list_is_not_believed(site: Site, stack: int, served: dict[str, Any]) -> None:
    """The list says that there is nothing; a read of each one says that it is there."""
    site.fault("empty_page", **served)
    assert_nothing_concluded(site, stack, site.scan())


@pytest.mark.parametrize("page", [1, 2])
def test_a_chain_of_pages_that_breaks_is_not_the_end(site: Site, stack: int, page: int) -> None:
    site.seed_volumes(2300)
    site.fault("break_chain", **{**VOLUMES, "nth": page, "count": 1})
    result = site.scan()
    assert site.faults_fired() == 1
    assert result.complete
    assert {one.verdict for one in result.findings} == {Verdict.ORPHAN}
    assert len(result.findings) == 2300


def test_a_token_that_expires_in_the_middle_is_renewed(site: Site, stack: int) -> None:
    site.fault("expire_token", **{**SERVERS, "count": 1})
    result = site.scan()
    assert site.faults_fired() == 1
    assert (result.complete, result.findings) == (True, [])


def test_a_cloud_that_lets_nobody_in_is_unknown_as_a_whole(site: Site, stack: int) -> None:
    site.fault("status", status=401, service=".*", count=None)
    result = site.scan()
    assert result.counts == {
        Verdict.SAME: 0,
        Verdict.CHANGED: 0,
        Verdict.MISSING: 0,
        Verdict.ORPHAN: 0,
        Verdict.UNKNOWN: len(site.resources(stack)),
    }
    assert_nothing_concluded(site, stack, result)


def test_a_cloud_that_is_not_there_is_unknown_as_a_whole(
    site: Site, stack: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{probe.getsockname()[1]}"
    path = tmp_path / "clouds.yaml"
    path.write_text(site.simulated.clouds_yaml.read_text().replace(site.simulated.url, nowhere))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    result = scan(site.sessions, provider(), site.vault, "sandbox")
    (reason,) = result.incomplete
    assert reason.startswith("every kind: the cloud did not let us in")
    assert result.api_calls == 0
    assert len(found(result, Verdict.UNKNOWN)) == result.counts[Verdict.UNKNOWN] == len(site.resources(stack))
    assert len(result.findings) == result.counts[Verdict.UNKNOWN]
    assert site.follow(result) == []


def test_missing_needs_a_read_of_its_own(site: Site, stack: int) -> None:
    """The server is gone, but the read that would prove it fails: it is unknown, and the scan incomplete."""
    server = site.resource(stack, "Instance")
    site.hand.compute.delete_server(server.physical_id)
    site.fault(
        "status", status=500, service="compute", method="GET", path=f"/servers/{server.physical_id}$", count=None
    )
    result = site.scan()
    assert "db-1" in found(result, Verdict.UNKNOWN)
    assert any(server.physical_id in reason for reason in result.incomplete)
    assert "db-1" not in found(result, Verdict.MISSING)


def test_the_credentials_of_another_project_see_nothing_and_conclude_nothing(site: Site, stack: int) -> None:
    """Every list is whole and empty, every read would be a 404: still nothing is missing, marked or made again."""
    with site.sessions.begin() as session:
        session.get_one(StackRow, stack).cloud = "sandbox-alt"
        session.execute(update(ResourceRow).values(cloud="sandbox-alt"))
    site.forget_counts()
    result = site.scan("sandbox-alt")
    assert len(found(result, Verdict.UNKNOWN)) == len(site.resources(stack))
    (reason,) = result.incomplete
    assert "another project" in reason
    assert site.follow(result) == []
    assert not any(row.missing for row in site.resources(stack))
    site.look(stack)
    assert site.changes_made() == 0


def test_a_cloud_that_nobody_knows_is_wrong_use(site: Site, stack: int) -> None:
    with pytest.raises(YunguanError, match="atlantis") as refusal:
        site.scan("atlantis")
    assert refusal.value.exit_code == 2
    with site.sessions() as session:
        assert session.scalars(select(ScanRow)).all() == []


def test_a_single_system_among_others_may_be_gone_as_a_whole(site: Site, stack: int) -> None:
    """Then others were seen by the same credentials: it is missing, and the guard leaves it to a person."""
    other = site.applied(site.system(site.machine("mid-1", ServerType.MID), name="exchange"))
    site.hand.compute.delete_server(site.resource(other, "Instance").physical_id)
    assert "mid-1" in found(site.scan(), Verdict.MISSING)
