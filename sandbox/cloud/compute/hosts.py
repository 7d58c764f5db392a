"""What the cloud stands on: zones, services, hypervisors, aggregates, migrations."""

import uuid
from typing import Any

from sandbox.cloud.clock import micro_stamp
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document

HOST_VCPUS = 64
HOST_RAM = 262144
HOST_DISK = 10000
AGGREGATES = "/v2.1/os-aggregates"


@routes.get("/v2.1/os-availability-zone")
def zones(call: Call) -> dict[str, Any]:
    """The zones servers can be put in."""
    names = dict.fromkeys(host["zone"] for host in call.world[ComputeState].hosts)
    info = [{"zoneName": name, "zoneState": {"available": True}, "hosts": None} for name in names]
    return {"availabilityZoneInfo": info}


@routes.get("/v2.1/os-availability-zone/detail", admin=True)
def zones_detail(call: Call) -> dict[str, Any]:
    """The zones with their hosts and services."""
    document = zones(call)
    state = {"nova-compute": {"available": True, "active": True, "updated_at": micro_stamp()}}
    for zone in document["availabilityZoneInfo"]:
        hosts = [host["name"] for host in call.world[ComputeState].hosts if host["zone"] == zone["zoneName"]]
        zone["hosts"] = dict.fromkeys(hosts, state)
    return document


@routes.get("/v2.1/os-services", admin=True)
def services(call: Call) -> dict[str, Any]:
    """Scheduler, conductor, and a compute service a host."""
    chosen = [
        one
        for one in call.world[ComputeState].services
        if call.query.get("host") in {None, one["host"]} and call.query.get("binary") in {None, one["binary"]}
    ]
    return {"services": [_service(call, one) for one in chosen]}


def _service(call: Call, service: Document) -> Document:
    shown = {name: value for name, value in service.items() if name not in {"project_id", "number"}}
    shown["updated_at"] = micro_stamp()
    if call.microversion < (2, 53):
        shown["id"] = service["number"]
    if call.microversion < (2, 11):
        del shown["forced_down"]
    return shown


@routes.put("/v2.1/os-services/{service_id}", admin=True)
def update_service(call: Call) -> dict[str, Any]:
    """Enable, disable or force down a service, by its id (2.53) or by a word in its place with host and binary."""
    state = call.world[ComputeState]
    fields = call.json()
    word = call.params["service_id"]
    if word in {"enable", "disable", "disable-log-reason", "force-down"}:
        service = state.services.first(host=fields["host"], binary=fields["binary"])
        if service is None:
            raise NotFound(f"Could not find binary {fields['binary']} on host {fields['host']}.")
        if word != "force-down":
            service["status"] = "enabled" if word == "enable" else "disabled"
    else:
        service = state.services[word]
        service["status"] = fields.get("status", service["status"])
    service["disabled_reason"] = fields.get("disabled_reason") if service["status"] == "disabled" else None
    service["forced_down"] = fields.get("forced_down", service["forced_down"])
    return {"service": _service(call, service)}


@routes.delete("/v2.1/os-services/{service_id}", admin=True)
def delete_service(call: Call) -> None:
    """Forget a service."""
    call.world[ComputeState].services.remove(call.params["service_id"])


def _hypervisor(call: Call, number: int, host: Document) -> Document:
    state = call.world[ComputeState]
    service = next(one for one in state.services if one["host"] == host["name"])
    servers = state.servers.where(host=host["name"])
    document: Document = {
        "id": host["id"] if call.microversion >= (2, 53) else number,
        "hypervisor_hostname": host["name"],
        "state": "up",
        "status": service["status"],
        "hypervisor_type": "QEMU",
        "hypervisor_version": 8002000,
        "host_ip": f"192.0.2.{number}",
        "service": {
            "id": service["id"] if call.microversion >= (2, 53) else service["number"],
            "host": host["name"],
            "disabled_reason": service["disabled_reason"],
        },
    }
    if call.microversion >= (2, 88):
        document["uptime"] = f" 08:00:00 up {number} days,  1:00,  0 users,  load average: 0.10, 0.10, 0.10"
        return document
    cores = sum(server["flavor"]["vcpus"] for server in servers)
    memory = sum(server["flavor"]["ram"] for server in servers)
    disk = sum(server["flavor"]["disk"] for server in servers)
    return document | {
        "vcpus": HOST_VCPUS,
        "vcpus_used": cores,
        "memory_mb": HOST_RAM,
        "memory_mb_used": memory,
        "free_ram_mb": HOST_RAM - memory,
        "local_gb": HOST_DISK,
        "local_gb_used": disk,
        "free_disk_gb": HOST_DISK - disk,
        "disk_available_least": HOST_DISK - disk,
        "current_workload": 0,
        "running_vms": len(servers),
        "cpu_info": {"arch": "x86_64"} if call.microversion >= (2, 28) else "{}",
    }


def _hypervisors(call: Call) -> list[Document]:
    pattern = call.query.get("hypervisor_hostname_pattern", "")
    hosts = enumerate(call.world[ComputeState].hosts, start=1)
    return [_hypervisor(call, number, host) for number, host in hosts if pattern in host["name"]]


@routes.get("/v2.1/os-hypervisors", admin=True)
def hypervisors(call: Call) -> dict[str, Any]:
    """Names and states."""
    brief = ("id", "hypervisor_hostname", "state", "status")
    return {"hypervisors": [{name: one[name] for name in brief} for one in _hypervisors(call)]}


@routes.get("/v2.1/os-hypervisors/detail", admin=True)
def hypervisors_detail(call: Call) -> dict[str, Any]:
    """Hypervisors in full."""
    return {"hypervisors": _hypervisors(call)}


