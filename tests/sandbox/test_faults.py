"""Each kind of fault does to a real client what its rule says, and nothing to anybody else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from keystoneauth1 import exceptions as keystone
from openstack import exceptions
from openstack.connection import Connection

from sandbox.cloud.process import CloudError, RunningCloud

PATIENCE_SECONDS = 10.0


def _script(cloud: RunningCloud, **rule: Any) -> None:
    cloud.ask("POST", "/faults", rule)


def _fired(cloud: RunningCloud) -> list[int]:
    return [rule["fired"] for rule in cloud.ask("GET", "/faults")]


def _names(cloud: RunningCloud) -> list[str]:
    return [group["name"] for group in cloud.ask("GET", "/objects?kind=server_group")]


def _group(member: Connection, name: str = "g") -> Any:
    return member.compute.create_server_group(name=name, policy="anti-affinity")


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process to be killed, ended in any case."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_latency_delays_the_answer(cloud: RunningCloud, member: Connection) -> None:
    list(member.compute.server_groups())
    _script(cloud, action="latency", service="compute", seconds=2.0)
    with pytest.raises(keystone.ConnectTimeout):
        member.compute.get("/os-server-groups", timeout=0.5)
    assert _fired(cloud) == [1]
    assert member.compute.get("/os-server-groups").status_code == 200


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (409, exceptions.ConflictException),
        (429, exceptions.HttpException),
        (500, exceptions.HttpException),
        (503, exceptions.HttpException),
    ],
)
def test_a_status_is_answered_without_effect(
    cloud: RunningCloud, member: Connection, status: int, error: type[exceptions.HttpException]
) -> None:
    _script(cloud, action="status", service="compute", method="POST", path="/os-server-groups$", status=status)
    with pytest.raises(error) as caught:
        _group(member)
    assert caught.value.status_code == status
    assert _names(cloud) == []
    _group(member)
    assert _names(cloud) == ["g"]


def test_a_refusal_for_haste_says_when_to_come_back(cloud: RunningCloud, member: Connection) -> None:
    _script(cloud, action="status", service="compute", status=429, seconds=7, count=None)
    answer = member.session.get("/servers", endpoint_filter={"service_type": "compute"}, raise_exc=False)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "7"
    assert answer.json()["overLimit"]["retryAfter"] == "7"


def test_each_service_errs_in_its_own_form(cloud: RunningCloud, member: Connection) -> None:
    _script(cloud, action="status", status=503, service="compute|network|image", count=None)
    bodies = {}
    for service, path in (("compute", "/servers"), ("network", "/v2.0/networks"), ("image", "/v2/images")):
        bodies[service] = member.session.get(path, endpoint_filter={"service_type": service}, raise_exc=False)
    assert bodies["compute"].json()["serviceUnavailable"]["code"] == 503
    assert bodies["network"].json()["NeutronError"]["message"]
    assert bodies["image"].headers["Content-Type"].startswith("text/html")


def test_closed_before_the_effect(cloud: RunningCloud, member: Connection) -> None:
    list(member.compute.server_groups())
    _script(cloud, action="close_before", service="compute", method="POST")
    with pytest.raises(keystone.ConnectFailure):
        _group(member)
    assert _names(cloud) == []


def test_reply_lost_after_the_effect(cloud: RunningCloud, member: Connection) -> None:
    list(member.compute.server_groups())
    _script(cloud, action="lose_reply", service="compute", method="POST")
    with pytest.raises(keystone.ConnectFailure):
        _group(member)
    assert _names(cloud) == ["g"]


def test_a_list_that_is_empty_although_it_is_not(cloud: RunningCloud, member: Connection) -> None:
    _group(member)
    _script(cloud, action="empty_page", service="compute", path="/os-server-groups$")
    assert list(member.compute.server_groups()) == []
    assert [group.name for group in member.compute.server_groups()] == ["g"]


def test_a_chain_of_pages_without_its_next_link(cloud: RunningCloud, admin: Connection) -> None:
    cloud.ask("POST", "/seed", {"projects": 1, "per_project": {"server": 6}})
    first = "/servers?all_tenants=1&limit=2"
    assert "servers_links" in admin.compute.get(first).json()
    _script(cloud, action="break_chain", service="compute", query="limit=2")
    broken = admin.compute.get(first).json()
    assert "servers_links" not in broken
    assert len(broken["servers"]) == 2


def test_a_chain_of_pages_that_fails_after_the_first(cloud: RunningCloud, admin: Connection) -> None:
    cloud.ask("POST", "/seed", {"projects": 1, "per_project": {"server": 6}})
    _script(cloud, action="status", status=500, service="compute", query="marker=")
    seen = []
    with pytest.raises(exceptions.HttpException) as caught:
        seen.extend(server.id for server in admin.compute.servers(details=False, all_projects=True, limit=2))
    assert caught.value.status_code == 500
    assert len(list(admin.compute.servers(details=False, all_projects=True, limit=2))) == 6


def test_a_token_that_expires_in_the_middle(cloud: RunningCloud, member: Connection) -> None:
    token = member.auth_token
    _script(cloud, action="expire_token", service="compute", method="POST")
    _group(member)
    assert member.auth_token != token
    assert _names(cloud) == ["g"]
    assert _fired(cloud) == [1]


@pytest.mark.parametrize(("when", "expected"), [("before", []), ("after", ["g"])])
def test_a_process_is_killed_around_a_request(
    cloud: RunningCloud, member: Connection, victim: subprocess.Popen[bytes], when: str, expected: list[str]
) -> None:
    list(member.compute.server_groups())
    _script(cloud, action="kill", pid=victim.pid, when=when, service="compute", method="POST", body='"name": "g"')
    with pytest.raises(keystone.ConnectFailure):
        _group(member)
    assert victim.wait(PATIENCE_SECONDS) == -9
    assert _names(cloud) == expected


def test_a_rule_fires_from_its_nth_match_for_its_count(cloud: RunningCloud, member: Connection) -> None:
    _script(cloud, action="status", status=409, service="compute", method="POST", path="server-groups", nth=2, count=2)
    outcomes = []
    for name in "abcd":
        try:
            _group(member, name)
            outcomes.append("made")
        except exceptions.ConflictException:
            outcomes.append("refused")
    assert outcomes == ["made", "refused", "refused", "made"]
    assert _names(cloud) == ["a", "d"]


def test_a_rule_may_be_for_one_project(cloud: RunningCloud, member: Connection, admin: Connection) -> None:
    _script(cloud, action="status", status=500, service="compute", project=member.current_project_id, count=None)
    assert list(admin.compute.servers()) == []
    with pytest.raises(exceptions.HttpException):
        list(member.compute.servers())
    cloud.ask("DELETE", "/faults")
    assert list(member.compute.servers()) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "explode"},
        {"action": "status", "when": "later"},
        {"action": "kill"},
        {"action": "status", "path": "("},
        {"action": "status", "colour": "red"},
    ],
)
def test_a_rule_that_cannot_be_is_refused_and_none_is_added(cloud: RunningCloud, rule: dict[str, Any]) -> None:
    with pytest.raises(CloudError):
        cloud.ask("POST", "/faults", [{"action": "latency"}, rule])
    assert cloud.ask("GET", "/faults") == []
