"""The functions of pulumi-openstack against the simulated cloud, their answers against the SDK's own result types."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, get_args

import pytest
from pulumi import _types
from pulumi.runtime import rpc

from controller.domain.errors import Refused, WrongUse
from controller.engine import wire
from controller.engine.provider import NoAnswer
from controller.providers.openstack.functions.table import FUNCTIONS
from tests.contract import cases
from tests.contract.world import World


def asked(world: World, function: str, **args: Any) -> Mapping[str, Any]:
    """The answer of `openstack:<function>` (module/name)."""
    name = function.rpartition("/")[2]
    return world.provider.invoke(f"openstack:{function}:{name}", args, world.cloud)


def result_type(token: str) -> type:
    """The SDK's class of what the function of `token` answers."""
    module, name = token.split(":")[1].split("/")
    result: type = getattr(import_module(f"pulumi_openstack.{module}"), f"{name[0].upper()}{name[1:]}Result")
    return result


def everything(world: World) -> dict[str, Mapping[str, Any]]:
    """A question for each function, all of which have an answer in this world."""
    server, volume, port = cases.server(world), cases.volume(world, "asked"), cases.port(world)
    network, subnet, router, group = (
        cases.network(world),
        cases.subnet(world),
        cases.router(world),
        cases.group(world),
    )
    floating = world.make(cases.FLOATING_IP, {"pool": "public", "description": "for asking"})
    keypair = world.make(cases.KEYPAIR, {"name": "asked", "publicKey": cases.PUBLIC_KEY})
    return {
        "openstack:images/getImage:getImage": {"name": "CentOS 7.9", "mostRecent": True},
        "openstack:images/getImageIds:getImageIds": {"nameRegex": "^CentOS", "sort": "name:asc"},
        "openstack:compute/getFlavor:getFlavor": {"name": "yg.c1m1"},
        "openstack:compute/getKeypair:getKeypair": {"name": keypair.id},
        "openstack:compute/getInstanceV2:getInstanceV2": {"id": server.id},
        "openstack:compute/getAvailabilityZones:getAvailabilityZones": {},
        "openstack:networking/getNetwork:getNetwork": {"networkId": network.id},
        "openstack:networking/getSubnet:getSubnet": {"subnetId": subnet.id},
        "openstack:networking/getSubnetIdsV2:getSubnetIdsV2": {"networkId": network.id},
        "openstack:networking/getRouter:getRouter": {"routerId": router.id},
        "openstack:networking/getPort:getPort": {"portId": port.id},
        "openstack:networking/getFloatingIp:getFloatingIp": {"address": floating.outputs["address"]},
        "openstack:networking/getSecGroup:getSecGroup": {"secgroupId": group.id},
        "openstack:blockstorage/getVolumeV3:getVolumeV3": {"name": volume.name},
        "openstack:identity/getProject:getProject": {"projectId": world.cloud.project_id},
        "openstack:identity/getAuthScope:getAuthScope": {"name": "me"},
    }


def assert_as_the_sdk_says(answer: Mapping[str, Any], type_: type) -> None:
    """Every output that the SDK promises is there, of its type, and none that it does not know; nested ones, too."""
    known = _types.output_type_types(type_)
    assert answer.keys() <= known.keys(), type_
    promised = {name for name, value in answer.items() if value is not None}
    assert _types._required_property_names(type_) <= promised, type_
    for name, value in answer.items():
        items = value if isinstance(value, list) else [value]
        for below in get_args(known[name]):
            if _types.is_output_type(below):
                for item in items:
                    assert_as_the_sdk_says(item, below)
    rpc.translate_output_properties(rpc.deserialize_properties(wire.encode(answer)), lambda name: name, type_)


def test_every_function_answers_as_the_sdk_says(world: World) -> None:
    questions = everything(world)
    assert questions.keys() == FUNCTIONS.keys()
    for token, args in questions.items():
        answer = world.provider.invoke(token, args, world.cloud)
        assert_as_the_sdk_says(answer, result_type(token))
        assert args.items() <= answer.items()
        assert "[yg-" not in str(answer), "an identity is nobody's business"
        assert "yunguan_identity" not in str(answer)


