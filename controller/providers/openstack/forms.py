"""Normal forms: one form for what means the same to the services, whoever wrote it. Used by the kinds' fields.

What cannot be meant so (no address, no number) is left as it is: then it differs, and is seen. Sources: Networking API
v2.0 ("Security group rules", "Ports"), Load Balancer API v2; numbers of protocols as IANA assigns them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any, Final

Form = Callable[[Any], Any]

_PROTOCOLS: Final[Mapping[str, str]] = {
    "1": "icmp",
    "2": "igmp",
    "4": "ipip",
    "6": "tcp",
    "8": "egp",
    "17": "udp",
    "33": "dccp",
    "41": "ipv6-encap",
    "43": "ipv6-route",
    "44": "ipv6-frag",
    "46": "rsvp",
    "47": "gre",
    "50": "esp",
    "51": "ah",
    "58": "ipv6-icmp",
    "icmpv6": "ipv6-icmp",
    "59": "ipv6-nonxt",
    "60": "ipv6-opts",
    "89": "ospf",
    "112": "vrrp",
    "113": "pgm",
    "132": "sctp",
    "136": "udplite",
}


def address(value: str) -> str:
    """An IP address: `2001:DB8::0:1` is `2001:db8::1`."""
    with suppress(ValueError):
        return str(ip_address(value))
    return value


def prefix(value: str) -> str:
    """A range of addresses: without bits of the host, and a single address as a range of one."""
    with suppress(ValueError):
        return str(ip_network(value, strict=False))
    return value


def address_or_prefix(value: str) -> str:
    """A range of addresses, and a range of one as the address itself."""
    return prefix(value).removesuffix("/32").removesuffix("/128")


def mac(value: str) -> str:
    """A MAC address: lower case, with colons."""
    return value.lower().replace("-", ":")


def protocol(value: str) -> str | None:
    """An IP protocol by its name, None for any. Neutron takes names in any case and numbers, and may show either."""
    name = str(value).lower()
    return None if name in {"", "any"} else _PROTOCOLS.get(name, name)


def upper(value: str) -> str:
    """A word whose case means nothing."""
    return value.upper()


def zone(value: str) -> str:
    """An availability zone; an administrator may have named a host behind it."""
    return value.partition(":")[0]


def words(value: Mapping[str, Any]) -> dict[str, str]:
    """An object of texts: `True` and `"True"` are `"true"`."""
    return {name: str(item).lower() for name, item in value.items()}


def each(form: Form) -> Form:
    """Of a list whose order means something: each item in its form."""
    return lambda values: [form(value) for value in values]


def unordered_each(form: Form) -> Form:
    """Of a list whose order means nothing: each item in its form, sorted, and no item twice."""
    return lambda values: sorted({form(value) for value in values})


def members(**forms: Form) -> Form:
    """Of an object: each member in its form, and none that is null."""
    return lambda entry: {
        name: forms[name](value) if name in forms else value for name, value in entry.items() if value is not None
    }


def objects(**forms: Form) -> Form:
    """Of a list of objects whose order means nothing: the members of each in their form."""
    normal = members(**forms)
    return lambda entries: sorted((normal(entry) for entry in entries), key=lambda entry: sorted(entry.items()))
