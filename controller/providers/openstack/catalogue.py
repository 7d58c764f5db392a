"""What a cloud offers, by name: images, flavors and networks, for the approval that resolves them into a spec."""

from __future__ import annotations

from controller.domain.errors import Refused
from controller.domain.spec import CloudFlavor
from controller.providers.openstack.connection import Cloud
from controller.providers.openstack.functions.compute import FLAVORS
from controller.providers.openstack.functions.images import IMAGES
from controller.providers.openstack.functions.networking import NETWORKS

_GIB = 1024


class CloudCatalogue:
    """Reads images, flavors and networks of one cloud. Raises Refused for what it does not offer.

    Sources: Image API v2 "Images", Compute API v2.1 "Flavors", Networking API v2.0 "Networks".
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def image(self, name: str, disk_gb: int) -> str:
        """The id of the active image `name`, which a system disk of `disk_gb` GiB must hold."""
        images = list(IMAGES.all(self._cloud, {"name": name, "status": "active"}))
        id = self._only("image", name, [image["id"] for image in images])
        [needed_gb] = [image.get("min_disk") or 0 for image in images]
        if needed_gb > disk_gb:
            raise Refused(
                f"the image {name!r} needs a system disk of {needed_gb} GB, {disk_gb} GB are asked for",
                where=self._cloud.name,
                remedy="send the request back, to be filed with a larger system disk",
            )
        return id

    def flavor(self, vcpu: int, memory_gb: int) -> CloudFlavor:
        """The smallest flavor without a disk of its own that has `vcpu` cores and `memory_gb` GiB."""
        fits = [
            (flavor["vcpus"], flavor["ram"], flavor["name"], flavor["id"])
            for flavor in FLAVORS.all(self._cloud, {})
            if flavor["disk"] == 0 and flavor["vcpus"] >= vcpu and flavor["ram"] >= memory_gb * _GIB
        ]
        if not fits:
            raise Refused(
                f"no flavor has {vcpu} vCPU and {memory_gb} GiB of memory",
                where=self._cloud.name,
                remedy="ask the cloud's operator for one with disk 0, or change the request",
            )
        _, _, name, id = min(fits)
        return CloudFlavor(name=name, id=id)

    def network(self, name: str) -> str:
        """The id of the network `name`."""
        networks = NETWORKS.all(self._cloud, {"name": name})
        return self._only("network", name, [network["id"] for network in networks])

    def _only(self, what: str, name: str, ids: list[str]) -> str:
        if len(ids) == 1:
            return ids[0]
        told = "has no" if not ids else f"has {len(ids)} of the"
        text = f"the cloud {told} {what} {name!r}"
        raise Refused(text, where=self._cloud.name, remedy="correct the city's catalogue")
