"""QoS policies and their rules (bandwidth limit, DSCP marking, minimum bandwidth)."""

import uuid
from collections.abc import Callable
from functools import partial

from sandbox.cloud.errors import Conflict, NotFound
from sandbox.cloud.network import query
from sandbox.cloud.network.resource import Fields, Resource, find, new_document, opened_to, own, stamp
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

POLICY_DEFAULTS: Fields = {"name": "", "description": "", "shared": False, "is_default": False}
RULE_DEFAULTS: dict[str, Fields] = {
    "bandwidth_limit": {"max_kbps": None, "max_burst_kbps": 0, "direction": "egress"},
    "dscp_marking": {"dscp_mark": None},
    "minimum_bandwidth": {"min_kbps": None, "direction": "egress"},
}


def make_policy(world: World, project_id: str, fields: Fields) -> Document:
    """A policy without rules."""
    document = new_document(POLICY_DEFAULTS, project_id, fields) | {"rules": []}
    return world[NetworkState].qos_policies.add(document)


def remove_policy(world: World, policy: Document) -> None:
    """Refused (409) while a network or port uses it."""
    state = world[NetworkState]
    if any(user["qos_policy_id"] == policy["id"] for users in (state.networks, state.ports) for user in users):
        raise Conflict(f"QoS Policy {policy['id']} is used by a network or port.", kind="QosPolicyInUse")
    state.qos_policies.remove(policy["id"])


QOS_POLICY = Resource(
    singular="policy",
    plural="policies",
    path="qos/policies",
    collection=lambda world: world[NetworkState].qos_policies,
    make=make_policy,
    remove=remove_policy,
    opened=opened_to,
    defaults=POLICY_DEFAULTS,
    updatable=frozenset(POLICY_DEFAULTS),
    admin=True,
)


def register_rules(routes: Router) -> None:
    """`/qos/policies/{id}/bandwidth_limit_rules` and its like, and the rule types this cloud knows."""
    for kind in RULE_DEFAULTS:
        base = f"/v2.0/qos/policies/{{id}}/{kind}_rules"
        one = f"{base}/{{rule_id}}"
        handlers: tuple[Callable[[str, Call], Fields | None], ...] = (_list, _create, _show, _update, _delete)
        listed, created, shown, updated, deleted = (partial(handler, kind) for handler in handlers)
        routes.get(base)(listed)
        routes.post(base, status=201, admin=True)(created)
        routes.get(one)(shown)
        routes.put(one, admin=True)(updated)
        routes.delete(one, admin=True)(deleted)
    routes.get("/v2.0/qos/rule-types")(_rule_types)


def _list(kind: str, call: Call) -> Fields:
    rules = [_shown(rule) for rule in find(QOS_POLICY, call)["rules"] if rule["type"] == kind]
    return {f"{kind}_rules": query.page(call, rules).documents}


def _create(kind: str, call: Call) -> Fields:
    policy, fields = own(QOS_POLICY, call), call.body(f"{kind}_rule")
    given = {name: value for name, value in fields.items() if name in RULE_DEFAULTS[kind]}
    rule = {"id": str(uuid.uuid4()), "type": kind, "qos_policy_id": policy["id"], **RULE_DEFAULTS[kind], **given}
    for other in policy["rules"]:
        if other["type"] == kind and other.get("direction") == rule.get("direction"):
            raise Conflict(f"Rule conflicts with rule {other['id']} of the policy.", kind="QoSRulesConflict")
    policy["rules"].append(rule)
    stamp(policy)
    return {f"{kind}_rule": _shown(rule)}


def _shown(rule: Document) -> Document:
    """A rule by itself; its type and policy show only where the policy lists it."""
    return {name: value for name, value in rule.items() if name not in ("type", "qos_policy_id")}


def _rule(kind: str, call: Call) -> Document:
    for rule in find(QOS_POLICY, call)["rules"]:
        if rule["id"] == call.params["rule_id"] and rule["type"] == kind:
            found: Document = rule
            return found
    raise NotFound(
        f"QoS rule {call.params['rule_id']} for policy {call.params['id']} could not be found.", kind="QosRuleNotFound"
    )


def _show(kind: str, call: Call) -> Fields:
    return {f"{kind}_rule": _shown(_rule(kind, call))}


def _update(kind: str, call: Call) -> Fields:
    rule, changes = _rule(kind, call), call.body(f"{kind}_rule")
    rule.update({name: value for name, value in changes.items() if name in RULE_DEFAULTS[kind]})
    stamp(own(QOS_POLICY, call))
    return {f"{kind}_rule": _shown(rule)}


def _delete(kind: str, call: Call) -> None:
    policy, rule = own(QOS_POLICY, call), _rule(kind, call)
    policy["rules"].remove(rule)
    stamp(policy)


def _rule_types(_call: Call) -> Fields:
    return {"rule_types": [{"type": kind} for kind in RULE_DEFAULTS]}
