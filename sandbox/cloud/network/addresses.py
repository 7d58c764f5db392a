"""A subnet's CIDR, gateway and pools → the addresses it gives out (called by subnets, ports, routers and floating IPs).

Pure bookkeeping over integers: one `AddressBook` a subnet, kept beside the subnet's row. The lowest free address goes
first, so a run of the same requests gives the same addresses.
"""

import ipaddress
from dataclasses import dataclass, field

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class NoAddressLeftError(Exception):
    """Every address of the subnet's pools is taken."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A run of addresses, both ends included, as integers."""

    first: int
    last: int

    def body(self, version: int) -> dict[str, str]:
        return {"start": text(self.first, version), "end": text(self.last, version)}


@dataclass(slots=True)
class AddressBook:
    """Which addresses of one subnet are taken."""

    version: int
    pools: list[Pool]
    taken: set[int] = field(default_factory=set)
    _lowest: int = 0

    def allocate(self) -> str:
        """The lowest free address of the pools. Raises NoAddressLeftError."""
        for pool in self.pools:
            for number in range(max(pool.first, self._lowest), pool.last + 1):
                if number not in self.taken:
                    self.taken.add(number)
                    self._lowest = number + 1
                    return text(number, self.version)
        raise NoAddressLeftError

    def claim(self, address: str) -> bool:
        """Take this very address, in a pool or not; False when it is taken already."""
        number = int(ipaddress.ip_address(address))
        if number in self.taken:
            return False
        self.taken.add(number)
        return True

    def release(self, address: str) -> None:
        number = int(ipaddress.ip_address(address))
        self.taken.discard(number)
        self._lowest = min(self._lowest, number)

    def replace_pools(self, pools: list[Pool]) -> None:
        self.pools = pools
        self._lowest = 0

    @property
    def size(self) -> int:
        return sum(pool.last - pool.first + 1 for pool in self.pools)


def text(number: int, version: int) -> str:
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))


def default_gateway(cidr: Network) -> str:
    """Neutron's choice: the first address after the network's own."""
    return text(int(cidr.network_address) + 1, cidr.version)


def default_pools(cidr: Network, gateway: str | None) -> list[Pool]:
    """Every host address but the gateway, as neutron lays its pools out."""
    first, last = int(cidr.network_address) + 1, int(cidr.broadcast_address) - (1 if cidr.version == 4 else 0)
    middle = int(ipaddress.ip_address(gateway)) if gateway else 0
    parts = [Pool(first, middle - 1), Pool(middle + 1, last)] if first <= middle <= last else [Pool(first, last)]
    return [part for part in parts if part.first <= part.last]


def parse_pools(bodies: list[dict[str, str]]) -> list[Pool]:
    """API bodies ({start, end}) → pools. Raises ValueError for what is no address."""
    pools = (Pool(int(ipaddress.ip_address(each["start"])), int(ipaddress.ip_address(each["end"]))) for each in bodies)
    return sorted(pools, key=lambda pool: pool.first)


def carve(prefixes: list[str], length: int, used: list[str]) -> str | None:
    """The first free CIDR of `length` bits in a subnet pool's prefixes, or None when it is used up."""
    taken = [ipaddress.ip_network(each) for each in used]
    for prefix in map(ipaddress.ip_network, prefixes):
        if length < prefix.prefixlen:
            continue
        for candidate in prefix.subnets(new_prefix=length):
            if not any(candidate.version == each.version and candidate.overlaps(each) for each in taken):
                return str(candidate)
    return None
