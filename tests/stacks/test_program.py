"""SystemSpec → the resources that the program registers, for each server type, cluster and kind of zone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pytest

from controller.domain.spec import Phase, Power, ServerType, SystemSpec
from controller.providers.registry import KINDS
from tests.specs import WINDOWS, machine, placement, system
from tests.stacks.recording import Recording

Run = Callable[[SystemSpec], Recording]

WEB_CLUSTER = (
    machine("web-1", ServerType.WEB, cluster="c1"),
    machine("web-2", ServerType.WEB, cluster="c1"),
)


def kinds(recording: Recording) -> Counter[str]:
    return Counter(one.type.rsplit(":", 1)[1] for one in recording.resources)


@pytest.mark.parametrize("role", list(ServerType))
def test_a_machine_of_any_type_is_port_boot_volume_and_server(run: Run, role: ServerType) -> None:
    found = kinds(run(system(machine("m-1", role), place=placement(outside=False))))
    assert found["Port"] == found["Volume"] == found["Instance"] == 1
    assert found["VolumeAttach"] == found["LoadBalancer"] == found["FloatingIp"] == found["ServerGroup"] == 0


def test_a_server_boots_from_its_own_volume_which_outlives_it(run: Run) -> None:
    recording = run(system(machine("app-1", ServerType.APP)))
    server, volume = recording.of("Instance")["app-1"], recording.of("Volume")["app-1-boot"]
    assert server["blockDevices"] == [
        {
            "uuid": "app-1-boot-id",
            "sourceType": "volume",
            "destinationType": "volume",
            "bootIndex": 0,
            "deleteOnTermination": False,
        }
    ]
    assert server["networks"] == [{"port": "app-1-port-id"}]
    assert server["flavorId"] == "flavor-8-16"
    assert (volume["size"], volume["imageId"], volume["volumeType"]) == (60, "image-linux", "ssd")


def test_a_data_disk_is_a_volume_without_image_attached_to_its_server(run: Run) -> None:
    recording = run(system(machine("dat-1", ServerType.DAT, data_disk_gb=300)))
    assert recording.of("Volume")["dat-1-data"]["size"] == 300
    assert "imageId" not in recording.of("Volume")["dat-1-data"]
    assert recording.of("VolumeAttach")["dat-1-data-attach"] == {"instanceId": "dat-1-id", "volumeId": "dat-1-data-id"}


@pytest.mark.parametrize(("power", "state"), [(Power.RUNNING, "active"), (Power.STOPPED, "shutoff")])
def test_a_stopped_system_keeps_its_resources_and_its_servers_are_shut_off(run: Run, power: Power, state: str) -> None:
    recording = run(system(*WEB_CLUSTER, power=power))
    assert {inputs["powerState"] for inputs in recording.of("Instance").values()} == {state}
    assert kinds(recording) == kinds(run(system(*WEB_CLUSTER)))


def test_members_of_a_cluster_group_share_no_host(run: Run) -> None:
    recording = run(system(*WEB_CLUSTER, machine("app-1", ServerType.APP)))
    assert recording.of("ServerGroup") == {"c1-apart": {"name": "caiwu-internet-c1-apart", "policies": "anti-affinity"}}
    hints = {name: inputs.get("schedulerHints") for name, inputs in recording.of("Instance").items()}
    assert hints == {"web-1": [{"group": "c1-apart-id"}], "web-2": [{"group": "c1-apart-id"}], "app-1": None}


def test_a_web_cluster_is_served_on_both_ports_by_all_its_machines(run: Run) -> None:
    recording = run(system(*WEB_CLUSTER))
    ports = {(one["protocol"], one["protocolPort"]) for one in recording.of("Listener").values()}
    assert ports == {("HTTP", 80), ("HTTPS", 443)}
    assert kinds(recording)["Pool"] == kinds(recording)["Monitor"] == 2
    assert sorted(recording.of("Member")) == [
        "c1-web-http-web-1",
        "c1-web-http-web-2",
        "c1-web-https-web-1",
        "c1-web-https-web-2",
    ]
    assert recording.of("LoadBalancer")["c1-web"]["vipPortId"] == "c1-web-vip-id"


def test_an_app_cluster_has_a_balancer_without_an_address_outside(run: Run) -> None:
    recording = run(system(*(machine(f"app-{n}", ServerType.APP, cluster="c1") for n in (1, 2))))
    assert [one["protocolPort"] for one in recording.of("Listener").values()] == [8080]
    assert not recording.of("FloatingIp")


@pytest.mark.parametrize("role", [ServerType.DAT, ServerType.MID, ServerType.FTP, ServerType.TST, ServerType.OTH])
def test_clusters_of_other_types_have_no_balancer(run: Run, role: ServerType) -> None:
    recording = run(system(*(machine(f"m-{n}", role, cluster="c1") for n in (1, 2))))
    assert not recording.of("LoadBalancer")
    assert len(recording.of("ServerGroup")) == 1


def test_a_cluster_of_two_types_has_one_balancer_for_each_and_one_server_group(run: Run) -> None:
    mixed = system(*WEB_CLUSTER, *(machine(f"app-{n}", ServerType.APP, cluster="c1") for n in (1, 2)))
    recording = run(mixed)
    assert sorted(recording.of("LoadBalancer")) == ["c1-app", "c1-web"]
    assert list(recording.of("ServerGroup")) == ["c1-apart"]


def test_an_address_outside_leads_to_a_lone_web_machine_or_a_web_balancer_only(run: Run) -> None:
    recording = run(system(*WEB_CLUSTER, machine("web-9", ServerType.WEB), machine("app-1", ServerType.APP)))
    associated = {one["portId"] for one in recording.of("FloatingIpAssociate").values()}
    assert associated == {"web-9-port-id", "c1-web-vip-id"}
    assert {one["pool"] for one in recording.of("FloatingIp").values()} == {"ext-internet"}


def test_a_zone_that_only_routes_has_a_gateway_and_no_addresses(run: Run) -> None:
    recording = run(system(*WEB_CLUSTER, place=placement(floating_ips=False)))
    assert recording.of("Router")["router"]["externalNetworkId"] == "net-ext"
    assert not recording.of("FloatingIp")


def test_a_closed_zone_has_no_gateway(run: Run) -> None:
    recording = run(system(*WEB_CLUSTER, place=placement(outside=False)))
    assert "externalNetworkId" not in recording.of("Router")["router"]
    assert not recording.of("FloatingIp")


def test_everything_that_can_bear_tags_says_who_pays_for_it(run: Run) -> None:
    recording = run(system(*WEB_CLUSTER, machine("dat-1", ServerType.DAT, data_disk_gb=10), phase=Phase.TRIAL))
    tagged = (
        "Network",
        "Subnet",
        "Router",
        "SecGroup",
        "Port",
        "FloatingIp",
        "LoadBalancer",
        "Listener",
        "Pool",
        "Member",
    )
    expected = {
        "yunguan_unit=caizhengju",
        "yunguan_system=caiwu",
        "yunguan_stack=liuzhou/caizhengju/caiwu.internet",
        "yunguan_phase=trial",
    }
    for kind in tagged:
        assert recording.of(kind), kind
        for name, inputs in recording.of(kind).items():
            assert expected < set(inputs["tags"]), name
            assert len(inputs["tags"]) == len(expected) + 1, name
    for kind in ("Instance", "Volume"):
        for name, inputs in recording.of(kind).items():
            assert {f"{key}={value}" for key, value in inputs["metadata"].items()} > expected, name


def test_every_name_is_given_and_no_two_resources_share_type_and_name(run: Run) -> None:
    spec = system(*WEB_CLUSTER, *(machine(f"{role.lower()}-5", role, data_disk_gb=5) for role in ServerType))
    recording = run(spec)
    keys = Counter((one.type, one.name) for one in recording.resources)
    assert max(keys.values()) == 1
    nameless = ("SecGroupRule", "RouterInterface", "VolumeAttach", "FloatingIp", "FloatingIpAssociate", "System")
    for one in recording.resources:
        if not one.type.endswith(tuple(f":{kind}" for kind in nameless)) and not one.type.startswith("pulumi:"):
            assert one.inputs["name"] == f"caiwu-internet-{one.name}"


def test_the_same_spec_registers_the_same_resources(run: Run) -> None:
    def registered(recording: Recording) -> list[str]:
        return sorted(json.dumps([one.type, one.name, one.inputs], sort_keys=True) for one in recording.resources)

    spec = system(*WEB_CLUSTER, machine("dat-1", ServerType.DAT, data_disk_gb=300))
    assert registered(run(spec)) == registered(run(spec))


def test_every_kind_accepts_what_the_program_asks_and_finds_it_as_desired(run: Run) -> None:
    """The program against the kinds' own checks: no unknown or missing input, nothing that would differ at once."""
    machines = [
        machine(f"{role.lower()}-{number}", role, cluster=f"c-{role.lower()}", data_disk_gb=10)
        for role in ServerType
        for number in (1, 2)
    ]
    recording = run(
        system(*machines, machine("web-9", ServerType.WEB), machine("win-1", ServerType.OTH, image=WINDOWS))
    )
    kinds_of = {kind.token: kind for kind in KINDS}
    asked = [one for one in recording.resources if one.type in kinds_of]
    assert len(asked) == len([one for one in recording.resources if one.type.startswith("openstack:")]) > 150
    for one in asked:
        kind = kinds_of[one.type]
        checked = kind.check(one.inputs)
        assert not checked.failures, one
        assert not kind.diff(checked.inputs, kind.desired(checked.inputs), checked.inputs).changes, one
