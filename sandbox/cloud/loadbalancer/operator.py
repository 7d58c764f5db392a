"""What the operator sets up beside the tree: flavors, zones and their profiles, amphorae, providers, quotas."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sandbox.cloud import discovery
from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.loadbalancer import tree
from sandbox.cloud.loadbalancer.kinds import BASES, page
from sandbox.cloud.loadbalancer.state import QUOTAS, LoadBalancerState
from sandbox.cloud.loadbalancer.tree import Fields
from sandbox.cloud.routing import Call, Reply, Router
from sandbox.cloud.store import Collection, Document

PROVIDERS = {"amphora": "The Octavia Amphora driver.", "octavia": "Deprecated alias of the Octavia Amphora driver."}
CAPABILITIES = {
    "flavor": {
        "loadbalancer_topology": "The load balancer topology.",
        "compute_flavor": "The compute driver flavor ID.",
    },
    "availability_zone": {
        "compute_zone": "The compute availability zone.",
        "management_network": "The management network.",
    },
}


@dataclass(frozen=True)
class Setting:
    """A kind that only the operator makes: at once, without pending states. `key` is what its address names it by."""

    singular: str
    plural: str
    path: str
    collection: Callable[[LoadBalancerState], Collection]
    defaults: Mapping[str, Any]
    key: str = "id"
    data: str = ""
    """The field that holds a JSON text."""
    user: tuple[Callable[[LoadBalancerState], Collection], str] | None = None
    """What refers to it, and by which field: while something does, it stays."""

    def of(self, call: Call) -> Collection:
        return self.collection(call.world[LoadBalancerState])


SETTINGS = (
    Setting(
        "flavorprofile", "flavorprofiles", "/lbaas/flavorprofiles", lambda state: state.flavor_profiles,
        {"name": "", "provider_name": None, "flavor_data": None}, data="flavor_data",
        user=(lambda state: state.flavors, "flavor_profile_id"),
    ),
    Setting(
        "flavor", "flavors", "/lbaas/flavors", lambda state: state.flavors,
        {"name": "", "description": "", "flavor_profile_id": None, "enabled": True},
        user=(lambda state: state.loadbalancers, "flavor_id"),
    ),
    Setting(
        "availability_zone_profile", "availability_zone_profiles", "/lbaas/availabilityzoneprofiles",
        lambda state: state.zone_profiles,
        {"name": "", "provider_name": None, "availability_zone_data": None}, data="availability_zone_data",
        user=(lambda state: state.zones, "availability_zone_profile_id"),
    ),
    Setting(
        "availability_zone", "availability_zones", "/lbaas/availabilityzones", lambda state: state.zones,
        {"name": "", "description": "", "availability_zone_profile_id": None, "enabled": True}, key="name",
        user=(lambda state: state.loadbalancers, "availability_zone"),
    ),
)  # fmt: skip


def register_operator(routes: Router) -> None:
    """Everything of this module under both bases."""
    routes.get("/", public=True)(versions)
    for base in BASES:
        routes.get(base, public=True)(versions)
        for setting in SETTINGS:
            one = f"{base}{setting.path}/{{key}}"
            routes.get(f"{base}{setting.path}")(partial(list_settings, setting))
            routes.post(f"{base}{setting.path}", status=201, admin=True)(partial(create_setting, setting))
            routes.get(one)(partial(show_setting, setting))
            routes.put(one, admin=True)(partial(change_setting, setting))
            routes.delete(one, admin=True)(partial(delete_setting, setting))
        routes.get(f"{base}/octavia/amphorae", admin=True)(list_amphorae)
        routes.get(f"{base}/octavia/amphorae/{{id}}", admin=True)(show_amphora)
        routes.put(f"{base}/octavia/amphorae/{{id}}/config", status=202, admin=True)(touch_amphora)
        routes.put(f"{base}/octavia/amphorae/{{id}}/failover", status=202, admin=True)(touch_amphora)
        routes.get(f"{base}/lbaas/providers")(list_providers)
        for kind in CAPABILITIES:
            path = f"{base}/lbaas/providers/{{provider}}/{kind}_capabilities"
            routes.get(path, admin=True)(partial(list_capabilities, kind))
        routes.get(f"{base}/lbaas/quotas", admin=True)(list_quotas)
        routes.get(f"{base}/lbaas/quotas/defaults")(default_quotas)
        routes.get(f"{base}/lbaas/quotas/{{project_id}}")(show_quota)
        routes.put(f"{base}/lbaas/quotas/{{project_id}}", status=202, admin=True)(set_quota)
        routes.delete(f"{base}/lbaas/quotas/{{project_id}}", admin=True)(unset_quota)


def versions(call: Call) -> Fields:
    """Octavia names every minor version, and the same address for each."""
    entries = [
        discovery.version(f"v2.{minor}", f"{call.root}/v2", status="CURRENT" if minor == 27 else "SUPPORTED")
        for minor in range(28)
    ]
    return {"versions": entries}


def list_settings(setting: Setting, call: Call) -> Fields:
    return page(call, setting.plural, list(setting.of(call)))


def _found(setting: Setting, call: Call) -> Document:
    found = setting.of(call).first(**{setting.key: call.params["key"]})
    if found is None:
        raise NotFound(f"{setting.singular} {call.params['key']} not found.")
    return found


def _shown(setting: Setting, document: Document) -> Document:
    hidden = {"project_id"} if setting.key == "id" else {"project_id", "id"}
    return {name: value for name, value in document.items() if name not in hidden}


def show_setting(setting: Setting, call: Call) -> Fields:
    return {setting.singular: _shown(setting, _found(setting, call))}


def create_setting(setting: Setting, call: Call) -> Fields:
    fields, collection = call.body(setting.singular), setting.of(call)
    _check(setting, fields)
    if setting.key == "name" and collection.where(name=fields.get("name")):
        raise Conflict(f"A {setting.singular} of {fields.get('name')} already exists.")
    given = {name: value for name, value in fields.items() if name in setting.defaults}
    document = {"id": str(uuid.uuid4()), "project_id": None, **setting.defaults, **given}
    return {setting.singular: _shown(setting, collection.add(document))}


def change_setting(setting: Setting, call: Call) -> Fields:
    document, changes = _found(setting, call), call.body(setting.singular)
    _check(setting, {**document, **changes})
    document.update({name: value for name, value in changes.items() if name in setting.defaults})
    return {setting.singular: _shown(setting, document)}


def delete_setting(setting: Setting, call: Call) -> None:
    document = _found(setting, call)
    if setting.user is not None:
        users, field = setting.user
        if users(call.world[LoadBalancerState]).where(**{field: document[setting.key]}):
            raise Conflict(f"{setting.singular} {document[setting.key]} is in use and cannot be modified.")
    setting.of(call).remove(document["id"])


def _check(setting: Setting, fields: Fields) -> None:
    """The provider must be known and the data JSON."""
    if setting.data:
        if fields.get("provider_name") not in PROVIDERS:
            raise BadRequest(f"Provider '{fields.get('provider_name')}' is not enabled.")
        try:
            json.loads(fields.get(setting.data) or "")
        except ValueError:
            raise BadRequest(f"Invalid input for field/attribute {setting.data}. Value is not JSON.") from None


def list_amphorae(call: Call) -> Fields:
    return page(call, "amphorae", list(call.world[LoadBalancerState].amphorae))


def _amphora(call: Call) -> Document:
    return call.world[LoadBalancerState].amphorae[call.params["id"]]


def show_amphora(call: Call) -> Fields:
    return {"amphora": _amphora(call)}


def touch_amphora(call: Call) -> None:
    """Its configuration is sent anew, or another takes its place: nothing of it shows."""
    _amphora(call)["updated_at"] = tree.stamp()


def list_providers(_call: Call) -> Fields:
    return {"providers": [{"name": name, "description": text} for name, text in PROVIDERS.items()]}


def list_capabilities(kind: str, call: Call) -> Fields:
    """What a profile for the provider may set."""
    if call.params["provider"] not in PROVIDERS:
        raise NotFound(f"Provider '{call.params['provider']}' is not enabled.")
    return {f"{kind}_capabilities": [{"name": name, "description": text} for name, text in CAPABILITIES[kind].items()]}


def _limits(call: Call, project_id: str) -> Fields:
    """The limits under their names, and two of them under the old ones beside."""
    limits: Fields = {name: call.world[LoadBalancerState].quota(project_id, name) for name in QUOTAS}
    return limits | {"loadbalancer": limits["load_balancer"], "healthmonitor": limits["health_monitor"]}


def list_quotas(call: Call) -> Fields:
    rows = [
        _limits(call, project_id) | {"project_id": project_id} for project_id in call.world[LoadBalancerState].quotas
    ]
    return {"quotas": rows}


def default_quotas(_call: Call) -> Fields:
    return {"quota": dict.fromkeys(QUOTAS, -1)}


def show_quota(call: Call) -> Fields:
    project_id = call.params["project_id"]
    if project_id != call.caller.project_id:
        call.require_admin()
    return {"quota": _limits(call, project_id) | {"project_id": project_id}}


def set_quota(call: Call) -> Fields:
    project_id = call.params["project_id"]
    old_names = {"loadbalancer": "load_balancer", "healthmonitor": "health_monitor"}
    changes = {old_names.get(name, name): value for name, value in call.body("quota").items() if value is not None}
    unknown = sorted(changes.keys() - set(QUOTAS) - {"project_id", "tenant_id"})
    if unknown:
        raise BadRequest(f"Invalid input for field/attribute {unknown[0]}. Unknown attribute.")
    limits = {name: int(changes[name]) for name in QUOTAS if name in changes}
    call.world[LoadBalancerState].quotas.setdefault(project_id, {}).update(limits)
    return show_quota(call)


def unset_quota(call: Call) -> Reply:
    """Back to no limit."""
    if call.world[LoadBalancerState].quotas.pop(call.params["project_id"], None) is None:
        raise NotFound(f"Quota for project {call.params['project_id']} not found.")
    return Reply(status=204)
