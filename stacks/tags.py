"""Meter tags: who pays for a resource and why it exists, on everything that can bear tags or metadata.

Metering and the search for orphans read them (GY-22a). They are ordinary inputs of the program; the identity of a
resource is not among them, that is the provider's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller.domain.spec import SystemSpec


class Item(StrEnum):
    """The catalogue item that a resource belongs to."""

    NETWORK = "network"
    SERVER = "ecs"
    DISK = "evs"
    BALANCER = "slb"
    ADDRESS = "eip"


@dataclass(frozen=True)
class MeterTags:
    """The tags of all resources of one stack."""

    unit: str
    system: str
    stack: str
    phase: str

    @classmethod
    def of(cls, spec: SystemSpec) -> MeterTags:
        return cls(unit=spec.metadata.unit, system=spec.metadata.system, stack=spec.stack_name, phase=spec.phase.value)

    def metadata(self, item: Item) -> dict[str, str]:
        """For servers and volumes, which bear key and value."""
        return {
            "yunguan_unit": self.unit,
            "yunguan_system": self.system,
            "yunguan_stack": self.stack,
            "yunguan_phase": self.phase,
            "yunguan_item": item.value,
        }

    def tags(self, item: Item) -> list[str]:
        """For Neutron and Octavia, which bear plain words: `key=value`, sorted, since the cloud keeps a set."""
        return sorted(f"{key}={value}" for key, value in self.metadata(item).items())
