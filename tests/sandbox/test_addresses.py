"""Address books: no address is given out twice, none is lost, whatever the order of requests."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.cloud.network.addresses import (
    AddressBook,
    NoAddressLeftError,
    carve,
    default_gateway,
    default_pools,
    parse_pools,
)

STEPS = st.lists(st.one_of(st.none(), st.integers(min_value=0, max_value=40)), max_size=120)


@given(steps=STEPS)
def test_every_address_is_given_out_once_until_it_is_released(steps: list[int | None]) -> None:
    """None asks for an address; a number releases the holder of that place, where there is one."""
    book = AddressBook(
        4, parse_pools([{"start": "10.0.0.10", "end": "10.0.0.40"}, {"start": "10.0.0.2", "end": "10.0.0.4"}])
    )
    held: list[str] = []
    for step in steps:
        if step is None and len(held) < book.size:
            address = book.allocate()
            assert address not in held
            held.append(address)
        elif step is None:
            with pytest.raises(NoAddressLeftError):
                book.allocate()
        elif held:
            book.release(held.pop(step % len(held)))
    assert book.taken == {int(ipaddress.ip_address(address)) for address in held}


@given(length=st.integers(min_value=16, max_value=32), offset=st.integers(min_value=0, max_value=200))
def test_default_pools_hold_every_host_but_the_gateway(length: int, offset: int) -> None:
    cidr = ipaddress.ip_network((int(ipaddress.ip_address("10.7.0.0")), length))
    gateway = str(ipaddress.ip_address(int(cidr.network_address) + offset))
    numbers = [number for pool in default_pools(cidr, gateway) for number in (pool.first, pool.last)]
    size = AddressBook(4, default_pools(cidr, gateway)).size
    hosts = max(cidr.num_addresses - 2, 0)
    inside = 1 <= offset <= hosts
    assert size == hosts - inside
    assert int(ipaddress.ip_address(gateway)) not in numbers
    assert all(ipaddress.ip_address(number) in cidr for number in numbers)


def test_a_claimed_address_is_not_allocated() -> None:
    book = AddressBook(4, parse_pools([{"start": "10.0.0.2", "end": "10.0.0.3"}]))
    assert book.claim("10.0.0.2")
    assert not book.claim("10.0.0.2")
    assert book.allocate() == "10.0.0.3"


def test_a_subnet_pool_gives_disjoint_prefixes_until_it_is_used_up() -> None:
    used: list[str] = []
    while (cidr := carve(["10.0.0.0/29"], 31, used)) is not None:
        used.append(cidr)
    assert used == ["10.0.0.0/31", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/31"]


def test_version_6_has_its_gateway_first_and_its_last_address_usable() -> None:
    cidr = ipaddress.ip_network("fd00::/126")
    assert default_gateway(cidr) == "fd00::1"
    assert [pool.body(6) for pool in default_pools(cidr, "fd00::1")] == [{"start": "fd00::2", "end": "fd00::3"}]
