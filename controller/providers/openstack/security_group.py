"""openstack:networking/secGroup:SecGroup. Source: Networking API v2.0, "Security groups"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controller.engine.properties import PropertyMap
from controller.engine.provider import Carrier, Change, Fields
from controller.providers.fields import Field
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.identity import unsigned
from controller.providers.openstack.networking import DESCRIPTION, NAME, TAGS, TENANT_ID, NetworkingKind
from controller.providers.openstack.path import path_to


class SecurityGroup(NetworkingKind):
    """Neutron puts rules into a new group that let all out; `deleteDefaultRules` holds as long as none is there."""

    token = "openstack:networking/secGroup:SecGroup"  # noqa: S105
    path, key, plural = "/security-groups", "security_group", "security_groups"
    fields = (
        NAME,
        DESCRIPTION,
        Field("stateful", type=bool),
        Field("deleteDefaultRules", type=bool, patched=False),
        TAGS,
    )
    shows = (TENANT_ID,)

    def body_of(self, plain: PropertyMap) -> Body:
        body = super().body_of(plain)
        body.pop("delete_default_rules", None)
        return body

    def desired(self, inputs: PropertyMap) -> Fields:
        wanted = dict(super().desired(inputs))
        if wanted.get("deleteDefaultRules") is False:
            del wanted["deleteDefaultRules"]
        return wanted

    def fields_of(self, body: Body) -> dict[str, Any]:
        seen = super().fields_of(body)
        if "security_group_rules" in body:
            seen["deleteDefaultRules"] = not _default_rules(body["security_group_rules"])
        return seen

    def finish(self, cloud: Cloud, body: Body, plain: PropertyMap) -> Body:
        if plain.get("deleteDefaultRules"):
            body = {**body, "security_group_rules": self._without_defaults(cloud, body["security_group_rules"])}
        return super().finish(cloud, body, plain)

    def amend(self, cloud: Cloud, id: str, plain: PropertyMap, changes: Mapping[str, Change]) -> None:
        super().amend(cloud, id, plain, changes)
        if "deleteDefaultRules" in changes and plain.get("deleteDefaultRules"):
            body = self._look(cloud, id) or {}
            self._without_defaults(cloud, body.get("security_group_rules", ()))

    def is_by_cloud(self, body: Body) -> bool:
        """The group that every project has."""
        return body.get("name") == "default"

    def _without_defaults(self, cloud: Cloud, rules: Iterable[Body]) -> list[Body]:
        rules = list(rules)
        defaults = _default_rules(rules)
        for rule in defaults:
            cloud.remove(self.service, path_to("/security-group-rules", rule["id"]))
        return [rule for rule in rules if rule not in defaults]


def lets_all_out(rule: Body) -> bool:
    """Whether a rule is like those that Neutron puts into a new group: egress to anywhere, not made by us."""
    if rule["direction"] != "egress" or unsigned(Carrier.DESCRIPTION, rule)[1] is not None:
        return False
    narrowings = ("protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "remote_group_id")
    return not any(rule.get(name) for name in narrowings)


def _default_rules(rules: Iterable[Body]) -> list[Body]:
    return [rule for rule in rules if lets_all_out(rule)]
