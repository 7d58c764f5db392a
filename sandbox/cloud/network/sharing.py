"""RBAC policies, which open an object to other projects, and address groups, which security group rules may name."""

import ipaddress

from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.network.resource import Fields, Resource, new_document, opened_to, own, stamp
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

RBAC_DEFAULTS: Fields = {"object_type": None, "object_id": None, "target_tenant": None, "action": None}
GROUP_DEFAULTS: Fields = {"name": "", "description": "", "addresses": [], "shared": False}


def make_rbac_policy(world: World, project_id: str, fields: Fields) -> Document:
    """Opens one object to one project, or to all (`*`); the same twice is refused (409)."""
    state = world[NetworkState]
    shareable = {
        "network": state.networks,
        "qos_policy": state.qos_policies,
        "security_group": state.security_groups,
        "subnetpool": state.subnet_pools,
        "address_group": state.address_groups,
    }
    kept = shareable.get(fields["object_type"])
    if kept is None:
        raise BadRequest(f"'{fields['object_type']}' is not a valid RBAC object type", kind="InvalidInput")
    kept[fields["object_id"]]
    for other in state.rbac_policies.where(object_id=fields["object_id"]):
        if (other["target_tenant"], other["action"]) == (fields["target_tenant"], fields["action"]):
            raise Conflict("An RBAC policy already exists with those values.", kind="DuplicateRbacPolicy")
    return state.rbac_policies.add(new_document(RBAC_DEFAULTS, project_id, fields))


def remove_rbac_policy(world: World, policy: Document) -> None:
    world[NetworkState].rbac_policies.remove(policy["id"])


def _check_object(call: Call, fields: Fields) -> None:
    network = call.world[NetworkState].networks.get(fields.get("object_id"))
    if network is not None and not call.caller.owns(network):
        raise NotFound(f"Network {network['id']} could not be found.", kind="NetworkNotFound")


RBAC_POLICY = Resource(
    singular="rbac_policy",
    plural="rbac_policies",
    path="rbac-policies",
    collection=lambda world: world[NetworkState].rbac_policies,
    make=make_rbac_policy,
    remove=remove_rbac_policy,
    check=_check_object,
    defaults=RBAC_DEFAULTS,
    required=frozenset(RBAC_DEFAULTS),
    updatable=frozenset({"target_tenant"}),
)


def make_address_group(world: World, project_id: str, fields: Fields) -> Document:
    """A named set of prefixes."""
    document = new_document(GROUP_DEFAULTS, project_id, fields)
    document["addresses"] = _prefixes(fields.get("addresses") or [])
    return world[NetworkState].address_groups.add(document)


def remove_address_group(world: World, group: Document) -> None:
    """Refused (409) while a security group rule names it."""
    state = world[NetworkState]
    if any(rule["remote_address_group_id"] == group["id"] for rule in state.security_group_rules):
        raise Conflict(
            f"Address group {group['id']} is in use on one or more security group rules", kind="AddressGroupInUse"
        )
    state.address_groups.remove(group["id"])


def _prefixes(addresses: list[str]) -> list[str]:
    try:
        return [str(ipaddress.ip_network(each)) for each in addresses]
    except ValueError as error:
        raise BadRequest(f"Invalid input for addresses. Reason: {error}.", kind="HTTPBadRequest") from None


ADDRESS_GROUP = Resource(
    singular="address_group",
    plural="address_groups",
    path="address-groups",
    collection=lambda world: world[NetworkState].address_groups,
    make=make_address_group,
    remove=remove_address_group,
    opened=opened_to,
    defaults=GROUP_DEFAULTS,
    updatable=frozenset({"name", "description"}),
    restricted=frozenset({"shared"}),
)


def register_addresses(routes: Router) -> None:
    """The actions on an address group's prefixes."""
    routes.put("/v2.0/address-groups/{id}/add_addresses")(_add_addresses)
    routes.put("/v2.0/address-groups/{id}/remove_addresses")(_remove_addresses)


def _add_addresses(call: Call) -> Fields:
    group = own(ADDRESS_GROUP, call)
    new = [each for each in _asked(call) if each not in group["addresses"]]
    return _set_addresses(group, [*group["addresses"], *new])


def _remove_addresses(call: Call) -> Fields:
    group, gone = own(ADDRESS_GROUP, call), _asked(call)
    return _set_addresses(group, [each for each in group["addresses"] if each not in gone])


def _asked(call: Call) -> list[str]:
    body = call.json()
    return _prefixes((body.get("address_group") or body).get("addresses") or [])


def _set_addresses(group: Document, addresses: list[str]) -> Fields:
    group["addresses"] = addresses
    stamp(group)
    return {"address_group": group}
