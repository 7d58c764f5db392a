"""openstack:networking/floatingIpAssociate:FloatingIpAssociate. Source: Networking API v2.0, "Floating IPs" (port_id).

Its natural key is the floating IP, whose id is the resource's: associating sets the port, dissociating clears it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controller.engine.properties import PropertyMap, revealed
from controller.engine.provider import Carrier, Observation, Rejected
from controller.providers.fields import Field
from controller.providers.openstack.budget import Priority
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.floating_ip import FloatingIp
from controller.providers.openstack.forms import address
from controller.providers.openstack.identity import unsigned
from controller.providers.openstack.networking import NetworkingKind


class FloatingIpAssociation(NetworkingKind):
    token = "openstack:networking/floatingIpAssociate:FloatingIpAssociate"  # noqa: S105
    carrier = Carrier.NATURAL
    path, key, plural = "/floatingips", "floatingip", "floatingips"
    delete_before_replace = True
    fields = (
        Field("floatingIp", "floating_ip_address", required=True, replaces=True, normal=address),
        Field("portId", required=True),
        Field("fixedIp", "fixed_ip_address", normal=address),
    )

    def create(self, cloud: Cloud, inputs: PropertyMap, identity: str) -> Observation:
        """Refuses to take a floating IP away from another port: the association is then somebody else's."""
        plain = revealed(inputs)
        found = self._by_address(cloud, plain["floatingIp"])
        if found is None:
            raise Rejected(f"there is no floating IP {plain['floatingIp']}", status=404, where=cloud.name)
        if found.get("port_id") not in (None, plain["portId"]):
            text = f"floating IP {plain['floatingIp']} leads to port {found['port_id']} already"
            raise Rejected(text, status=409, where=cloud.name)
        body = {name: value for name, value in self.body_of(plain).items() if name != "floating_ip_address"}
        made = self._send(cloud, "PUT", self.member(found["id"]), {self.key: body}, plain)
        return self._settled(cloud, self.entry_of(made, plain), inputs, self.create_timeout)

    def delete(self, cloud: Cloud, id: str, inputs: PropertyMap) -> None:
        """Clears the port. One that leads to another than that of `inputs` is somebody else's by now, and stays."""
        body = self._look(cloud, id)
        if body is None or revealed(inputs).get("portId", body["port_id"]) != body["port_id"]:
            return
        try:
            self._send(cloud, "PUT", self.member(id), {self.key: {"port_id": None}}, inputs)
        except Rejected as error:
            if error.status != 404:
                raise

    def find(self, cloud: Cloud, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        plain = revealed(inputs)
        body = self._by_address(cloud, plain["floatingIp"])
        return () if body is None or body.get("port_id") != plain["portId"] else [self.observe(body, inputs)]

    def is_gone(self, body: Body) -> bool:
        """A floating IP that leads nowhere is no association."""
        return "port_id" in body and body["port_id"] is None

    def owner_of(self, body: Body) -> str:
        return str(body["id"])

    def is_by_cloud(self, body: Body) -> bool:
        """That of a floating IP which is none of ours is told of by the floating IP."""
        return unsigned(Carrier.DESCRIPTION, body)[1] is None

    def patch_of(self, plain: PropertyMap, changes: Any) -> Body:
        """The address goes along with the port, which decides what it may be."""
        patch = super().patch_of(plain, changes)
        return {**patch, "port_id": plain["portId"]} if patch else patch

    def _by_address(self, cloud: Cloud, address: str) -> Body | None:
        """The floating IP itself, whether it leads anywhere or not."""
        return next(FloatingIp().bodies(cloud, {"floating_ip_address": address}, Priority.APPLY), None)
