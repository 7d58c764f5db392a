"""openstack:compute/instance:Instance. Source: Compute API v2.1, "Servers" and "Servers - run an action".

A server boots from a volume that was made first and outlives it, and its ports were made first: Nova makes nothing by
itself, and a server bears no data (invariant 4). Bodies are read at 2.46, the last microversion that names the flavor
by its id; tags in the create call need 2.52.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from controller.engine.properties import PropertyMap
from controller.engine.provider import Carrier, Change, Diff, Failure, Fields, Incomplete
from controller.providers.fields import Field, unordered
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import zone
from controller.providers.openstack.path import path_to
from controller.providers.openstack.resource import RestKind
from controller.providers.openstack.shape import Lifecycle

_POWER_STATES = {
    "ACTIVE": "active",
    "SHUTOFF": "shutoff",
    "PAUSED": "paused",
    "SHELVED_OFFLOADED": "shelved_offloaded",
}
_ACTIONS = {
    ("active", "shutoff"): "os-stop",
    ("active", "paused"): "pause",
    ("active", "shelved_offloaded"): "shelve",
    ("shutoff", "active"): "os-start",
    ("paused", "active"): "unpause",
    ("shelved_offloaded", "active"): "unshelve",
}
_RESIZED = "VERIFY_RESIZE"
_BLOCK_DEVICE = {
    "uuid": "uuid",
    "sourceType": "source_type",
    "destinationType": "destination_type",
    "bootIndex": "boot_index",
    "deleteOnTermination": "delete_on_termination",
}


class Instance(RestKind):
    token = "openstack:compute/instance:Instance"  # noqa: S105
    service = "compute"
    carrier = Carrier.METADATA
    path, key, plural, detail = "/servers", "server", "servers", "/detail"
    everywhere = {"all_tenants": "1"}  # noqa: RUF012
    microversion = "2.46"
    create_microversion = "2.52"
    lists_changes = True
    attaches: Mapping[str, tuple[str, str]] = {"openstack:networking/port:Port": ("networks", "port")}
    delete_before_replace = True  # its ports and volumes are at one server at a time
    create_timeout = 900.0
    update_timeout = 900.0
    lifecycle = Lifecycle("status", ready=frozenset(_POWER_STATES), gone=frozenset({"DELETED", "SOFT_DELETED"}))
    fields = (
        Field("name", required=True, longest=255),
        Field("flavorId", "flavorRef", required=True, patched=False),
        Field(
            "blockDevices",
            "block_device_mapping_v2",
            type=list,
            required=True,
            replaces=True,
            observed=False,
            members=_BLOCK_DEVICE,
        ),
        Field("networks", type=list, required=True, replaces=True, observed=False, members={"port": "port"}),
        Field("availabilityZone", replaces=True, normal=zone),
        Field("keyPair", "key_name", default=None, replaces=True),
        Field("configDrive", type=bool, replaces=True),
        Field("userData", replaces=True, observed=False),
        Field("adminPass", "adminPass", observed=False, patched=False),
        Field("schedulerHints", type=list, replaces=True, observed=False, members={"group": "group"}),
        Field("metadata", type=dict, default={}, patched=False),
        Field("tags", type=list, default=[], normal=unordered, patched=False),
        Field("powerState", default="active", choices=tuple(_POWER_STATES.values()), patched=False),
    )
    shows = (
        Field("created"),
        Field("updated"),
    )

    def changes_of(self, since: datetime) -> dict[str, Any]:
        """The deleted ones come along, and are left out as they are from any list."""
        return {"changes-since": since.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        """What would make Nova create volumes or ports, or put data on a disk that goes with the server."""
        failures = []
        for device in inputs["blockDevices"] if isinstance(inputs["blockDevices"], list) else ():
            kept = device.get("deleteOnTermination") in (None, False)
            if (device.get("sourceType"), device.get("destinationType")) != ("volume", "volume") or not kept:
                text = "must be a volume of its own (sourceType and destinationType volume) that is not deleted with it"
                failures.append(Failure("blockDevices", text))
        if isinstance(inputs["networks"], list) and not all(network.get("port") for network in inputs["networks"]):
            failures.append(Failure("networks", "must name a port each"))
        return failures

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        """A port that was taken off by hand is put on again; other ports than before need another server."""
        found = super().diff(prior, observed, inputs)
        left = observed.get("networks", inputs.get("networks"))
        if "networks" in found.changes or left == inputs.get("networks"):
            return found
        return replace(found, changes={**found.changes, "networks": Change(left, inputs["networks"])})

    def body_of(self, plain: PropertyMap) -> Body:
        body = super().body_of(plain)
        for name in ("scheduler_hints", "power_state"):
            body.pop(name, None)
        if "user_data" in body:
            body["user_data"] = base64.b64encode(body["user_data"].encode()).decode()
        return body

    def request_of(self, body: Body, plain: PropertyMap) -> Body:
        groups = [hint["group"] for hint in plain.get("schedulerHints") or ()]
        hints = {"os:scheduler_hints": {"group": groups[0]}} if groups else {}
        return {self.key: body, **hints}

    def fields_of(self, body: Body) -> dict[str, Any]:
        if "status" not in body:
            return super().fields_of(body)
        shown = {
            **body,
            "flavorRef": body["flavor"]["id"],
            "availability_zone": body.get("OS-EXT-AZ:availability_zone") or None,
            "config_drive": body.get("config_drive") in (True, "True"),
            "power_state": _POWER_STATES.get(body["status"], body["status"].lower()),
        }
        return super().fields_of(shown)

    def outputs_of(self, body: Body) -> dict[str, Any]:
        """The first address of each version, as Pulumi's users know them."""
        addresses = [entry for network in (body.get("addresses") or {}).values() for entry in network]
        first = {one["version"]: one["addr"] for one in reversed(addresses)}
        return {
            **super().outputs_of(body),
            "accessIpV4": body.get("accessIPv4") or first.get(4, ""),
            "accessIpV6": body.get("accessIPv6") or first.get(6, ""),
            "allMetadata": dict(body.get("metadata") or {}),
            "allTags": sorted(body.get("tags") or ()),
            "securityGroups": sorted({group["name"] for group in body.get("security_groups") or ()}),
        }

    def meter_tags(self, body: Body) -> Mapping[str, str]:
        return dict(body.get("metadata") or {})

    def finish(self, cloud: Cloud, body: Body, plain: PropertyMap) -> Body:
        wanted = plain.get("powerState", "active")
        return body if wanted == "active" else self._reach_power(cloud, self.id_of(body), wanted)

    def amend(self, cloud: Cloud, id: str, plain: PropertyMap, changes: Mapping[str, Change]) -> None:
        """A resize comes before the power state, which it may change."""
        if "networks" in changes:
            self._attach(cloud, id, plain)
        if "flavorId" in changes:
            self._resize(cloud, id, plain["flavorId"])
        if changes.keys() & {"powerState", "flavorId"}:
            self._reach_power(cloud, id, plain.get("powerState", "active"))
        if "metadata" in changes:
            self._set_metadata(cloud, id, plain.get("metadata") or {})
        if "tags" in changes:
            self._send(cloud, "PUT", f"{self.member(id)}/tags", {"tags": plain.get("tags") or []}, plain)
        if "adminPass" in changes and plain.get("adminPass"):
            self._act(cloud, id, "changePassword", {"adminPass": plain["adminPass"]})

    def _attach(self, cloud: Cloud, id: str, plain: PropertyMap) -> None:
        """Puts on the ports that are not there. Source: "Port interfaces (servers, os-interface)"."""
        path = f"{self.member(id)}/os-interface"
        answer = cloud.get(self.service, path, microversion=self.microversion)
        if answer is None:
            raise Incomplete(f"the ports of server {id} could not be read", where=cloud.name)
        there = {one["port_id"] for one in answer["interfaceAttachments"]}
        for port in (one["port"] for one in plain["networks"] if one["port"] not in there):
            self._send(cloud, "POST", path, {"interfaceAttachment": {"port_id": port}}, plain)

    def _resize(self, cloud: Cloud, id: str, flavor_id: str) -> None:
        """Looks first: an earlier request may have brought it any part of the way."""
        now = self._confirmed(cloud, id)
        if now["flavor"]["id"] != flavor_id:
            self._act(cloud, id, "resize", {"flavorRef": flavor_id})
            self.await_state(cloud, id, lambda body: body.get("status") == _RESIZED, self.update_timeout)
            self._confirmed(cloud, id)

    def _confirmed(self, cloud: Cloud, id: str) -> Body:
        """The server as it is, once a resize that waits for it has been confirmed."""
        settled = {*_POWER_STATES, _RESIZED}
        body = self.await_state(cloud, id, lambda body: body.get("status") in settled, self.update_timeout)
        if body["status"] != _RESIZED:
            return body
        self._act(cloud, id, "confirmResize", None)
        return self.await_state(cloud, id, self.is_ready, self.update_timeout)

    def _reach_power(self, cloud: Cloud, id: str, wanted: str) -> Body:
        """From one state to another, over active where there is no direct way."""
        body = self._confirmed(cloud, id)
        while (now := _POWER_STATES[body["status"]]) != wanted:
            step = wanted if (now, wanted) in _ACTIONS else "active"
            self._act(cloud, id, _ACTIONS[now, step], None)
            body = self._await_power(cloud, id, step)
        return body

    def _await_power(self, cloud: Cloud, id: str, state: str) -> Body:
        return self.await_state(
            cloud, id, lambda body: _POWER_STATES.get(body.get("status", "")) == state, self.update_timeout
        )

    def _set_metadata(self, cloud: Cloud, id: str, wanted: Mapping[str, str]) -> None:
        """Key by key, so that the identity among them stays."""
        body = self._look(cloud, id) or self.bare(id)
        surplus = self.observe(body).fields.get("metadata", {}).keys() - wanted.keys()
        address = f"{self.member(id)}/metadata"
        if wanted:
            cloud.send(self.service, "POST", address, {"metadata": dict(wanted)}, microversion=self.microversion)
        for name in sorted(surplus):
            cloud.remove(self.service, path_to(address, name), microversion=self.microversion)

    def _act(self, cloud: Cloud, id: str, action: str, argument: object) -> None:
        self._send(cloud, "POST", f"{self.member(id)}/action", {action: argument}, {})