def test_answers_are_those_of_what_was_asked_for(world: World) -> None:
    server = cases.server(world)
    found = asked(world, "compute/getInstanceV2", id=server.id)
    assert (
        found["flavorName"]
        == world.provider.invoke("openstack:compute/getFlavor:getFlavor", {"flavorId": found["flavorId"]}, world.cloud)[
            "name"
        ]
    )
    port = asked(world, "networking/getPort", deviceId=server.id)
    assert [(one["port"], one["uuid"]) for one in found["networks"]] == [(port["id"], port["networkId"])]
    assert found["networks"][0]["fixedIpV4"] in port["allFixedIps"]
    network = asked(world, "networking/getNetwork", networkId=port["networkId"])
    subnet = asked(world, "networking/getSubnet", networkId=network["id"])
    assert network["subnets"] == [subnet["id"]]
    assert asked(world, "networking/getNetwork", matchingSubnetCidr=subnet["cidr"])["id"] == network["id"]
    assert asked(world, "networking/getSubnetIdsV2", networkId=network["id"])["ids"] == [subnet["id"]]


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ({"name": "CentOS 7.0"}, "CentOS 7.0"),
        ({"properties": {"os_distro": "kylin"}}, "Kylin V10"),
        ({"nameRegex": "^Windows"}, "Windows Server 2019"),
        ({"sizeMin": 9_000_000_000}, "Windows Server 2019"),
    ],
)
def test_images_are_found_by_name_pattern_property_and_size(world: World, args: Any, name: str) -> None:
    assert asked(world, "images/getImage", **args)["name"] == name


def test_the_newest_of_several_images_and_all_of_them_in_order(world: World) -> None:
    both = asked(world, "images/getImageIds", nameRegex="^CentOS", sort="name:desc")["ids"]
    names = [asked(world, "images/getImage", name=name)["id"] for name in ("CentOS 7.9", "CentOS 7.0")]
    assert both == names
    assert asked(world, "images/getImage", nameRegex="^CentOS", mostRecent=True)["id"] in both


@pytest.mark.parametrize(
    ("function", "args", "message"),
    [
        ("images/getImage", {"name": "OS/2 Warp"}, "no result"),
        ("images/getImage", {"name": "OS/2 Warp"}, "name='OS/2 Warp'"),
        ("images/getImage", {"nameRegex": "^CentOS"}, "2 results"),
        ("compute/getFlavor", {"vcpus": 4}, "results"),
        ("compute/getKeypair", {"name": "nobody's"}, "no keypair nobody's"),
        ("compute/getInstanceV2", {"id": "12345678-1234-1234-1234-123456789012"}, "no server"),
        ("networking/getNetwork", {"name": "nowhere"}, "no result"),
        ("identity/getProject", {"name": "nobody"}, "no projects"),
    ],
)
def test_none_or_several_is_told_to_the_program(world: World, function: str, args: Any, message: str) -> None:
    with pytest.raises(NoAnswer, match=message):
        asked(world, function, **args)


def test_what_is_not_obeyed_is_refused_by_name(world: World) -> None:
    with pytest.raises(Refused, match="memberStatus"):
        asked(world, "images/getImage", memberStatus="all")
    with pytest.raises(Refused, match="region Atlantis"):
        asked(world, "networking/getNetwork", name="public", region="Atlantis")
    with pytest.raises(Refused, match="setTokenId"):
        asked(world, "identity/getAuthScope", name="me", setTokenId=True)
    with pytest.raises(WrongUse, match="getQosPolicy"):
        asked(world, "networking/getQosPolicy", name="x")


@pytest.mark.parametrize("pattern", ["[", "*", "(?P<a"])
def test_a_pattern_that_is_none_is_refused_by_its_text(world: World, pattern: str) -> None:
    with pytest.raises(WrongUse, match="is no regular expression") as refused:
        asked(world, "images/getImageIds", nameRegex=pattern)
    assert repr(pattern) in refused.value.message
    assert refused.value.remedy
