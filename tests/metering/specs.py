"""Systems in service and grounds of confirmation, said in few words."""

from __future__ import annotations

from datetime import UTC, date, datetime

from controller.domain.spec import Machine, Phase, ServerType, SystemSpec
from controller.metering.ledger import Ground
from tests import specs

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
    return specs.machine(name, role, size=(vcpu, memory_gb), data_disk_gb=data_disk_gb, cluster=cluster)


def system(
    *machines: Machine,
    unit: str = "caizhengju",
    code: str = "caiwu",
    zone: str = "internet",
    phase: Phase = Phase.SERVICE,
) -> SystemSpec:
    made = specs.system(*(machines or (machine(),)), name=code, phase=phase)
    return made.model_copy(update={"metadata": made.metadata.model_copy(update={"unit": unit, "zone": zone})})


def ground(on: str, confirmation: str = "LZ-1/opening", *, at: datetime = LATE) -> Ground:
    return Ground(confirmation=confirmation, on=date.fromisoformat(on), at=at, payer="建设管理中心")
