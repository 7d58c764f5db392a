"""Security groups and their rules, as `openings.py` lists them.

Neutron puts rules into a new group that let everything out; `delete_default_rules` takes them away, so that all rules
are ours and a rule that is not in the program is drift.
"""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_openstack import networking

from stacks.naming import Context
from stacks.openings import Opening, groups, openings
from stacks.tags import Item

SecurityGroups = Mapping[str, networking.SecGroup]
"""The groups of a system by name."""


def build(context: Context) -> SecurityGroups:
    made = {name: _group(context, name) for name in groups(context.spec)}
    for opening in openings(context.spec):
        _rule(context, opening, made)
    return made


def _group(context: Context, name: str) -> networking.SecGroup:
    return networking.SecGroup(
        f"sg-{name}",
        name=context.name(f"sg-{name}"),
        delete_default_rules=True,
        tags=context.tags.tags(Item.NETWORK),
        opts=context.options(),
    )


def _rule(context: Context, opening: Opening, made: SecurityGroups) -> None:
    networking.SecGroupRule(
        opening.name,
        security_group_id=made[opening.group].id,
        direction=opening.direction.value,
        ethertype="IPv4",
        protocol=opening.protocol,
        port_range_min=opening.first_port,
        port_range_max=opening.last_port,
        remote_ip_prefix=opening.cidr,
        remote_group_id=made[opening.remote_group].id if opening.remote_group else None,
        opts=context.options(),
    )
