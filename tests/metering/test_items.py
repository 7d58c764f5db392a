"""What of an approved system is metered, and that the city's price list has a price for each."""

from __future__ import annotations

from decimal import Decimal

import pytest

from controller import catalogue
from controller.domain.spec import ServerType
from controller.metering.items import Item, Meter, metered
from tests.metering.specs import STACK, machine, system


def test_a_machine_is_metered_by_its_sizes_and_a_disk_that_is_not_there_is_not() -> None:
    assert metered(system(machine())) == {
        Meter(f"{STACK}/app-1", "vcpu"): Decimal(8),
        Meter(f"{STACK}/app-1", "memory"): Decimal(16),
        Meter(f"{STACK}/app-1", "system-disk"): Decimal(60),
    }
    assert metered(system(machine(data_disk_gb=300)))[Meter(f"{STACK}/app-1", "data-disk")] == 300


def test_what_stands_before_the_machines_is_metered_too() -> None:
    site = [machine(f"web-{number}", ServerType.WEB, cluster="c1") for number in (1, 2)]
    found = metered(system(*site, machine("web-9", ServerType.WEB)))
    extras = {meter.resource.rsplit("/", 1)[1]: meter.item for meter, count in found.items() if count == 1}
    assert extras == {"c1-web": "floating-ip", "web-9": "floating-ip"}
    assert found[Meter(f"{STACK}/c1-web", "load-balancer")] == 1


@pytest.mark.parametrize("item", list(Item))
def test_the_sample_price_list_has_a_price_for_every_item(item: Item) -> None:
    assert catalogue.prices(catalogue.city("liuzhou").prices).by_item[item.value]
