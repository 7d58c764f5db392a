"""Security groups and their rules; the default group that every project has from its first use on."""

import ipaddress
from typing import Any

from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.network.resource import Fields, Resource, new_document, opened_to, stamp
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

GROUP_DEFAULTS: Fields = {"name": "", "description": "", "stateful": True, "shared": False}
RULE_DEFAULTS: Fields = {
    "description": "",
    "security_group_id": None,
    "direction": None,
    "ethertype": "IPv4",
    "protocol": None,
    "port_range_min": None,
    "port_range_max": None,
    "remote_ip_prefix": None,
    "remote_group_id": None,
    "remote_address_group_id": None,
}
_IDENTITY = tuple(name for name in RULE_DEFAULTS if name != "description")
_NAMED_PROTOCOLS = frozenset(
    {
        "ah",
        "any",
        "dccp",
        "egp",
        "esp",
        "gre",
        "icmp",
        "icmpv6",
        "igmp",
        "ipip",
        "ipv6-encap",
        "ipv6-frag",
        "ipv6-icmp",
        "ipv6-nonxt",
        "ipv6-opts",
        "ipv6-route",
        "ospf",
        "pgm",
        "rsvp",
        "sctp",
        "tcp",
        "udp",
        "udplite",
        "vrrp",
    }
)
_WITH_PORTS = frozenset({"tcp", "udp", "sctp", "udplite", "dccp", "6", "17", "132", "136", "33"})
_ICMP = frozenset({"icmp", "icmpv6", "ipv6-icmp", "1", "58"})


def make_group(world: World, project_id: str, fields: Fields) -> Document:
    """A group that lets everything out, as neutron makes it."""
    default_group(world, project_id)
    if fields.get("name") == "default":
        raise Conflict("Default security group already exists.", kind="SecurityGroupDefaultAlreadyExists")
    return _new_group(world, project_id, fields)


def default_group(world: World, project_id: str) -> Document:
    """The project's `default` group, made where it is not there yet: also open to its own members."""
    group = world[NetworkState].security_groups.first(project_id=project_id, name="default")
    if group is None:
        group = _new_group(world, project_id, {"name": "default", "description": "Default security group"})
        for ethertype in ("IPv4", "IPv6"):
            inner = {"security_group_id": group["id"], "direction": "ingress", "ethertype": ethertype}
            make_rule(world, project_id, inner | {"remote_group_id": group["id"]})
    return group


def remove_group(world: World, group: Document) -> None:
    """Refused (409) while a port is in it, and for the default group."""
    state = world[NetworkState]
    if group["name"] == "default":
        raise Conflict(
            "Insufficient rights for removing default security group.", kind="SecurityGroupCannotRemoveDefault"
        )
    if any(group["id"] in port["security_groups"] for port in state.ports):
        raise Conflict(f"Security Group {group['id']} in use.", kind="SecurityGroupInUse")
    for rule in [
        each
        for each in state.security_group_rules
        if group["id"] in (each["security_group_id"], each["remote_group_id"])
    ]:
        remove_rule(world, rule)
    state.security_groups.remove(group["id"])


def make_rule(world: World, project_id: str, fields: Fields) -> Document:
    """A rule in its group; the same rule twice is refused (409)."""
    state = world[NetworkState]
    group = state.security_groups[fields["security_group_id"]]
    _check_rule(state, fields)
    document = new_document(RULE_DEFAULTS, project_id, fields)
    document["protocol"] = None if document["protocol"] in (None, "any") else str(document["protocol"]).lower()
    document["normalized_cidr"] = _normalized(document["remote_ip_prefix"])
    document["belongs_to_default_sg"] = group["name"] == "default"
    for other in group["security_group_rules"]:
        if all(other[name] == document[name] for name in _IDENTITY):
            raise Conflict(
                f"Security group rule already exists. Rule id is {other['id']}.", kind="SecurityGroupRuleExists"
            )
    group["security_group_rules"].append(document)
    stamp(group)
    return state.security_group_rules.add(document)


def remove_rule(world: World, rule: Document) -> None:
    state = world[NetworkState]
    group = state.security_groups[rule["security_group_id"]]
    group["security_group_rules"] = [each for each in group["security_group_rules"] if each["id"] != rule["id"]]
    stamp(group)
    state.security_group_rules.remove(rule["id"])


