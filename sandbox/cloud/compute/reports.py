"""What nova tells beside its resources: extensions, consoles, passwords, topology, diagnostics, actions, usage."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.compute.finding import server_of
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import NotFound
from sandbox.cloud.network import plugging
from sandbox.cloud.routing import Call

ONE = "/v2.1/servers/{server_id}"
EXTENSIONS = (
    "os-availability-zone",
    "os-flavor-access",
    "os-keypairs",
    "os-quota-sets",
    "os-server-groups",
    "os-volumes",
)


@routes.get("/v2.1/extensions")
def extensions(_call: Call) -> dict[str, Any]:
    """The extensions of old, all built in now."""
    return {
        "extensions": [
            {
                "alias": alias,
                "name": alias,
                "namespace": "",
                "description": "",
                "updated": "2014-12-03T00:00:00Z",
                "links": [],
            }
            for alias in EXTENSIONS
        ]
    }


@routes.post(ONE + "/remote-consoles")
def remote_console(call: Call) -> dict[str, Any]:
    """An address of the server's console (2.6)."""
    server_of(call)
    fields = call.body("remote_console")
    address = f"{call.world.url}/console?token={uuid.uuid4()}"
    return {"remote_console": {"protocol": fields["protocol"], "type": fields["type"], "url": address}}


@routes.get(ONE + "/os-server-password")
def password(call: Call) -> dict[str, Any]:
    """The encrypted password a guest left, if any."""
    return {"password": call.world[ComputeState].passwords.get(server_of(call)["id"], "")}


@routes.delete(ONE + "/os-server-password")
def clear_password(call: Call) -> None:
    """Forget it."""
    call.world[ComputeState].passwords.pop(server_of(call)["id"], None)


@routes.get(ONE + "/topology")
def topology(call: Call) -> dict[str, Any]:
    """NUMA nodes of a server: one, without pinning."""
    server = server_of(call)
    vcpus = list(range(server["flavor"]["vcpus"]))
    node = {"memory_mb": server["flavor"]["ram"], "siblings": [], "vcpu_set": vcpus}
    return {"nodes": [node], "pagesize_kb": 4}


@routes.get(ONE + "/diagnostics", admin=True)
def diagnostics(call: Call) -> dict[str, Any]:
    """What a hypervisor would know of the guest (2.48)."""
    server = server_of(call)
    return {
        "state": "running" if server["status"] == "ACTIVE" else "shutdown",
        "driver": "libvirt",
        "hypervisor": "qemu",
        "hypervisor_os": "linux",
        "uptime": 60,
        "config_drive": server["config_drive"],
        "num_cpus": server["flavor"]["vcpus"],
        "num_disks": len(server["attachments"]) + bool(server["image_id"]),
        "num_nics": len(server["ports"]),
        "memory_details": {"maximum": server["flavor"]["ram"], "used": 0},
        "cpu_details": [],
        "disk_details": [],
        "nic_details": [],
    }


@routes.get(ONE + "/os-instance-actions")
def actions(call: Call) -> dict[str, Any]:
    """What was done to a server, newest first."""
    return {"instanceActions": call.world[ComputeState].events.get(server_of(call)["id"], [])}


@routes.get(ONE + "/os-instance-actions/{request_id}")
def show_action(call: Call) -> dict[str, Any]:
    """One action."""
    for action in actions(call)["instanceActions"]:
        if action["request_id"] == call.params["request_id"]:
            return {"instanceAction": {**action, "events": []}}
    raise NotFound(f"Action for request_id {call.params['request_id']} on instance not found")


@routes.get(ONE + "/migrations", admin=True)
def migrations(call: Call) -> dict[str, Any]:
    """A server's migrations under way: none, for they end at once."""
    server_of(call)
    return {"migrations": []}


@routes.get("/v2.1/os-simple-tenant-usage", admin=True)
def usages(call: Call) -> dict[str, Any]:
    """Usage by project: hours of the servers that live."""
    projects = dict.fromkeys(server["project_id"] for server in call.world[ComputeState].servers)
    return {"tenant_usages": [_usage(call, project_id) for project_id in projects]}


@routes.get("/v2.1/os-simple-tenant-usage/{project_id}")
def usage(call: Call) -> dict[str, Any]:
    """Usage of one project."""
    if call.params["project_id"] != call.caller.project_id:
        call.require_admin()
    return {"tenant_usage": _usage(call, call.params["project_id"])}


def _usage(call: Call, project_id: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    servers = call.world[ComputeState].servers.where(project_id=project_id)
    hours = [(now - datetime.fromisoformat(server["created"])).total_seconds() / 3600 for server in servers]
    flavors = [server["flavor"] for server in servers]
    return {
        "tenant_id": project_id,
        "start": call.query.get("start", now.isoformat()),
        "stop": call.query.get("end", now.isoformat()),
        "total_hours": sum(hours),
        "total_vcpus_usage": sum(flavor["vcpus"] * span for flavor, span in zip(flavors, hours, strict=True)),
        "total_memory_mb_usage": sum(flavor["ram"] * span for flavor, span in zip(flavors, hours, strict=True)),
        "total_local_gb_usage": sum(flavor["disk"] * span for flavor, span in zip(flavors, hours, strict=True)),
        "server_usages": [],
    }


@routes.get("/v2.1/os-floating-ip-pools")
def floating_ip_pools(call: Call) -> dict[str, Any]:
    """The external networks, as nova's proxy to neutron told them up to 2.35."""
    if call.microversion >= (2, 36):
        raise NotFound("The resource could not be found.")
    return {"floating_ip_pools": [{"name": network["name"]} for network in plugging.external_networks(call.world)]}
