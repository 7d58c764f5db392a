"""Systems in service and grounds of confirmation, said in few words."""

from __future__ import annotations

from datetime import UTC, date, datetime

from controller.domain.spec import (
    CloudFlavor,
    CloudImage,
    CloudNetwork,
    Machine,
    Metadata,
    Phase,
    Placement,
    ServerType,
    SystemSpec,
)
from controller.metering.ledger import Ground

SYSTEM = "liuzhou/caizhengju/caiwu"
STACK = f"{SYSTEM}.internet"
LATE = datetime(2027, 6, 1, tzinfo=UTC)


def machine(
    name: str = "app-1",
    role: ServerType = ServerType.APP,
    *,
    vcpu: int = 8,
    memory_gb: int = 16,
    data_disk_gb: int = 0,
    cluster: str | None = None,
) -> Machine:
    return Machine(
        name=name,
        role=role,
        vcpu=vcpu,
        memory_gb=memory_gb,
        system_disk_gb=60,
        data_disk_gb=data_disk_gb,
        image=CloudImage(name="openEuler 22.03", id="i"),
        flavor=CloudFlavor(name="f", id="f"),
        cluster=cluster,
        owners=("p-1",),
    )


def system(
    *machines: Machine,
    unit: str = "caizhengju",
    code: str = "caiwu",
    zone: str = "internet",
    phase: Phase = Phase.SERVICE,
) -> SystemSpec:
    return SystemSpec(
        metadata=Metadata(
            city="liuzhou",
            unit=unit,
            unit_name="柳州市财政局",
            system=code,
            system_name="财务管理系统",
            zone=zone,
            zone_name="互联网区",
            request="R-1",
        ),
        phase=phase,
        placement=Placement(
            cloud="sandbox",
            availability_zone="az-internet",
            cidr="172.16.1.0/24",
            external_network=CloudNetwork(name="ext-internet", id="n"),
        ),
        machines=machines or (machine(),),
    )


def ground(on: str, confirmation: str = "LZ-1/opening", *, at: datetime = LATE) -> Ground:
    return Ground(confirmation=confirmation, on=date.fromisoformat(on), at=at, payer="建设管理中心")
