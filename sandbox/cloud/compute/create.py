"""From the body of a create to a server: everything is checked first, then volumes and ports are made or taken.

What was made is released again where a later step is refused, so that a refused create leaves nothing.
"""

import re
import secrets
import uuid
from typing import Any

from sandbox.cloud.caller import Caller
from sandbox.cloud.clock import seconds_stamp
from sandbox.cloud.compute import flavors, groups, keypairs, quotas, scheduler
from sandbox.cloud.compute.attachments import attached
from sandbox.cloud.compute.lifecycle import enter, fail, release
from sandbox.cloud.compute.metadata import checked
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import ApiError, BadRequest, Conflict, Forbidden, NotFound
from sandbox.cloud.image.images import visible as visible_image
from sandbox.cloud.network import plugging
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.volume import attaching
from sandbox.cloud.world import World

HINTS = ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints")
NETWORKS_REQUIRED = (2, 37)
TAGS_IN_CREATE = (2, 52)


def create(call: Call, fields: Document, *, number: int | None = None, reservation: str) -> Document:
    """One server from the fields of a request; `number` tells it from its siblings of a multiple create."""
    world, caller = call.world, call.caller
    state = world[ComputeState]
    flavor = _flavor(call, fields)
    volumes = fields.get("block_device_mapping_v2") or []
    boots_from_volume = any(str(one.get("boot_index")) == "0" and _is_volume(one) for one in volumes)
    image = _image(call, fields, flavor, boots_from_volume=boots_from_volume)
    _key(call, fields)
    zone, host = scheduler.zone_of(state, fields.get("availability_zone"))
    group = _group(call)
    metadata = checked(call, fields.get("metadata") or {})
    tags = _tags(call, fields)
    networks = _networks(call, fields)
    used = quotas.usage(state, caller.project_id or "")
    asked = {"instances": 1, "cores": flavor["vcpus"], "ram": flavor["ram"]}
    quotas.require(state, caller.project_id or "", **{name: (used[name], asked[name]) for name in asked})
    name = fields["name"] if number is None else f"{fields['name']}-{number}"
    server = new_server(caller, name, flavor, fields)
    server |= {
        "image_id": "" if boots_from_volume or image is None else image["id"],
        "availability_zone": zone,
        "group_id": group["id"] if group else None,
        "metadata": dict(metadata),
        "tags": tags,
        "reservation_id": reservation,
        "launch_index": (number or 1) - 1,
    }
    server["host"] = scheduler.place(state, zone, host, group)
    state.servers.add(server)
    try:
        _take(call, server, volumes, networks, fields)
    except ApiError:
        release(world, server)
        state.servers.remove(server["id"])
        raise
    if group:
        group["members"].append(server["id"])
    world.transitions.after("server.build", lambda: _finish(server))
    return server


def new_server(caller: Caller, name: str, flavor: Document, fields: Document) -> Document:
    """A server that is being built, with nothing on it yet."""
    moment = seconds_stamp()
    return {
        "id": str(uuid.uuid4()),
        "name": name,
        "project_id": caller.project_id,
        "user_id": caller.user_id,
        "status": "BUILD",
        "vm_state": "building",
        "task_state": "scheduling",
        "fault": None,
        "created": moment,
        "updated": moment,
        "launched_at": None,
        "terminated_at": None,
        "metadata": dict(fields.get("metadata") or {}),
        "tags": [],
        "description": fields.get("description"),
        "flavor": flavors.embedded(flavor),
        "flavor_id": flavor["id"],
        "former_flavor": None,
        "image_id": "",
        "key_name": fields.get("key_name"),
        "config_drive": str(fields.get("config_drive", "")).lower() == "true",
        "disk_config": fields.get("OS-DCF:diskConfig", "MANUAL"),
        "access_ipv4": fields.get("accessIPv4", ""),
        "access_ipv6": fields.get("accessIPv6", ""),
        "user_data": fields.get("user_data"),
        "hostname": fields.get("hostname") or _hostname(name),
        "locked": False,
        "locked_reason": None,
        "availability_zone": scheduler.DEFAULT_ZONE,
        "asked_zone": fields.get("availability_zone"),
        "host": None,
        "group_id": None,
        "attachments": [],
        "ports": [],
        "reservation_id": f"r-{secrets.token_hex(4)}",
        "launch_index": 0,
        "power_before": None,
    }


def make_server(world: World, project_id: str, fields: dict[str, Any]) -> Document:
    """An active server of a bulk seed, without ports or volumes; `flavor` is a name (default m1.tiny)."""
    state = world[ComputeState]
    flavor = state.flavors.first(name=fields.get("flavor", "m1.tiny"))
    if flavor is None:
        raise BadRequest(f"there is no flavor {fields['flavor']!r}")
    server = new_server(Caller("", project_id=project_id), fields["name"], flavor, fields)
    zone, host = scheduler.zone_of(state, fields.get("availability_zone"))
    server |= {
        "availability_zone": zone,
        "host": scheduler.place(state, zone, host, None),
        "tags": fields.get("tags", []),
    }
    _finish(server)
    return state.servers.add(server)


