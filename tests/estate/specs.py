"""Specs, changes and approvals of the estate's tests, said in few words."""

from __future__ import annotations

from datetime import UTC, datetime

from controller.domain.spec import (
    CloudFlavor,
    CloudImage,
    Machine,
    Metadata,
    Phase,
    Placement,
    ServerType,
    SystemSpec,
)
from controller.estate.forge import Approval, Proposal

NOON = datetime(2026, 9, 28, 4, tzinfo=UTC)


def spec(system: str = "caiwu", *, phase: Phase = Phase.SERVICE, memory_gb: int = 16, name: str = "财务") -> SystemSpec:
    return SystemSpec(
        metadata=Metadata(
            city="liuzhou",
            unit="caizhengju",
            unit_name="柳州市财政局",
            system=system,
            system_name=name,
            zone="gov",
            zone_name="公共网络区",
            request="R-1",
        ),
        phase=phase,
        placement=Placement(cloud="sandbox", availability_zone="az-gov", cidr="10.64.1.0/24"),
        machines=(
            Machine(
                name="app-1",
                role=ServerType.APP,
                vcpu=8,
                memory_gb=memory_gb,
                system_disk_gb=60,
                data_disk_gb=300,
                image=CloudImage(name="CentOS 7.9", id="0a1b"),
                flavor=CloudFlavor(name="yg.c8m16", id="12"),
                owners=("p-1", "p-2"),
            ),
        ),
    )


def change(*specs: SystemSpec, request: str = "R-1", remove: tuple[str, ...] = (), message: str = "开通") -> Proposal:
    return Proposal(put=specs, remove=remove, author="u-1", request=request, rule="LZ-21-3", message=message, at=NOON)


def approval(approver: str = "u-2") -> Approval:
    return Approval(approver=approver, rule="LZ-21-3", at=NOON)
