"""Whatever is done to servers, ports and volumes, in whatever order: each side of a tie knows of the other.

The handlers are called in this process, as the server calls them, so that thousands of sequences can be tried.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sandbox.cloud.caller import Caller
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import BadRequest, Conflict, Forbidden, NotFound
from sandbox.cloud.identity.state import IdentityState
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call
from sandbox.cloud.services import SERVICES
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.world import World

WORLD = World(SERVICES)
WORLD.url = "http://cloud"
WORLD.boot()
CHOICE = st.integers(0, 9)


class CloudMachine(RuleBasedStateMachine):
    """A member makes, ties, unties and deletes; refusals are part of the game."""

    @initialize()
    def boot(self) -> None:
        WORLD.reset()
        project = WORLD[IdentityState].projects.first(name="demo")
        assert project is not None
        self.caller = Caller("member", project_id=project["id"], roles=frozenset({"member"}))
        self.network = self._do("network", "POST", "/v2.0/networks", {"network": {}})["network"]["id"]
        subnet = {"network_id": self.network, "cidr": "10.9.0.0/24", "ip_version": 4}
        self._do("network", "POST", "/v2.0/subnets", {"subnet": subnet})
        self.image = self._do("image", "GET", "/v2/images")["images"][0]["id"]

    @rule(ports=st.lists(CHOICE, max_size=2), volumes=st.lists(CHOICE, max_size=2), ends=st.booleans())
    def make_server(self, ports: list[int], volumes: list[int], ends: bool) -> None:
        networks: list[Any] = [{"port": one["id"]} for one in self._pick(self._ports(), ports)]
        networks.append({"uuid": self.network})
        root = {"source_type": "image", "uuid": self.image, "destination_type": "volume", "volume_size": 80}
        mappings: list[Any] = [{**root, "boot_index": 0, "delete_on_termination": ends}]
        mappings += [
            {"source_type": "volume", "uuid": one["id"], "destination_type": "volume", "boot_index": -1}
            for one in self._pick(self._volumes(), volumes)
        ]
        server = {"name": "s", "flavorRef": "yg.c4m32", "networks": networks, "block_device_mapping_v2": mappings}
        self._do("compute", "POST", "/v2.1/servers", {"server": server})

    @rule(which=CHOICE)
    def delete_server(self, which: int) -> None:
        for server in self._pick(self._servers(), [which]):
            self._do("compute", "DELETE", f"/v2.1/servers/{server['id']}")

    @rule()
    def make_port(self) -> None:
        self._do("network", "POST", "/v2.0/ports", {"port": {"network_id": self.network}})

    @rule()
    def make_volume(self) -> None:
        self._do("volume", "POST", f"/v3/{self.caller.project_id}/volumes", {"volume": {"size": 1}})

    @rule(which=CHOICE)
    def delete_port(self, which: int) -> None:
        for port in self._pick(self._ports(), [which]):
            self._do("network", "DELETE", f"/v2.0/ports/{port['id']}")

    @rule(which=CHOICE)
    def delete_volume(self, which: int) -> None:
        for volume in self._pick(self._volumes(), [which]):
            self._do("volume", "DELETE", f"/v3/{self.caller.project_id}/volumes/{volume['id']}")

    @rule(server=CHOICE, volume=CHOICE, detach=st.booleans())
    def tie_volume(self, server: int, volume: int, detach: bool) -> None:
        for one, other in zip(
            self._pick(self._servers(), [server]), self._pick(self._volumes(), [volume]), strict=False
        ):
            path = f"/v2.1/servers/{one['id']}/os-volume_attachments"
            if detach:
                self._do("compute", "DELETE", f"{path}/{other['id']}")
            else:
                self._do("compute", "POST", path, {"volumeAttachment": {"volumeId": other["id"]}})

    @rule(server=CHOICE, port=CHOICE, detach=st.booleans())
    def tie_port(self, server: int, port: int, detach: bool) -> None:
        for one, other in zip(self._pick(self._servers(), [server]), self._pick(self._ports(), [port]), strict=False):
            path = f"/v2.1/servers/{one['id']}/os-interface"
            if detach:
                self._do("compute", "DELETE", f"{path}/{other['id']}")
            else:
                self._do("compute", "POST", path, {"interfaceAttachment": {"port_id": other["id"]}})

    @invariant()
    def a_volume_is_in_use_where_a_server_has_it(self) -> None:
        tied = {(server["id"], note["volume_id"]) for server in self._servers() for note in server["attachments"]}
        for volume in self._volumes():
            holders = {server for server, identifier in tied if identifier == volume["id"]}
            assert volume["status"] == ("in-use" if holders else "available")
            assert {one["server_id"] for one in volume["attachments"]} == holders
        assert {identifier for _, identifier in tied} <= {volume["id"] for volume in self._volumes()}

    @invariant()
    def a_port_has_the_server_that_has_it(self) -> None:
        tied = {(server["id"], note["port_id"]) for server in self._servers() for note in server["ports"]}
        owned = {
            (port["device_id"], port["id"]) for port in self._ports() if port["device_owner"].startswith("compute:")
        }
        assert owned == {pair for pair in tied if pair[1] in {port["id"] for port in self._ports()}}

    def _do(self, service: str, method: str, path: str, body: object = None) -> Any:
        """What the service answers, or nothing where it refuses."""
        chosen = next(one for one in SERVICES if one.name == service)
        content = b"" if body is None else json.dumps(body).encode()
        call = Call(WORLD, chosen, method, path, {}, {}, content, self.caller, (2, 90))
        route, call.params = chosen.routes.find(method, path)
        try:
            answer = route.answer(call).document
        except (BadRequest, Forbidden, NotFound, Conflict):
            answer = None
        WORLD.transitions.settle()
        return answer

    @staticmethod
    def _pick(kept: list[Any], numbers: list[int]) -> list[Any]:
        return [kept[number % len(kept)] for number in numbers] if kept else []

    def _servers(self) -> list[Any]:
        return WORLD[ComputeState].servers.where(project_id=self.caller.project_id)

    def _ports(self) -> list[Any]:
        return WORLD[NetworkState].ports.where(project_id=self.caller.project_id)

    def _volumes(self) -> list[Any]:
        return WORLD[VolumeState].volumes.where(project_id=self.caller.project_id)


TestCloud = CloudMachine.TestCase
TestCloud.settings = settings(max_examples=60, stateful_step_count=30)
