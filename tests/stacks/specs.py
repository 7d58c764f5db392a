"""SystemSpecs for the tests of the program: small ones, said in few words."""

from __future__ import annotations

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

LINUX = CloudImage(name="openEuler 22.03", id="image-linux")
WINDOWS = CloudImage(name="Windows Server 2019", id="image-windows")


def machine(
    name: str,
    role: ServerType,
    *,
    cluster: str | None = None,
    data_disk_gb: int = 0,
    image: CloudImage = LINUX,
) -> Machine:
    return Machine(
        name=name,
        role=role,
        vcpu=8,
        memory_gb=16,
        system_disk_gb=60,
        data_disk_gb=data_disk_gb,
        image=image,
        flavor=CloudFlavor(name="yg.c8m16", id="flavor-8-16"),
        cluster=cluster,
        owners=("p-1",),
    )


def placement(*, external: bool = True, floating_ips: bool = True) -> Placement:
    return Placement(
        cloud="sandbox",
        availability_zone="az-internet",
        cidr="10.20.0.0/24",
        dns=("10.0.0.53",),
        external_network=CloudNetwork(name="ext-internet", id="net-ext") if external else None,
        floating_ips=floating_ips,
        volume_type="ssd",
        reachable_from=("0.0.0.0/0",),
        bastions=("10.1.1.0/28",),
    )


def system(
    *machines: Machine,
    place: Placement | None = None,
    power: Power = Power.RUNNING,
    phase: Phase = Phase.SERVICE,
) -> SystemSpec:
    return SystemSpec(
        metadata=Metadata(
            city="liuzhou",
            unit="caizhengju",
            unit_name="柳州市财政局",
            system="caiwu",
            system_name="财务管理系统",
            zone="internet",
            zone_name="互联网区",
            request="R-2026-0001",
        ),
        phase=phase,
        power=power,
        placement=place or placement(),
        machines=machines,
    )
