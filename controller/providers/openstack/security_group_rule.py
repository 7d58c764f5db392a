"""openstack:networking/secGroupRule:SecGroupRule. Source: Networking API v2.0, "Security group rules"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from controller.engine.properties import PropertyMap
from controller.engine.provider import Carrier, Failure, Fields, Observation, Page, Scope
from controller.providers.fields import Field
from controller.providers.openstack.budget import Priority
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import prefix, protocol
from controller.providers.openstack.identity import SUFFIX_LENGTH, unsigned
from controller.providers.openstack.networking import TENANT_ID, NetworkingKind
from controller.providers.openstack.path import path_to
from controller.providers.openstack.security_group import SecurityGroup, lets_all_out

_MADE_TOGETHER = 2.0
"""Seconds: Neutron stamps a group and the rules that come with it one after the other."""


class SecurityGroupRule(NetworkingKind):
    """A rule never changes: every difference is another rule."""

    token = "openstack:networking/secGroupRule:SecGroupRule"  # noqa: S105
    path, key, plural = "/security-group-rules", "security_group_rule", "security_group_rules"
    delete_before_replace = True  # Neutron refuses a second rule that differs only in its description
    fields = (
        Field("securityGroupId", required=True, replaces=True),
        Field("direction", required=True, replaces=True, choices=("ingress", "egress")),
        Field("ethertype", required=True, replaces=True, choices=("IPv4", "IPv6")),
        Field("protocol", default=None, replaces=True, normal=protocol),
        Field("portRangeMin", type=int, default=None, replaces=True),
        Field("portRangeMax", type=int, default=None, replaces=True),
        Field("remoteIpPrefix", default=None, replaces=True, normal=prefix),
        Field("remoteGroupId", default=None, replaces=True),
        Field("description", default="", replaces=True, longest=255 - SUFFIX_LENGTH),
    )
    shows = (
        TENANT_ID,
        Field("remoteAddressGroupId"),
    )

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        if inputs.get("remoteIpPrefix") is not None and inputs.get("remoteGroupId") is not None:
            return (Failure("remoteGroupId", "contradicts remoteIpPrefix"),)
        ports = [name for name in ("portRangeMin", "portRangeMax") if inputs.get(name) is not None]
        if ports and inputs.get("protocol") is None:
            return (Failure("protocol", f"is required with {ports[0]}"),)
        return ()

    def desired(self, inputs: PropertyMap) -> Fields:
        return _of_its_ethertype(super().desired(inputs))

    def fields_of(self, body: Body) -> dict[str, Any]:
        return _of_its_ethertype(super().fields_of(body))

    def narrowing(self, plain: PropertyMap) -> dict[str, str]:
        return {"security_group_id": plain["securityGroupId"]}

    def owner_of(self, body: Body) -> str:
        return str(body.get("security_group_id") or "")

    def list(self, cloud: Cloud, scope: Scope) -> Iterator[Page]:
        """By group: only a group tells whether its rules are anybody's, or came with it."""
        if scope.changed_since is not None:
            yield from self._changes(cloud, scope)
            return
        groups = SecurityGroup()
        for page in groups.pages_in(cloud, scope):
            rules = [
                _in_group(self.observe(rule), rule, group) for group in page for rule in group["security_group_rules"]
            ]
            yield Page(rules, last=False)
        yield Page((), last=True)

    def _changes(self, cloud: Cloud, scope: Scope) -> Iterator[Page]:
        """The new rules themselves, each with its group; a group that is gone took its rules along."""
        groups: dict[str, Body | None] = {}
        for page in self.pages_in(cloud, scope):
            for id in {rule["security_group_id"] for rule in page} - groups.keys():
                answer = cloud.get(self.service, path_to(SecurityGroup.path, id), priority=Priority.DRIFT)
                groups[id] = None if answer is None else answer[SecurityGroup.key]
            rules = [(rule, groups[rule["security_group_id"]]) for rule in page]
            yield Page([_in_group(self.observe(rule), rule, group) for rule, group in rules if group], last=False)
        yield Page((), last=True)


def _of_its_ethertype(seen: Fields) -> dict[str, Any]:
    """ICMP of IPv6 is a protocol of its own, which Neutron also takes by the name of the other."""
    is_icmp_of_ipv6 = (seen.get("ethertype"), seen.get("protocol")) == ("IPv6", "icmp")
    return {**seen, "protocol": "ipv6-icmp"} if is_icmp_of_ipv6 else dict(seen)


def _in_group(observation: Observation, rule: Body, group: Body) -> Observation:
    """A rule is the cloud's where its group is none of ours, and where it came with the group."""
    is_ours = unsigned(Carrier.DESCRIPTION, group)[1] is not None
    came_with_group = lets_all_out(rule) and _seconds_between(rule, group) <= _MADE_TOGETHER
    return replace(observation, by_cloud=not is_ours or came_with_group)


def _seconds_between(rule: Body, group: Body) -> float:
    first, second = (datetime.fromisoformat(body["created_at"]) for body in (rule, group))
    return abs((first - second).total_seconds())