def _finish(server: Document) -> None:
    """The build ends: ACTIVE, or ERROR where no host was left."""
    if server["task_state"] == "deleting":
        return
    if server["host"] is None:
        fail(server, "No valid host was found. There are not enough hosts available.")
        return
    server["launched_at"] = seconds_stamp().rstrip("Z") + ".000000"
    enter(server, "ACTIVE")


def _hostname(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63]


def _flavor(call: Call, fields: Document) -> Document:
    try:
        return flavors.usable(call.world, call.caller, str(fields.get("flavorRef", "")))
    except NotFound as error:
        raise BadRequest(error.message) from None


def _is_volume(mapping: Document) -> bool:
    return mapping.get("destination_type") == "volume" or mapping.get("source_type") in {"volume", "snapshot"}


def _image(call: Call, fields: Document, flavor: Document, *, boots_from_volume: bool) -> Document | None:
    """The image to boot from, big enough a flavor given; none where a volume boots."""
    reference = fields.get("imageRef")
    if not reference:
        if not boots_from_volume:
            raise BadRequest("Invalid imageRef provided.")
        return None
    try:
        image = visible_image(call.world, call.caller, reference.rsplit("/", 1)[-1])
    except NotFound:
        raise BadRequest(f"Can not find requested image {reference}") from None
    if image["status"] != "active":
        raise BadRequest(f"Image {image['id']} is not active.")
    if flavor["ram"] < image["min_ram"]:
        raise BadRequest("Flavor's memory is too small for requested image.")
    if boots_from_volume:
        return image
    if flavor["disk"] == 0 and not call.caller.is_admin:
        raise Forbidden("Only volume-backed servers are allowed for flavors with zero disk.")
    if flavor["disk"] and flavor["disk"] < image["min_disk"]:
        raise BadRequest("Flavor's disk is too small for requested image.")
    return image


def _key(call: Call, fields: Document) -> None:
    name = fields.get("key_name")
    if name and keypairs.keypair_of(call.world[ComputeState], call.caller.user_id, name) is None:
        raise BadRequest("Invalid key_name provided.")


def _group(call: Call) -> Document | None:
    hints: Document = next((call.json()[name] for name in HINTS if name in call.json()), {})
    if not hints.get("group"):
        return None
    try:
        return groups.visible(call.world, call.caller, hints["group"])
    except NotFound as error:
        raise BadRequest(error.message) from None


def _tags(call: Call, fields: Document) -> list[str]:
    if fields.get("tags") and call.microversion < TAGS_IN_CREATE:
        raise BadRequest("Additional properties are not allowed ('tags' was unexpected)")
    return sorted(set(fields.get("tags") or []))


def _networks(call: Call, fields: Document) -> list[Document]:
    """The networks or ports asked for; none named means the project's only network, if it has one."""
    networks = fields.get("networks")
    if networks == "none":
        return []
    if networks is None and call.microversion >= NETWORKS_REQUIRED:
        raise BadRequest("Invalid input for field/attribute server. 'networks' is a required property")
    if networks is None or networks == "auto":
        usable = plugging.usable_networks(call.world, call.caller)
        if len(usable) > 1:
            raise Conflict("Multiple possible networks found, use a Network ID to be more specific.")
        return [{"uuid": network["id"]} for network in usable]
    if not isinstance(networks, list):
        raise BadRequest("Invalid input for field/attribute networks.")
    return networks


def _take(call: Call, server: Document, mappings: list[Document], networks: list[Document], fields: Document) -> None:
    """Make or take the volumes and ports, noting each on the server as it is taken."""
    for mapping in mappings:
        if _is_volume(mapping):
            volume_id = _volume(call, server, mapping)
            attached(
                call,
                server,
                volume_id,
                delete_on_termination=bool(mapping.get("delete_on_termination", False)),
                tag=mapping.get("tag"),
                device=mapping.get("device_name"),
            )
    names = [group.get("name") or group.get("id") for group in fields.get("security_groups") or []]
    for network in networks:
        made_here = not network.get("port")
        if made_here:
            port = plugging.make_port(
                call.world,
                call.caller,
                network_id=network.get("uuid", ""),
                server=server,
                fixed_ip=network.get("fixed_ip"),
                security_groups=names or None,
            )
        else:
            port = plugging.bind_port(call.world, call.caller, port_id=network["port"], server=server)
        server["ports"].append({"port_id": port["id"], "made_here": made_here})


def _volume(call: Call, server: Document, mapping: Document) -> str:
    """The id of the volume a mapping names, or of the one made from what it names."""
    source = mapping.get("source_type", "volume")
    identifier = mapping.get("uuid") or mapping.get("volume_id")
    if source == "volume":
        return str(identifier)
    size = mapping.get("volume_size")
    if not size and source != "snapshot":
        raise BadRequest("Images with destination_type 'volume' need to have a non-zero size specified")
    made = attaching.make_volume(
        call.world,
        call.caller,
        size=int(size or 0),
        image_id=identifier if source == "image" else None,
        snapshot_id=identifier if source == "snapshot" else None,
        volume_type=mapping.get("volume_type"),
        availability_zone=server["availability_zone"],
    )
    return str(made["id"])
