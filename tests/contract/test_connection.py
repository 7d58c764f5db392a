"""The connection: what an answer of the cloud becomes, and what is never done twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest

from controller.domain.errors import Refused
from controller.engine.provider import Incomplete, Rejected, Uncertain, sending_only_if
from controller.providers.openstack.connection import Cloud, ProviderSettings
from tests.contract import cases
from tests.contract.world import World
from tests.waiting import until

HURRIED = ProviderSettings(request_timeout=0.3, patience=0.5, retry_seconds=0.01)


def test_a_request_that_takes_too_long_is_uncertain_and_sent_once(world: World) -> None:
    """Its effect comes late: what was uncertain is there after all."""
    cloud = Cloud("sandbox", HURRIED)
    assert cloud.get("network", "/networks") is not None
    world.simulated.ask("DELETE", "/counts")
    before = world.objects()["network"]
    world.fault(action="latency", seconds=1.0, service="network", method="POST")
    with pytest.raises(Uncertain, match="POST /networks"):
        cloud.send("network", "POST", "/networks", {"network": {"name": "late"}})
    until(lambda: world.objects()["network"] > before, "the late network is there")
    assert world.objects()["network"] == before + 1
    assert world.simulated.ask("GET", "/counts")["mutating"] == 1
    world.simulated.ask("POST", "/reset")


def test_a_read_that_takes_too_long_is_incomplete(world: World) -> None:
    cloud = Cloud("sandbox", HURRIED)
    world.fault(action="latency", seconds=1.0, service="network", method="GET", path="/networks", count=None)
    with pytest.raises(Incomplete, match="GET /networks"):
        cloud.get("network", "/networks")


def fail_reads(world: World, cloud: Cloud) -> int:
    """From now on reads of networks fail; how many calls the connection has made so far."""
    assert cloud.get("network", "/networks") is not None
    world.fault(action="status", status=500, service="network", method="GET", path="/networks", count=None)
    return cloud.calls_made


def test_a_read_that_fails_is_tried_again(world: World) -> None:
    cloud = Cloud("sandbox", HURRIED)
    before = fail_reads(world, cloud)
    with pytest.raises(Incomplete, match="HTTP 500"):
        cloud.get("network", "/networks")
    assert cloud.calls_made - before == 5


def test_it_is_not_once_the_process_was_told_to_end(world: World) -> None:
    cloud, stopping = Cloud("sandbox", replace(HURRIED, retry_seconds=20.0)), Event()
    before = fail_reads(world, cloud)

    def stop() -> None:
        until(lambda: cloud.calls_made > before, "the first try is made")
        stopping.set()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(stop)
        with sending_only_if(lambda: None, until=stopping), pytest.raises(Incomplete, match="HTTP 500"):
            cloud.get("network", "/networks")
    assert cloud.calls_made - before == 1


def test_what_does_not_exist_is_none_and_what_is_refused_is_rejected_with_the_clouds_words(world: World) -> None:
    assert world.cloud.get("network", "/networks/nothing") is None
    with pytest.raises(Rejected, match="cidr") as refusal:
        world.cloud.send("network", "POST", "/subnets", {"subnet": {"network_id": cases.network(world).id}})
    assert refusal.value.status == 400
    assert refusal.value.where == "sandbox"


def test_a_request_to_slow_down_is_obeyed_by_all_threads(world: World) -> None:
    world.cloud.get("network", "/networks")
    world.fault(action="status", status=429, seconds=1, service="network", method="GET", path="/networks")
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: world.cloud.get("network", "/networks"), range(8)))
    assert all(answers)
    assert time.monotonic() - begun >= 1.0


def test_a_service_that_never_stops_to_slow_us_down_is_given_up(world: World) -> None:
    cloud = Cloud("sandbox", HURRIED)
    world.fault(action="status", status=429, seconds=0, service="network", method="POST", count=None)
    with pytest.raises(Rejected) as refusal:
        cloud.send("network", "POST", "/networks", {"network": {"name": "n"}})
    assert refusal.value.status == 429


def test_a_conflict_that_may_pass_is_waited_for_and_one_that_stays_is_told(world: World) -> None:
    world.fault(action="status", status=409, service="network", method="POST", path="/networks", count=3)
    assert cases.network(world).name == "net"
    subnet = {"name": "sub", "networkId": cases.network(world).id, "cidr": "10.9.0.0/24"}
    world.make(cases.SUBNET, subnet)
    with pytest.raises(Rejected, match="overlap"):
        world.make(cases.SUBNET, subnet)


def test_threads_share_a_connection(world: World) -> None:
    with ThreadPoolExecutor(32) as threads:
        made = list(threads.map(lambda n: world.make(cases.VOLUME, {"name": f"v{n}", "size": 1}), range(96)))
    listed = world.everything(world.provider.kind(cases.VOLUME))
    assert sorted(item.id for item in listed) == sorted(item.id for item in made)


def test_a_cloud_that_nobody_described_is_rejected(world: World) -> None:
    with pytest.raises(Rejected, match="nowhere"):
        Cloud("nowhere", HURRIED).send("network", "POST", "/networks", {})


def test_the_catalogue_resolves_names_and_refuses_what_is_not_offered(world: World) -> None:
    catalogue = world.catalogue
    assert catalogue.image("openEuler 22.03", 40)
    assert catalogue.flavor(3, 5).name == "yg.c4m8"
    assert catalogue.network("ext-gov") != catalogue.network("ext-internet")
    with pytest.raises(Refused, match="no image 'OS/2'"):
        catalogue.image("OS/2", 40)
    with pytest.raises(Refused, match="needs a system disk of 40 GB, 20 GB"):
        catalogue.image("openEuler 22.03", 20)
    with pytest.raises(Refused, match="no flavor has 512 vCPU"):
        catalogue.flavor(512, 1)
