"""What can be done to a server: a row of `ACTIONS` names the statuses an action is allowed in and what it does."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.cloud.clock import seconds_stamp
from sandbox.cloud.compute import flavors, lifecycle, quotas, views
from sandbox.cloud.compute.finding import server_of
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.image.images import make_image
from sandbox.cloud.image.images import visible as visible_image
from sandbox.cloud.network import plugging
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document
from sandbox.cloud.volume import attaching

Perform = Callable[[Call, Document, Any], Reply | None]


@dataclass(frozen=True)
class Action:
    """`allowed` statuses (empty: any), what it does, and whether only administrators may."""

    perform: Perform
    allowed: frozenset[str] = frozenset()
    admin: bool = False
    past_lock: bool = False


def _passing(during: str, task: str, then: str, step: str = "server.action") -> Perform:
    """An action that only leads through one status to another."""

    def perform(call: Call, server: Document, _argument: Any) -> None:
        lifecycle.enter(server, during or server["status"], task=task)
        call.world.transitions.after(step, lambda: lifecycle.enter(server, then))

    return perform


def _reboot(call: Call, server: Document, argument: Any) -> None:
    kind = (argument or {}).get("type", "").upper()
    if kind not in {"SOFT", "HARD"}:
        raise BadRequest("Argument 'type' for reboot is not HARD or SOFT")
    if kind == "SOFT" and server["status"] != "ACTIVE":
        raise Conflict(f"Cannot 'reboot' instance {server['id']} while it is in vm_state {server['vm_state']}")
    lifecycle.enter(server, "REBOOT" if kind == "SOFT" else "HARD_REBOOT", task="rebooting")
    call.world.transitions.after("server.action", lambda: lifecycle.enter(server, "ACTIVE"))


def _resize(call: Call, server: Document, argument: Any) -> None:
    try:
        flavor = flavors.usable(call.world, call.caller, str(argument.get("flavorRef", "")))
    except NotFound as error:
        raise BadRequest(error.message) from None
    if flavor["id"] == server["flavor_id"]:
        raise BadRequest("When resizing, instances must change flavor!")
    if flavor["disk"] < server["flavor"]["disk"] and flavor["disk"] == 0 and server["image_id"]:
        raise BadRequest("Resize to zero disk flavor is not allowed.")
    state = call.world[ComputeState]
    used = quotas.usage(state, server["project_id"])
    more = {
        "cores": flavor["vcpus"] - server["flavor"]["vcpus"],
        "ram": flavor["ram"] - server["flavor"]["ram"],
    }
    grown = {name: (used[name], amount) for name, amount in more.items() if amount > 0}
    quotas.require(state, server["project_id"], **grown)
    _begin_resize(call, server, flavors.embedded(flavor), flavor["id"])


def _migrate(call: Call, server: Document, _argument: Any) -> None:
    _begin_resize(call, server, server["flavor"], server["flavor_id"])


def _begin_resize(call: Call, server: Document, flavor: Document, flavor_id: str) -> None:
    server["power_before"] = server["status"]
    lifecycle.enter(server, "RESIZE", task="resize_prep")

    def finish() -> None:
        server["former_flavor"] = (server["flavor_id"], server["flavor"])
        server["flavor"], server["flavor_id"] = flavor, flavor_id
        lifecycle.enter(server, "VERIFY_RESIZE")

    call.world.transitions.after("server.resize", finish)


def _confirm(call: Call, server: Document, _argument: Any) -> Reply:
    server["former_flavor"] = None
    before = server["power_before"] or "ACTIVE"
    lifecycle.enter(server, "VERIFY_RESIZE", task="resize_confirming")
    call.world.transitions.after("server.action", lambda: lifecycle.enter(server, before))
    return Reply(status=204)


def _revert(call: Call, server: Document, _argument: Any) -> None:
    server["flavor_id"], server["flavor"] = server["former_flavor"]
    server["former_flavor"] = None
    before = server["power_before"] or "ACTIVE"
    lifecycle.enter(server, "REVERT_RESIZE", task="resize_reverting")
    call.world.transitions.after("server.action", lambda: lifecycle.enter(server, before))


def _rebuild(call: Call, server: Document, argument: Any) -> Reply:
    try:
        image = visible_image(call.world, call.caller, argument["imageRef"])
    except NotFound:
        raise BadRequest(f"Cannot find image {argument['imageRef']} for rebuild") from None
    if server["image_id"]:
        server["image_id"] = image["id"]
    if "name" in argument:
        call.world[ComputeState].servers.change(server, name=argument["name"])
    for wire, kept in (("metadata", "metadata"), ("description", "description"), ("user_data", "user_data"),
                       ("key_name", "key_name"), ("hostname", "hostname"), ("accessIPv4", "access_ipv4")):  # fmt: skip
        if wire in argument:
            server[kept] = argument[wire]
    before = server["status"] if server["status"] in {"ACTIVE", "SHUTOFF"} else "ACTIVE"
    lifecycle.enter(server, "REBUILD", task="rebuilding")
    call.world.transitions.after("server.build", lambda: lifecycle.enter(server, before))
    password = argument.get("adminPass") or secrets.token_urlsafe(9)
    return Reply({"server": {**views.detail(call, server), "adminPass": password}}, status=202)


def _create_image(call: Call, server: Document, argument: Any) -> Reply:
    """An image of the server; of one that boots from a volume, snapshots of its volumes."""
    properties = {key: str(value) for key, value in (argument.get("metadata") or {}).items()}
    fields = {
        "name": argument["name"],
        "size": 0,
        "instance_uuid": server["id"],
        "image_type": "snapshot",
        **properties,
    }
    image = make_image(call.world, server["project_id"], fields)
    if not server["image_id"]:
        for attachment in server["attachments"]:
            attaching.make_snapshot(
                call.world, call.caller, volume_id=attachment["volume_id"], name=f"snapshot for {argument['name']}"
            )
    image["status"] = "saving"
    call.world.transitions.after("image.save", lambda: image.update(status="active", size=21430272))
    if call.microversion >= (2, 45):
        return Reply({"image_id": image["id"]}, status=202)
    return Reply(status=202, headers={"Location": f"{call.root}/images/{image['id']}"})


def _lock(call: Call, server: Document, argument: Any) -> None:
    server["locked"] = True
    server["locked_reason"] = (argument or {}).get("locked_reason") if call.microversion >= (2, 73) else None


def _unlock(_call: Call, server: Document, _argument: Any) -> None:
    server |= {"locked": False, "locked_reason": None}


def _console_output(_call: Call, server: Document, argument: Any) -> Reply:
    lines = [f"[    0.{number:06}] {server['hostname']} boot line {number}" for number in range(40)]
    length = (argument or {}).get("length")
    return Reply({"output": "\n".join(lines[-int(length) :] if length else lines)})


def _console(kind: str) -> Perform:
    def perform(call: Call, _server: Document, argument: Any) -> Reply:
        address = f"{call.world.url}/console?token={uuid.uuid4()}"
        return Reply({"console": {"type": (argument or {}).get("type", kind), "url": address}})

    return perform


def _security_group(*, wanted: bool) -> Perform:
    def perform(call: Call, server: Document, argument: Any) -> None:
        plugging.set_security_group(call.world, call.caller, server["id"], argument["name"], wanted=wanted)

    return perform


def _change_password(_call: Call, _server: Document, argument: Any) -> None:
    if not argument.get("adminPass"):
        raise BadRequest("No adminPass was specified")


def _rescue(call: Call, server: Document, argument: Any) -> Reply:
    _passing("", "rescuing", "RESCUE")(call, server, argument)
    return Reply({"adminPass": (argument or {}).get("adminPass") or secrets.token_urlsafe(9)})


def _reset_state(_call: Call, server: Document, argument: Any) -> None:
    lifecycle.enter(server, "ERROR" if argument.get("state") == "error" else "ACTIVE")
    server["fault"] = None


def _live_migrate(call: Call, server: Document, argument: Any) -> None:
    state = call.world[ComputeState]
    others = [
        one["name"]
        for one in state.hosts
        if one["zone"] == server["availability_zone"] and one["name"] != server["host"]
    ]
    target = argument.get("host") or others[0]
    lifecycle.enter(server, "MIGRATING", task="migrating")

    def finish() -> None:
        state.servers.change(server, host=target)
        lifecycle.enter(server, "ACTIVE")

    call.world.transitions.after("server.action", finish)


def _force_delete(call: Call, server: Document, _argument: Any) -> None:
    lifecycle.delete(call.world, server)


def _backup(call: Call, server: Document, argument: Any) -> Reply:
    return _create_image(call, server, {"name": argument["name"], "metadata": {"backup_type": argument["backup_type"]}})


UP = frozenset({"ACTIVE"})
UP_OR_OFF = frozenset({"ACTIVE", "SHUTOFF"})
LIVING = frozenset({"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"})

ACTIONS: dict[str, Action] = {
    "os-start": Action(_passing("", "powering-on", "ACTIVE"), frozenset({"SHUTOFF"})),
    "os-stop": Action(_passing("", "powering-off", "SHUTOFF"), frozenset({"ACTIVE", "SHUTOFF", "ERROR"})),
    "reboot": Action(_reboot, frozenset({*LIVING, "ERROR"})),
    "resize": Action(_resize, UP_OR_OFF),
    "migrate": Action(_migrate, UP_OR_OFF, admin=True),
    "confirmResize": Action(_confirm, frozenset({"VERIFY_RESIZE"})),
    "revertResize": Action(_revert, frozenset({"VERIFY_RESIZE"})),
    "rebuild": Action(_rebuild, frozenset({*LIVING, "ERROR"})),
    "createImage": Action(_create_image, LIVING),
    "createBackup": Action(_backup, LIVING),
    "lock": Action(_lock),
    "unlock": Action(_unlock, past_lock=True),
    "pause": Action(_passing("", "pausing", "PAUSED"), UP),
    "unpause": Action(_passing("", "unpausing", "ACTIVE"), frozenset({"PAUSED"})),
    "suspend": Action(_passing("", "suspending", "SUSPENDED"), UP),
    "resume": Action(_passing("", "resuming", "ACTIVE"), frozenset({"SUSPENDED"})),
    "shelve": Action(_passing("", "shelving", "SHELVED_OFFLOADED"), LIVING),
    "shelveOffload": Action(_passing("", "shelving_offloading", "SHELVED_OFFLOADED"), frozenset({"SHELVED"})),
    "unshelve": Action(_passing("", "unshelving", "ACTIVE"), frozenset({"SHELVED", "SHELVED_OFFLOADED"})),
    "rescue": Action(_rescue, UP_OR_OFF),
    "unrescue": Action(_passing("", "unrescuing", "ACTIVE"), frozenset({"RESCUE"})),
    "changePassword": Action(_change_password, UP),
    "os-getConsoleOutput": Action(_console_output, past_lock=True),
    "os-getVNCConsole": Action(_console("novnc"), past_lock=True),
    "os-getSPICEConsole": Action(_console("spice-html5"), past_lock=True),
    "os-getSerialConsole": Action(_console("serial"), past_lock=True),
    "addSecurityGroup": Action(_security_group(wanted=True)),
    "removeSecurityGroup": Action(_security_group(wanted=False)),
    "os-resetState": Action(_reset_state, admin=True),
    "os-migrateLive": Action(_live_migrate, UP, admin=True),
    "forceDelete": Action(_force_delete),
}


@routes.post("/v2.1/servers/{server_id}/action", status=202)
def act(call: Call) -> Reply | None:
    """Do the one thing the body names; 409 where the server's status does not allow it."""
    server = server_of(call)
    body = call.json()
    if not isinstance(body, dict) or len(body) != 1:
        raise BadRequest("A request must name one action.")
    name, argument = next(iter(body.items()))
    action = ACTIONS.get(name)
    if action is None:
        raise BadRequest(f"There is no such action: {name}")
    if action.admin:
        call.require_admin()
    if not action.past_lock:
        lifecycle.require_unlocked(call, server)
    if action.allowed and (server["status"] not in action.allowed or server["task_state"]):
        task = f" task_state {server['task_state']}" if server["task_state"] else f" vm_state {server['vm_state']}"
        raise Conflict(f"Cannot '{name}' instance {server['id']} while it is in{task}")
    server["updated"] = seconds_stamp()
    lifecycle.record(call, server, name.removeprefix("os-"))
    return action.perform(call, server, argument)