@routes.get("/v2.1/os-hypervisors/statistics", admin=True)
def statistics(call: Call) -> dict[str, Any]:
    """Sums over all (until 2.87)."""
    if call.microversion >= (2, 88):
        raise NotFound("The resource could not be found.")
    rows = _hypervisors(call)
    names = ("vcpus", "vcpus_used", "memory_mb", "memory_mb_used", "free_ram_mb", "local_gb", "local_gb_used",
             "free_disk_gb", "disk_available_least", "current_workload", "running_vms")  # fmt: skip
    return {"hypervisor_statistics": {"count": len(rows), **{name: sum(row[name] for row in rows) for name in names}}}


@routes.get("/v2.1/os-hypervisors/{hypervisor_id}", admin=True)
def show_hypervisor(call: Call) -> dict[str, Any]:
    """One hypervisor."""
    for row in _hypervisors(call):
        if str(row["id"]) == call.params["hypervisor_id"]:
            if call.microversion >= (2, 53) and call.flag("with_servers"):
                servers = call.world[ComputeState].servers.where(host=row["hypervisor_hostname"])
                row["servers"] = [{"name": server["name"], "uuid": server["id"]} for server in servers]
            return {"hypervisor": row}
    raise NotFound(f"Compute host {call.params['hypervisor_id']} could not be found.")


@routes.get("/v2.1/os-hypervisors/{hypervisor_id}/uptime", admin=True)
def uptime(call: Call) -> dict[str, Any]:
    """How long a host is up."""
    row = show_hypervisor(call)["hypervisor"]
    return {"hypervisor": {**row, "uptime": " 08:00:00 up 3 days,  1:00,  0 users,  load average: 0.10, 0.10, 0.10"}}


@routes.get(AGGREGATES, admin=True)
def aggregates(call: Call) -> dict[str, Any]:
    """Host aggregates."""
    return {"aggregates": list(call.world[ComputeState].aggregates)}


@routes.post(AGGREGATES, admin=True)
def create_aggregate(call: Call) -> dict[str, Any]:
    """A new aggregate."""
    state = call.world[ComputeState]
    fields = call.body("aggregate")
    if state.aggregates.first(name=fields["name"]):
        raise Conflict(f"Aggregate {fields['name']} already exists.")
    zone = fields.get("availability_zone")
    aggregate = {
        "id": max((one["id"] for one in state.aggregates), default=0) + 1,
        "uuid": str(uuid.uuid4()),
        "name": fields["name"],
        "availability_zone": zone,
        "hosts": [],
        "metadata": {"availability_zone": zone} if zone else {},
        "created_at": micro_stamp(),
        "updated_at": None,
        "deleted": False,
        "deleted_at": None,
    }
    return {"aggregate": state.aggregates.add(aggregate)}


def _aggregate(call: Call) -> Document:
    word = call.params["aggregate_id"]
    aggregate = call.world[ComputeState].aggregates.get(int(word)) if word.isdigit() else None  # type: ignore[arg-type]
    if aggregate is None:
        raise NotFound(f"Aggregate {word} could not be found.")
    return aggregate


@routes.get(AGGREGATES + "/{aggregate_id}", admin=True)
def show_aggregate(call: Call) -> dict[str, Any]:
    """One aggregate."""
    return {"aggregate": _aggregate(call)}


@routes.put(AGGREGATES + "/{aggregate_id}", admin=True)
def update_aggregate(call: Call) -> dict[str, Any]:
    """Rename an aggregate or move it to another zone."""
    aggregate = _aggregate(call)
    aggregate |= {**call.body("aggregate"), "updated_at": micro_stamp()}
    if aggregate["availability_zone"]:
        aggregate["metadata"]["availability_zone"] = aggregate["availability_zone"]
    return {"aggregate": aggregate}


@routes.delete(AGGREGATES + "/{aggregate_id}", status=200, admin=True)
def delete_aggregate(call: Call) -> dict[str, Any]:
    """Delete an aggregate that has no hosts."""
    aggregate = _aggregate(call)
    if aggregate["hosts"]:
        raise BadRequest("Cannot remove host from aggregate: it is not empty.")
    call.world[ComputeState].aggregates.remove(aggregate["id"])
    return {}


@routes.post(AGGREGATES + "/{aggregate_id}/action", admin=True)
def change_aggregate(call: Call) -> dict[str, Any]:
    """`add_host`, `remove_host`, `set_metadata`."""
    aggregate = _aggregate(call)
    body = call.json()
    if "add_host" in body:
        host = body["add_host"]["host"]
        if host not in {one["name"] for one in call.world[ComputeState].hosts}:
            raise NotFound(f"Compute host {host} could not be found.")
        if host in aggregate["hosts"]:
            raise Conflict(f"Aggregate {aggregate['id']} already has host {host}.")
        aggregate["hosts"].append(host)
    elif "remove_host" in body:
        if body["remove_host"]["host"] not in aggregate["hosts"]:
            raise NotFound(f"Aggregate {aggregate['id']} has no host {body['remove_host']['host']}.")
        aggregate["hosts"].remove(body["remove_host"]["host"])
    elif "set_metadata" in body:
        for key, value in body["set_metadata"]["metadata"].items():
            aggregate["metadata"].pop(key, None) if value is None else aggregate["metadata"].update({key: value})
    return {"aggregate": aggregate}


@routes.get("/v2.1/os-migrations", admin=True)
def migrations(call: Call) -> dict[str, Any]:
    """Migrations: none are recorded, for a simulated host has nothing to move."""
    return {"migrations": list(call.world[ComputeState].migrations)}
