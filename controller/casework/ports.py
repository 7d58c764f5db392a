"""What casework is handed of the world outside: a cloud's names made ids, the estate in git, the folder of evidence,
the key that signs certificates.

The composition roots fill it; `cloud` is the cloud provider's catalogue there, and a table of a few names in tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from controller.casework.casefile.evidence import EvidenceStore
from controller.domain.spec import CloudFlavor
from controller.estate.forge import Forge
from controller.estate.repository import Estate
from controller.store.signer import Signer


class CloudCatalogue(Protocol):
    """What one cloud offers. A call raises Refused where nothing fits, Unknown where the cloud cannot be read."""

    def image(self, name: str, disk_gb: int) -> str:
        """Id of the image of that name, where a system disk of `disk_gb` GiB holds it."""
        ...

    def flavor(self, vcpu: int, memory_gb: int) -> CloudFlavor:
        """The smallest flavor with at least `vcpu` cores and `memory_gb` GiB, without a disk of its own."""
        ...

    def network(self, name: str) -> str:
        """Id of the network of that name."""
        ...


@dataclass(frozen=True)
class Ports:
    """The outside, as the use cases are handed it. `cloud` takes a name of clouds.yaml."""

    cloud: Callable[[str], CloudCatalogue]
    estate: Estate
    forge: Forge
    evidence: EvidenceStore
    signer: Signer
