"""How a kept server is shown: brief, or in detail as the microversion and the caller's role want it."""

import hashlib

from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.network import plugging
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document

POWER = {"active": 1, "error": 0, "building": 0, "paused": 3, "suspended": 4, "stopped": 4, "deleted": 0}
RUNNING = 1


def brief(call: Call, server: Document) -> Document:
    """Id, name and links."""
    return {"id": server["id"], "name": server["name"], "links": _links(call, server)}


def detail(call: Call, server: Document) -> Document:
    """A server in full."""
    version = call.microversion
    document: Document = {
        "id": server["id"],
        "name": server["name"],
        "status": server["status"],
        "tenant_id": server["project_id"],
        "user_id": server["user_id"],
        "metadata": server["metadata"],
        "hostId": _host_id(server),
        "image": _image(call, server),
        "flavor": _flavor(call, server),
        "created": server["created"],
        "updated": server["updated"],
        "addresses": plugging.addresses_of(call.world, server["id"]),
        "accessIPv4": server["access_ipv4"],
        "accessIPv6": server["access_ipv6"],
        "links": _links(call, server),
        "OS-DCF:diskConfig": server["disk_config"],
        "OS-EXT-AZ:availability_zone": server["availability_zone"],
        "config_drive": "True" if server["config_drive"] else "",
        "key_name": server["key_name"],
        "OS-SRV-USG:launched_at": server["launched_at"],
        "OS-SRV-USG:terminated_at": server["terminated_at"],
        "OS-EXT-STS:task_state": server["task_state"],
        "OS-EXT-STS:vm_state": server["vm_state"],
        "OS-EXT-STS:power_state": POWER.get(server["vm_state"], RUNNING),
        "os-extended-volumes:volumes_attached": _volumes(call, server),
    }
    if server["status"] in {"ACTIVE", "BUILD", "RESIZE", "VERIFY_RESIZE", "REBUILD"}:
        document["progress"] = 100 if server["status"] == "BUILD" and not server["task_state"] else 0
    groups = plugging.security_groups_of(call.world, server["id"])
    if groups:
        document["security_groups"] = groups
    if server["fault"]:
        document["fault"] = server["fault"]
    if version >= (2, 9):
        document["locked"] = server["locked"]
    if version >= (2, 19):
        document["description"] = server["description"]
    if version >= (2, 26):
        document["tags"] = server["tags"]
    if version >= (2, 63):
        document["trusted_image_certificates"] = None
    if version >= (2, 73):
        document["locked_reason"] = server["locked_reason"]
    if version >= (2, 90):
        document["OS-EXT-SRV-ATTR:hostname"] = server["hostname"]
    if version >= (2, 96):
        document["pinned_availability_zone"] = server["asked_zone"]
    if call.caller.is_admin:
        document |= _for_administrators(call, server)
    return document


def with_group(call: Call, server: Document, document: Document) -> Document:
    """The detail of one server also names its group (2.71)."""
    if call.microversion >= (2, 71):
        kept = call.world[ComputeState].server_groups.get(server["group_id"])
        document["server_groups"] = [kept["id"]] if kept else []
    return document


def _for_administrators(call: Call, server: Document) -> Document:
    document: Document = {
        "OS-EXT-SRV-ATTR:host": server["host"],
        "OS-EXT-SRV-ATTR:hypervisor_hostname": server["host"],
        "OS-EXT-SRV-ATTR:instance_name": f"instance-{server['id'][:8]}",
    }
    if call.microversion >= (2, 3):
        document |= {
            "OS-EXT-SRV-ATTR:hostname": server["hostname"],
            "OS-EXT-SRV-ATTR:reservation_id": server["reservation_id"],
            "OS-EXT-SRV-ATTR:launch_index": server["launch_index"],
            "OS-EXT-SRV-ATTR:kernel_id": "",
            "OS-EXT-SRV-ATTR:ramdisk_id": "",
            "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda",
            "OS-EXT-SRV-ATTR:user_data": server["user_data"],
        }
    if call.microversion >= (2, 16):
        document["host_status"] = "UP" if server["host"] else ""
    return document


def _links(call: Call, server: Document) -> list[Document]:
    address = f"{call.root}/v2.1/servers/{server['id']}"
    return [{"rel": "self", "href": address}, {"rel": "bookmark", "href": address}]


def _host_id(server: Document) -> str:
    if not server["host"]:
        return ""
    return hashlib.sha224(f"{server['project_id']}{server['host']}".encode()).hexdigest()


def _image(call: Call, server: Document) -> Document | str:
    """The image it was made from; an empty text where it boots from a volume."""
    if not server["image_id"]:
        return ""
    links = [{"rel": "bookmark", "href": f"{call.root}/images/{server['image_id']}"}]
    return {"id": server["image_id"], "links": links}


def _flavor(call: Call, server: Document) -> Document:
    if call.microversion >= (2, 47):
        return dict(server["flavor"])
    links = [{"rel": "bookmark", "href": f"{call.root}/flavors/{server['flavor_id']}"}]
    return {"id": server["flavor_id"], "links": links}


def _volumes(call: Call, server: Document) -> list[Document]:
    if call.microversion < (2, 3):
        return [{"id": one["volume_id"]} for one in server["attachments"]]
    return [
        {"id": one["volume_id"], "delete_on_termination": one["delete_on_termination"]} for one in server["attachments"]
    ]
