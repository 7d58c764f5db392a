"""openstack:networking/routerInterface:RouterInterface. Source: Networking API v2.0, "Routers".

Its natural key is the router with the subnet (or port). The resource's id is that of the port which joins them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controller.engine.properties import PropertyMap, revealed
from controller.engine.provider import Carrier, Failure, Observation, Rejected, Scope
from controller.providers.fields import Field
from controller.providers.openstack.budget import Priority
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.networking import NetworkingKind
from controller.providers.openstack.path import path_to

_OWNERS = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)


class RouterInterface(NetworkingKind):
    token = "openstack:networking/routerInterface:RouterInterface"  # noqa: S105
    carrier = Carrier.NATURAL
    path, key, plural = "/ports", "port", "ports"
    delete_before_replace = True
    fields = (
        Field("routerId", "device_id", required=True, replaces=True),
        Field("subnetId", replaces=True),
        Field("portId", replaces=True, observed=False),
    )

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        given = [name for name in ("subnetId", "portId") if inputs.get(name) is not None]
        return () if len(given) == 1 else (Failure("subnetId", "exactly one of subnetId and portId is required"),)

    def create(self, cloud: Cloud, inputs: PropertyMap, identity: str) -> Observation:
        plain = revealed(inputs)
        try:
            answer = self._send(cloud, "PUT", _action(plain["routerId"], "add"), _what(plain), plain)
        except Rejected as error:
            # The router may hold this subnet already: natural keys are adopted, since both parents are ours.
            found = self.find(cloud, identity, inputs) if error.status in (400, 409) else ()
            if found:
                return found[0]
            raise
        return self._settled(cloud, self.bare(answer["port_id"]), inputs, self.create_timeout)

    def delete(self, cloud: Cloud, id: str, inputs: PropertyMap) -> None:
        body = self._look(cloud, id)
        if body is None:
            return
        try:
            self._send(cloud, "PUT", _action(body["device_id"], "remove"), {"port_id": id}, inputs)
        except Rejected as error:
            if error.status != 404:
                raise

    def find(self, cloud: Cloud, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        plain = revealed(inputs)
        bodies = self.bodies(cloud, {"device_id": plain["routerId"]}, Priority.APPLY)
        return [self.observe(body, inputs) for body in bodies if _joins(body, plain)]

    def whose(self, cloud: Cloud, scope: Scope) -> dict[str, Any]:
        return {**super().whose(cloud, scope), "device_owner": _OWNERS}

    def fields_of(self, body: Body) -> dict[str, Any]:
        addresses = body.get("fixed_ips") or [{}]
        return super().fields_of({**body, "subnet_id": addresses[0].get("subnet_id")})

    def outputs_of(self, body: Body) -> dict[str, Any]:
        return {"portId": body["id"]}

    def owner_of(self, body: Body) -> str:
        return str(body.get("device_id") or "")

    def is_gone(self, body: Body) -> bool:
        return "device_owner" in body and body["device_owner"] not in _OWNERS


def _action(router_id: str, verb: str) -> str:
    return f"{path_to('/routers', router_id)}/{verb}_router_interface"


def _what(plain: PropertyMap) -> Body:
    return {"port_id": plain["portId"]} if plain.get("portId") else {"subnet_id": plain["subnetId"]}


def _joins(body: Body, plain: PropertyMap) -> bool:
    if plain.get("portId"):
        return bool(body["id"] == plain["portId"])
    return any(address["subnet_id"] == plain["subnetId"] for address in body.get("fixed_ips") or ())
