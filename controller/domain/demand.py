"""What a system needs, machine by machine, without personal data: a request becomes a demand, a change a new one.

`casework` keeps it in the case file and resolves it into specs. A machine's name is given once and stays with it,
since the cloud's resources hang on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from controller.domain import request
from controller.domain.errors import Refused
from controller.domain.spec import Code, ServerType


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DemandedMachine(_Value):
    """One machine. Sizes in GiB; `owners` are account ids; `zone`, `image`, `cluster` as the form words them."""

    name: Code
    zone: str
    role: ServerType
    vcpu: int = Field(gt=0)
    memory_gb: int = Field(gt=0)
    system_disk_gb: int = Field(gt=0)
    data_disk_gb: int = Field(ge=0)
    image: str
    cluster: str | None = None
    owners: tuple[str, ...]


class Resize(_Value):
    """New sizes of a machine; None leaves a size as it is. Disks only grow: their data is never at risk."""

    machine: str
    vcpu: int | None = Field(default=None, gt=0)
    memory_gb: int | None = Field(default=None, gt=0)
    data_disk_gb: int | None = Field(default=None, gt=0)


class Change(_Value):
    """What a change case asks for: sizes, machines that come, machines that go (by name)."""

    resize: tuple[Resize, ...] = ()
    add: tuple[request.Machine, ...] = ()
    remove: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.resize or self.add or self.remove):
            raise ValueError("a change asks for at least one thing")
        return self


class Demand(_Value):
    """All machines of one system, in the order of the sheet."""

    machines: tuple[DemandedMachine, ...] = Field(min_length=1)

    def by_zone(self) -> dict[str, tuple[DemandedMachine, ...]]:
        """The machines of each zone; each zone becomes one stack."""
        return request.by_zone(self.machines)


class Difference(_Value):
    """What a change does to one machine: `sizes` from → to by field (vCPU, GiB); none for one that comes or goes."""

    machine: str
    comes: bool = False
    goes: bool = False
    sizes: dict[str, tuple[int, int]] = {}


AccountOf = Callable[[request.Owner], str]


def demand_of(machines: Iterable[request.Machine], account_of: AccountOf) -> Demand:
    """The demand of a system's rows; machines are named by type, in order: `app-1`, `app-2`, `web-1`, …."""
    return Demand(machines=_named(machines, account_of, ()))


def changed(demand: Demand, change: Change, account_of: AccountOf) -> Demand:
    """The demand after a change. Raises Refused where it names no machine, shrinks a disk or leaves none (LZ-21-6)."""
    known = {machine.name for machine in demand.machines}
    asked = [*(one.machine for one in change.resize), *change.remove]
    if strange := sorted(set(asked) - known):
        raise Refused(
            f"系统中没有这些机器：{'、'.join(strange)}", remedy=f"现有：{'、'.join(sorted(known))}", rule="LZ-21-6"
        )
    if doubled := sorted(name for name, times in Counter(asked).items() if times > 1):
        raise Refused(f"同一机器不能提出两项变更：{'、'.join(doubled)}", rule="LZ-21-6")
    resizes = {one.machine: one for one in change.resize}
    kept = tuple(
        _resized(machine, resizes[machine.name]) if machine.name in resizes else machine
        for machine in demand.machines
        if machine.name not in change.remove
    )
    machines = kept + _named(change.add, account_of, demand.machines)
    if not machines:
        raise Refused("变更后系统没有任何机器", remedy="不再使用云资源时请申请终止", rule="LZ-21-7")
    return Demand(machines=machines)


def differences(before: Demand, after: Demand) -> tuple[Difference, ...]:
    """What `after` changes of `before`, machine by machine: those that stay or go first, then those that come."""
    now = {machine.name: machine for machine in after.machines}
    known = {machine.name for machine in before.machines}
    found = [_difference(machine, now.get(machine.name)) for machine in before.machines]
    return (
        *(one for one in found if one.goes or one.sizes),
        *(Difference(machine=name, comes=True) for name in now if name not in known),
    )


def _difference(old: DemandedMachine, new: DemandedMachine | None) -> Difference:
    if new is None:
        return Difference(machine=old.name, goes=True)
    pairs = {size: (getattr(old, size), getattr(new, size)) for size in ("vcpu", "memory_gb", "data_disk_gb")}
    return Difference(machine=old.name, sizes={size: pair for size, pair in pairs.items() if pair[0] != pair[1]})


def _resized(machine: DemandedMachine, resize: Resize) -> DemandedMachine:
    sizes = resize.model_dump(exclude={"machine"}, exclude_none=True)
    if sizes.get("data_disk_gb", machine.data_disk_gb) < machine.data_disk_gb:
        raise Refused(
            f"{machine.name} 的数据盘不能从 {machine.data_disk_gb} GB 缩小",
            remedy="请新增机器、迁移数据后再退回原机器",
            rule="LZ-21-6",
        )
    return machine.model_copy(update=sizes)


def _named(
    machines: Iterable[request.Machine], account_of: AccountOf, taken: Iterable[DemandedMachine]
) -> tuple[DemandedMachine, ...]:
    numbers: Counter[str] = Counter()
    for known in taken:
        stem, _, number = known.name.rpartition("-")
        numbers[stem] = max(numbers[stem], int(number))
    named: list[DemandedMachine] = []
    for machine in machines:
        stem = machine.role.value.lower()
        numbers[stem] += 1
        named.append(
            DemandedMachine(
                name=f"{stem}-{numbers[stem]}",
                zone=machine.zone,
                role=ServerType(machine.role.value),
                vcpu=machine.vcpu,
                memory_gb=machine.memory_gb,
                system_disk_gb=machine.system_disk_gb,
                data_disk_gb=machine.data_disk_gb,
                image=machine.image,
                cluster=machine.cluster,
                owners=tuple(account_of(owner) for owner in machine.owners),
            )
        )
    return tuple(named)
