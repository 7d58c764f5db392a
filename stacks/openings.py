"""SystemSpec in, the rules of its security groups out: who may reach whom on which port. Pure; `security.py` makes
resources of them.

Every machine bears two groups: its server type's, which opens what `services.py` names to the groups of those who may
use it, and its operating system's, which opens SSH or RDP to the zone's bastion hosts alone and lets out what a
machine needs: its own subnet, the zone's name servers, the cloud's metadata service. Rules for a type that the system
does not have are not made.

A load balancer's own instances stand in the system's subnet and bear a group that Octavia makes, so to its members
"the balancer" is the subnet, and only where there is one. Its virtual address bears a group of ours, which the
clients' rules are on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from controller.domain.spec import Machine, ServerType, SystemSpec
from stacks.services import SERVICES, Service, Source

BALANCER_GROUP = "balancer"
_METADATA_SERVICE = "169.254.169.254/32"
_REMOTE_ACCESS = {"linux": ("ssh", 22), "windows": ("rdp", 3389)}


class Direction(StrEnum):
    INGRESS = "ingress"
    EGRESS = "egress"


@dataclass(frozen=True)
class Opening:
    """One rule of `group`: the other side is a CIDR or another group. Without ports: everything."""

    group: str
    direction: Direction
    service: str
    cidr: str | None = None
    remote_group: str | None = None
    protocol: str | None = None
    first_port: int | None = None
    last_port: int | None = None

    @property
    def name(self) -> str:
        """Says what the rule says, so that a change of one leaves the others alone."""
        other = self.remote_group or (self.cidr or "").replace("/", "-")
        word = "from" if self.direction is Direction.INGRESS else "to"
        return f"sg-{self.group}-{self.service}-{word}-{other}"


def groups_of(machine: Machine) -> tuple[str, str]:
    """The two groups that the port of `machine` bears."""
    return _family(machine), machine.role.lower()


def groups(spec: SystemSpec) -> list[str]:
    """All groups of the system, by name."""
    balancer = {BALANCER_GROUP} if spec.balanced_clusters else set()
    return sorted({group for machine in spec.machines for group in groups_of(machine)} | balancer)


def openings(spec: SystemSpec) -> list[Opening]:
    """All rules of the system, in a fixed order, no two alike."""
    families = sorted({_family(machine) for machine in spec.machines})
    roles = sorted({machine.role for machine in spec.machines})
    found = [
        *(opening for family in families for opening in _of_family(spec, family)),
        *(opening for role in roles for opening in _of_role(spec, role)),
        *_of_balancer(spec),
    ]
    return list(dict.fromkeys(found))


def _of_family(spec: SystemSpec, family: str) -> Iterator[Opening]:
    placement = spec.placement
    service, port = _REMOTE_ACCESS[family]
    for cidr in placement.bastions:
        yield _ingress(family, service, port, port, cidr)
    yield Opening(family, Direction.EGRESS, "any", cidr=placement.cidr)
    yield _egress(family, "metadata", "tcp", 80, _METADATA_SERVICE)
    for server in placement.dns:
        yield _egress(family, "dns-tcp", "tcp", 53, f"{server}/32")
        yield _egress(family, "dns-udp", "udp", 53, f"{server}/32")


def _of_role(spec: SystemSpec, role: ServerType) -> Iterator[Opening]:
    for service in SERVICES[role]:
        for source in service.sources:
            yield from _from_source(spec, role, service, source)


def _from_source(
    spec: SystemSpec, role: ServerType, service: Service, source: ServerType | Source
) -> Iterator[Opening]:
    group, first, last = role.lower(), service.first_port, service.last_port
    match source:
        case Source.CLIENTS if role is not ServerType.WEB or spec.entry_machines:
            for cidr in spec.placement.reachable_from:
                yield _ingress(group, service.name, first, last, cidr)
        case Source.BALANCER if any(cluster.role is role for cluster in spec.balanced_clusters):
            yield _ingress(group, service.name, first, last, spec.placement.cidr)
        case Source.PEERS if any(cluster.role is role and len(cluster.machines) > 1 for cluster in spec.clusters):
            yield _ingress_of_group(group, service.name, first, last, group)
        case ServerType() if any(machine.role is source for machine in spec.machines):
            yield _ingress_of_group(group, service.name, first, last, source.lower())


def _of_balancer(spec: SystemSpec) -> Iterator[Opening]:
    """In: clients to the WEB ports, WEB machines to the APP ports. Out: the members' subnet."""
    balanced = {cluster.role for cluster in spec.balanced_clusters}
    has_web = any(machine.role is ServerType.WEB for machine in spec.machines)
    for service in SERVICES[ServerType.WEB] if ServerType.WEB in balanced else ():
        for cidr in spec.placement.reachable_from:
            yield _ingress(BALANCER_GROUP, service.name, service.first_port, service.last_port, cidr)
    for service in SERVICES[ServerType.APP] if ServerType.APP in balanced and has_web else ():
        web = ServerType.WEB.lower()
        yield _ingress_of_group(BALANCER_GROUP, service.name, service.first_port, service.last_port, web)
    if balanced:
        yield Opening(BALANCER_GROUP, Direction.EGRESS, "any", cidr=spec.placement.cidr)


def _ingress(group: str, service: str, first: int, last: int, cidr: str) -> Opening:
    return Opening(group, Direction.INGRESS, service, cidr=cidr, protocol="tcp", first_port=first, last_port=last)


def _ingress_of_group(group: str, service: str, first: int, last: int, remote: str) -> Opening:
    return Opening(
        group, Direction.INGRESS, service, remote_group=remote, protocol="tcp", first_port=first, last_port=last
    )


def _egress(group: str, service: str, protocol: str, port: int, cidr: str) -> Opening:
    return Opening(group, Direction.EGRESS, service, cidr=cidr, protocol=protocol, first_port=port, last_port=port)


def _family(machine: Machine) -> str:
    """`windows` or `linux`: decides whether the bastion comes by RDP or SSH."""
    return "windows" if machine.image.name.lower().startswith("windows") else "linux"
