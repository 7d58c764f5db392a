"""Trunks: a parent port and the VLANs of other ports on it."""

from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.network.resource import Fields, Resource, find, new_document, own, sees, stamp
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

DEFAULTS: Fields = {"name": "", "description": "", "admin_state_up": True, "port_id": None, "sub_ports": []}


def make_trunk(world: World, project_id: str, fields: Fields) -> Document:
    """A trunk on a port that is in no other trunk."""
    state = world[NetworkState]
    port = state.ports[fields["port_id"]]
    _refuse_in_trunk(state, port["id"])
    document = new_document(DEFAULTS, project_id, {**fields, "sub_ports": []}) | {"status": "DOWN"}
    _add(state, document, fields.get("sub_ports") or [])
    return state.trunks.add(document)


def remove_trunk(world: World, trunk: Document) -> None:
    """Its ports stay. Refused (409) while the parent port is bound."""
    state = world[NetworkState]
    if state.ports[trunk["port_id"]]["binding:host_id"]:
        raise Conflict(f"Trunk {trunk['id']} is currently in use.", kind="TrunkInUse")
    state.trunks.remove(trunk["id"])


def _add(state: NetworkState, trunk: Document, sub_ports: list[Fields]) -> None:
    for sub_port in sub_ports:
        state.ports[sub_port["port_id"]]
        _refuse_in_trunk(state, sub_port["port_id"])
        segment = sub_port.get("segmentation_id")
        if segment and any(each.get("segmentation_id") == segment for each in trunk["sub_ports"]):
            raise Conflict(
                f"segmentation_type vlan and segmentation_id {segment} already in use on trunk {trunk['id']}.",
                kind="DuplicateSubPort",
            )
    trunk["sub_ports"] = [*trunk["sub_ports"], *sub_ports]


def _refuse_in_trunk(state: NetworkState, port_id: str) -> None:
    for trunk in state.trunks:
        if port_id == trunk["port_id"] or any(each["port_id"] == port_id for each in trunk["sub_ports"]):
            raise Conflict(f"Port {port_id} is in use by another trunk.", kind="TrunkPortInUse")


def _check_port(call: Call, fields: Fields) -> None:
    port = call.world[NetworkState].ports.get(fields.get("port_id"))
    if "port_id" in fields and (port is None or not sees(call, port)):
        raise NotFound(f"Port {fields['port_id']} could not be found.", kind="PortNotFound")


TRUNK = Resource(
    singular="trunk",
    plural="trunks",
    path="trunks",
    collection=lambda world: world[NetworkState].trunks,
    make=make_trunk,
    remove=remove_trunk,
    check=_check_port,
    defaults=DEFAULTS,
    required=frozenset({"port_id"}),
    updatable=frozenset({"name", "description", "admin_state_up"}),
)


def register_subports(routes: Router) -> None:
    """The actions on a trunk's sub-ports."""
    routes.get("/v2.0/trunks/{id}/get_subports")(_get_subports)
    routes.put("/v2.0/trunks/{id}/add_subports")(_add_subports)
    routes.put("/v2.0/trunks/{id}/remove_subports")(_remove_subports)


def _get_subports(call: Call) -> Fields:
    return {"sub_ports": find(TRUNK, call)["sub_ports"]}


def _add_subports(call: Call) -> Fields:
    trunk = own(TRUNK, call)
    _add(call.world[NetworkState], trunk, _sub_ports(call))
    stamp(trunk)
    return trunk


def _remove_subports(call: Call) -> Fields:
    trunk = own(TRUNK, call)
    gone = {each["port_id"] for each in _sub_ports(call)}
    trunk["sub_ports"] = [each for each in trunk["sub_ports"] if each["port_id"] not in gone]
    stamp(trunk)
    return trunk


def _sub_ports(call: Call) -> list[Fields]:
    sub_ports = call.json().get("sub_ports")
    if not isinstance(sub_ports, list):
        raise BadRequest("Invalid input for operation: sub_ports must be a list.", kind="BadRequest")
    return sub_ports
