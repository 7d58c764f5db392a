"""L7 policies of a listener, in their order, and the rules by which they match."""

from sandbox.cloud.errors import BadRequest
from sandbox.cloud.loadbalancer.kinds import Kind
from sandbox.cloud.loadbalancer.state import LoadBalancerState
from sandbox.cloud.loadbalancer.tree import Fields, new_document
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

ACTIONS = {
    "REDIRECT_TO_URL": "redirect_url",
    "REDIRECT_TO_POOL": "redirect_pool_id",
    "REDIRECT_PREFIX": "redirect_prefix",
    "REJECT": None,
}
RULE_TYPES = (
    "COOKIE", "FILE_TYPE", "HEADER", "HOST_NAME", "PATH", "SSL_CONN_HAS_CERT", "SSL_VERIFY_RESULT", "SSL_DN_FIELD",
)  # fmt: skip
COMPARE_TYPES = ("CONTAINS", "ENDS_WITH", "EQUAL_TO", "REGEX", "STARTS_WITH")
POLICY_DEFAULTS: Fields = {
    "name": "",
    "description": "",
    "admin_state_up": True,
    "listener_id": None,
    "action": None,
    "position": None,
    "redirect_pool_id": None,
    "redirect_url": None,
    "redirect_prefix": None,
    "redirect_http_code": None,
    "tags": [],
}
RULE_DEFAULTS: Fields = {
    "admin_state_up": True,
    "type": None,
    "compare_type": None,
    "key": None,
    "value": None,
    "invert": False,
    "tags": [],
}


def make_policy(world: World, project_id: str, fields: Fields) -> Document:
    """A policy at its position among those of its listener (the last where none is given)."""
    state = world[LoadBalancerState]
    listener = state.listeners[fields["listener_id"]]
    needed = ACTIONS.get(fields["action"], "action")
    if needed is not None and not fields.get(needed):
        raise BadRequest(f"Invalid input for action {fields['action']}: {needed} is missing or wrong.")
    if fields.get("redirect_pool_id"):
        state.pools[fields["redirect_pool_id"]]
    document = new_document(POLICY_DEFAULTS, project_id, fields) | {"_lb": listener["_lb"], "rules": []}
    state.l7policies.add(document)
    _place(state, listener, document, fields.get("position"))
    return document


def update_policy(world: World, policy: Document, changes: Fields) -> None:
    """Take the values; a new position moves the others."""
    state = world[LoadBalancerState]
    if "position" in changes:
        _place(state, state.listeners[policy["listener_id"]], policy, changes["position"])
    policy.update({name: value for name, value in changes.items() if name != "position"})


def remove_policy(world: World, policy: Document) -> None:
    """Gone with its rules; the others close up."""
    state = world[LoadBalancerState]
    for rule in state.l7rules.where(_parent=policy["id"]):
        state.l7rules.remove(rule["id"])
    state.l7policies.remove(policy["id"])
    listener = state.listeners[policy["listener_id"]]
    _number(state, listener, [each["id"] for each in listener["l7policies"] if each["id"] != policy["id"]])


def make_rule(world: World, project_id: str, fields: Fields) -> Document:
    """A rule; all rules of a policy must match."""
    state = world[LoadBalancerState]
    policy = state.l7policies[fields["_parent"]]
    if fields["type"] not in RULE_TYPES or fields["compare_type"] not in COMPARE_TYPES:
        raise BadRequest(f"Invalid input: type '{fields['type']}', compare_type '{fields['compare_type']}'.")
    document = new_document(RULE_DEFAULTS, project_id, fields) | {"_lb": policy["_lb"], "_parent": policy["id"]}
    policy["rules"] = [*policy["rules"], {"id": document["id"]}]
    return state.l7rules.add(document)


def remove_rule(world: World, rule: Document) -> None:
    state = world[LoadBalancerState]
    policy = state.l7policies[rule["_parent"]]
    policy["rules"] = [each for each in policy["rules"] if each["id"] != rule["id"]]
    state.l7rules.remove(rule["id"])


def _place(state: LoadBalancerState, listener: Document, policy: Document, position: int | None) -> None:
    others = [each["id"] for each in listener["l7policies"] if each["id"] != policy["id"]]
    place = len(others) if position is None else min(position - 1, len(others))
    _number(state, listener, [*others[:place], policy["id"], *others[place:]])


def _number(state: LoadBalancerState, listener: Document, identifiers: list[str]) -> None:
    listener["l7policies"] = [{"id": identifier} for identifier in identifiers]
    for position, identifier in enumerate(identifiers, start=1):
        state.l7policies[identifier]["position"] = position


def _of_listener(world: World, fields: Fields) -> Document:
    state = world[LoadBalancerState]
    return state.loadbalancers[state.listeners[fields["listener_id"]]["_lb"]]


def _of_policy(world: World, fields: Fields) -> Document:
    state = world[LoadBalancerState]
    return state.loadbalancers[state.l7policies[fields["_parent"]]["_lb"]]


L7_POLICY = Kind(
    singular="l7policy",
    plural="l7policies",
    path="/lbaas/l7policies",
    quota="l7policy",
    collection=lambda state: state.l7policies,
    make=make_policy,
    remove=remove_policy,
    root=_of_listener,
    defaults=POLICY_DEFAULTS,
    required=("listener_id", "action"),
    fixed=frozenset({"listener_id"}),
    update=update_policy,
)

L7_RULE = Kind(
    singular="rule",
    plural="rules",
    path="/lbaas/l7policies/{parent}/rules",
    quota="l7rule",
    collection=lambda state: state.l7rules,
    make=make_rule,
    remove=remove_rule,
    root=_of_policy,
    defaults=RULE_DEFAULTS,
    required=("type", "compare_type", "value"),
)
