"""What a city allows in its workbook: made from the city's file, used by reader and template."""

from dataclasses import dataclass
from typing import Self

from controller.domain.city import City


@dataclass(frozen=True)
class Bounds:
    """The smallest and largest whole number that a column takes, both included."""

    low: int
    high: int


@dataclass(frozen=True)
class WorkbookRules:
    """The city's code, its network zones and operating systems as officials write them, and the sizes of a machine.

    Memory and disks are in GiB. `zones` and `images` stand in the order in which the drop-downs show them.
    """

    city: str
    zones: tuple[str, ...]
    images: tuple[str, ...]
    vcpu: Bounds = Bounds(1, 128)
    memory_gb: Bounds = Bounds(1, 1024)
    system_disk_gb: Bounds = Bounds(20, 2048)
    data_disk_gb: Bounds = Bounds(0, 65536)

    @classmethod
    def of_city(cls, city: City) -> Self:
        """The rules of a city as its file in the catalogue words them."""
        return cls(
            city=city.code,
            zones=tuple(zone.name for zone in city.zones),
            images=tuple(image.name for image in city.images),
        )
