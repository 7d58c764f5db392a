"""What is metered of an approved system: SystemSpec in, quantities by resource and item out. Pure.

Only what an approval names is charged; what runs without one is charged to nobody (GY-22a).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from controller.domain.spec import Machine, SystemSpec


class Item(StrEnum):
    """The items that price lists name. Memory and disks are in GiB."""

    VCPU = "vcpu"
    MEMORY = "memory"
    SYSTEM_DISK = "system-disk"
    DATA_DISK = "data-disk"
    LOAD_BALANCER = "load-balancer"
    FLOATING_IP = "floating-ip"


@dataclass(frozen=True, order=True)
class Meter:
    """One item of one resource. `resource` is the stack's name, a slash, and the name in the program."""

    resource: str
    item: str


def metered(spec: SystemSpec) -> dict[Meter, Decimal]:
    """Every meter of the system with its quantity."""
    return dict(_quantities(spec))


def _quantities(spec: SystemSpec) -> Iterator[tuple[Meter, Decimal]]:
    for machine in spec.machines:
        for item, quantity in _of_machine(machine).items():
            if quantity:
                yield Meter(f"{spec.stack_name}/{machine.name}", item.value), Decimal(quantity)
    for cluster in spec.balanced_clusters:
        yield Meter(f"{spec.stack_name}/{cluster.name}", Item.LOAD_BALANCER.value), Decimal(1)
    for entry in spec.floating_ip_entries:
        yield Meter(f"{spec.stack_name}/{entry}", Item.FLOATING_IP.value), Decimal(1)


def _of_machine(machine: Machine) -> dict[Item, int]:
    return {
        Item.VCPU: machine.vcpu,
        Item.MEMORY: machine.memory_gb,
        Item.SYSTEM_DISK: machine.system_disk_gb,
        Item.DATA_DISK: machine.data_disk_gb,
    }
