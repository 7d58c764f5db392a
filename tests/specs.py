"""SystemSpecs said in few words: on made-up ids for what reads them only, on a cloud's own where they are applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.domain.spec import (
    CloudFlavor,
    CloudImage,
    CloudNetwork,
    Machine,
    Metadata,
    Phase,
    Placement,
    Power,
    ServerType,
    SystemSpec,
)
from controller.providers.openstack.catalogue import CloudCatalogue

LINUX = CloudImage(name="openEuler 22.03", id="image-linux")
WINDOWS = CloudImage(name="Windows Server 2019", id="image-windows")


def _made_up_flavor(vcpu: int, memory_gb: int) -> CloudFlavor:
    return CloudFlavor(name=f"yg.c{vcpu}m{memory_gb}", id=f"flavor-{vcpu}-{memory_gb}")


@dataclass(frozen=True)
class Systems:
    """Systems of one unit in the internet zone of the cloud `sandbox`."""

    image: CloudImage = LINUX
    outside: CloudNetwork = CloudNetwork(name="ext-internet", id="net-ext")  # noqa: RUF009 - frozen
    flavor: Callable[[int, int], CloudFlavor] = _made_up_flavor

    @classmethod
    def on(cls, catalogue: CloudCatalogue, image: str = "openEuler 22.03") -> Systems:
        """With the ids of that cloud, so that they can be applied to it."""
        return cls(
            image=CloudImage(name=image, id=catalogue.image(image, 60)),
            outside=CloudNetwork(name="ext-internet", id=catalogue.network("ext-internet")),
            flavor=catalogue.flavor,
        )

    def machine(
        self,
        name: str,
        role: ServerType,
        *,
        size: tuple[int, int] = (8, 16),
        system_disk_gb: int = 60,
        data_disk_gb: int = 0,
        cluster: str | None = None,
        image: CloudImage | None = None,
    ) -> Machine:
        """`size` is vCPU and memory in GiB."""
        vcpu, memory_gb = size
        return Machine(
            name=name,
            role=role,
            vcpu=vcpu,
            memory_gb=memory_gb,
            system_disk_gb=system_disk_gb,
            data_disk_gb=data_disk_gb,
            image=image or self.image,
            flavor=self.flavor(vcpu, memory_gb),
            cluster=cluster,
            owners=("p-1",),
        )

    def placement(self, *, cloud: str = "sandbox", outside: bool = True, floating_ips: bool = True) -> Placement:
        return Placement(
            cloud=cloud,
            availability_zone="az-internet",
            cidr="10.20.0.0/24",
            dns=("10.0.0.53",),
            external_network=self.outside if outside else None,
            floating_ips=floating_ips,
            volume_type="ssd",
            reachable_from=("0.0.0.0/0",),
            bastions=("10.1.1.0/28",),
        )

    def system(
        self,
        *machines: Machine,
        name: str = "caiwu",
        place: Placement | None = None,
        power: Power = Power.RUNNING,
        phase: Phase = Phase.SERVICE,
    ) -> SystemSpec:
        return SystemSpec(
            metadata=Metadata(
                city="liuzhou",
                unit="caizhengju",
                unit_name="柳州市财政局",
                system=name,
                system_name="财务管理系统",
                zone="internet",
                zone_name="互联网区",
                request="R-2026-0001",
            ),
            phase=phase,
            power=power,
            placement=place or self.placement(),
            machines=machines,
        )


_MADE_UP = Systems()
machine, placement, system = _MADE_UP.machine, _MADE_UP.placement, _MADE_UP.system
