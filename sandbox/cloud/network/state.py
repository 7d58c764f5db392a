"""What neutron keeps: a collection a kind, the address book of each subnet, and the quotas that were set."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from sandbox.cloud.network.addresses import AddressBook
from sandbox.cloud.store import Collection, Document

DEFAULT_QUOTAS = {
    "network": 100,
    "subnet": 100,
    "port": 1000,
    "router": 50,
    "floatingip": 100,
    "security_group": 100,
    "security_group_rule": 1000,
    "subnetpool": -1,
    "rbac_policy": 10,
    "trunk": -1,
    "address_group": 50,
}


@dataclass
class NetworkState:
    """Neutron's memory; documents are kept as the API shows them."""

    networks: Collection = field(default_factory=partial(Collection, "network"))
    subnets: Collection = field(default_factory=partial(Collection, "subnet", "network_id"))
    ports: Collection = field(default_factory=partial(Collection, "port", "network_id", "device_id"))
    routers: Collection = field(default_factory=partial(Collection, "router"))
    security_groups: Collection = field(default_factory=partial(Collection, "security_group"))
    security_group_rules: Collection = field(
        default_factory=partial(Collection, "security_group_rule", "security_group_id")
    )
    floating_ips: Collection = field(default_factory=partial(Collection, "floating_ip", "port_id"))
    port_forwardings: Collection = field(default_factory=partial(Collection, "port_forwarding", "floatingip_id"))
    subnet_pools: Collection = field(default_factory=partial(Collection, "subnet_pool"))
    address_groups: Collection = field(default_factory=partial(Collection, "address_group"))
    trunks: Collection = field(default_factory=partial(Collection, "trunk", "port_id"))
    qos_policies: Collection = field(default_factory=partial(Collection, "qos_policy"))
    rbac_policies: Collection = field(default_factory=partial(Collection, "rbac_policy", "object_id"))
    agents: Collection = field(default_factory=partial(Collection, "network_agent"))
    zones: list[str] = field(default_factory=list)
    """The availability zones that networks and routers may be hinted to."""
    books: dict[str, AddressBook] = field(default_factory=dict)
    """The addresses of each subnet, by subnet id."""
    quotas: dict[str, dict[str, int]] = field(default_factory=dict)
    """Limits that differ from the default, by project id and resource."""
    macs: Iterator[int] = field(default_factory=lambda: iter(range(1 << 24)))
    """The last three bytes of the next port's hardware address."""

    def quota(self, project_id: str, resource: str) -> int:
        """The limit of a project; -1 is none."""
        return self.quotas.get(project_id, {}).get(resource, DEFAULT_QUOTAS[resource])

    def shared_with(self, document: Document, project_id: str | None) -> bool:
        """Whether an RBAC policy opens the document to the project."""
        return any(
            policy["target_tenant"] in ("*", project_id)
            for policy in self.rbac_policies.where(object_id=document["id"])
        )