def _new_group(world: World, project_id: str, fields: Fields) -> Document:
    group = new_document(GROUP_DEFAULTS, project_id, fields)
    group["security_group_rules"] = []
    world[NetworkState].security_groups.add(group)
    for ethertype in ("IPv4", "IPv6"):
        make_rule(world, project_id, {"security_group_id": group["id"], "direction": "egress", "ethertype": ethertype})
    return group


def _check_rule(state: NetworkState, rule: Fields) -> None:
    """Refuse what neutron refuses: unknown words, ports without a protocol, a range upside down, two remotes."""
    if rule.get("direction") not in ("ingress", "egress"):
        raise BadRequest(
            f"Invalid input for direction. Reason: '{rule.get('direction')}' is not in ['ingress', 'egress'].",
            kind="HTTPBadRequest",
        )
    if rule.get("ethertype", "IPv4") not in ("IPv4", "IPv6"):
        raise BadRequest(
            f"Security group rule for ethertype '{rule['ethertype']}' not supported. "
            "Allowed values are ['IPv4', 'IPv6'].",
            kind="SecurityGroupRuleInvalidEtherType",
        )
    if sum(bool(rule.get(name)) for name in ("remote_ip_prefix", "remote_group_id", "remote_address_group_id")) > 1:
        raise BadRequest(
            "Only remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.",
            kind="SecurityGroupMultipleRemoteEntites",
        )
    if rule.get("remote_group_id"):
        state.security_groups[rule["remote_group_id"]]
    if rule.get("remote_address_group_id"):
        state.address_groups[rule["remote_address_group_id"]]
    _check_prefix(rule)
    _check_ports(rule)


def _check_prefix(rule: Fields) -> None:
    prefix = rule.get("remote_ip_prefix")
    if not prefix:
        return
    try:
        version = ipaddress.ip_network(prefix, strict=False).version
    except ValueError:
        raise BadRequest(f"Invalid CIDR {prefix} given as IP prefix.", kind="InvalidCIDR") from None
    if f"IPv{version}" != rule.get("ethertype", "IPv4"):
        raise BadRequest(
            f"Conflicting value ethertype {rule.get('ethertype', 'IPv4')} for CIDR {prefix}",
            kind="SecurityGroupRuleParameterConflict",
        )


def _check_ports(rule: Fields) -> None:
    low, high = rule.get("port_range_min"), rule.get("port_range_max")
    protocol = None if rule.get("protocol") is None else str(rule["protocol"]).lower()
    if protocol is not None and protocol not in _NAMED_PROTOCOLS and not (protocol.isdigit() and int(protocol) < 256):
        raise BadRequest(
            f"Security group rule protocol {protocol} not supported.", kind="SecurityGroupRuleInvalidProtocol"
        )
    if low is None and high is None:
        return
    if protocol is None or protocol not in _WITH_PORTS | _ICMP:
        raise BadRequest(
            "Must also specify protocol if port range is given.", kind="SecurityGroupProtocolRequiredWithPorts"
        )
    if protocol in _ICMP:
        return
    if low is None or high is None or not 1 <= low <= high <= 65535:
        raise BadRequest(
            "For TCP/UDP protocols, port_range_min must be <= port_range_max", kind="SecurityGroupInvalidPortRange"
        )


def _normalized(prefix: str | None) -> str | None:
    return None if prefix is None else str(ipaddress.ip_network(prefix, strict=False))


def _ensure_default(call: Call) -> None:
    if call.caller.project_id:
        default_group(call.world, call.caller.project_id)


def _check_group(call: Call, fields: Fields) -> None:
    identifier = fields.get("security_group_id")
    group: Any = call.world[NetworkState].security_groups.get(identifier)
    if group is None or not call.caller.owns(group):
        raise NotFound(f"Security group {identifier} does not exist", kind="SecurityGroupNotFound")


SECURITY_GROUP = Resource(
    singular="security_group",
    plural="security_groups",
    path="security-groups",
    collection=lambda world: world[NetworkState].security_groups,
    make=make_group,
    remove=remove_group,
    opened=opened_to,
    defaults=GROUP_DEFAULTS,
    updatable=frozenset({"name", "description", "stateful"}),
    restricted=frozenset({"shared"}),
    ensure=_ensure_default,
)

SECURITY_GROUP_RULE = Resource(
    singular="security_group_rule",
    plural="security_group_rules",
    path="security-group-rules",
    collection=lambda world: world[NetworkState].security_group_rules,
    make=make_rule,
    remove=remove_rule,
    defaults=RULE_DEFAULTS,
    required=frozenset({"security_group_id", "direction"}),
    updatable=frozenset(),
    check=_check_group,
    ensure=_ensure_default,
)
