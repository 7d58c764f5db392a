"""Systems that a bench has applied: specs of any size, as an approval resolves them, written as desired stacks."""

from __future__ import annotations

from controller.cli.bench.ground import CLOUD
from controller.domain.spec import (
    CloudImage,
    CloudNetwork,
    Machine,
    Metadata,
    Phase,
    Placement,
    ServerType,
    SystemSpec,
)
from controller.reconcile.desire import desire
from controller.workplace import Workplace

IMAGE = "CentOS 7.9"
OUTSIDE = "ext-internet"
ROLES = (ServerType.WEB, ServerType.WEB, ServerType.APP, ServerType.APP, ServerType.DAT, ServerType.MID)
CLUSTERED = (ServerType.WEB, ServerType.APP)


def wish_for_systems(place: Workplace, count: int, machines: int) -> list[str]:
    """`count` systems shall stand on the simulated cloud, with that many machines each; returns the stacks' names."""
    with place.sessions.begin() as session:
        specs = specs_for(place, count, machines)
        return [desire(session, spec, commit=spec.digest, case_id=number).name for number, spec in enumerate(specs, 1)]


def specs_for(place: Workplace, count: int, machines: int) -> list[SystemSpec]:
    """Specs of `count` systems, resolved against the cloud."""
    catalogue = place.ports.cloud(CLOUD)
    image = CloudImage(name=IMAGE, id=catalogue.image(IMAGE, 40))
    outside = CloudNetwork(name=OUTSIDE, id=catalogue.network(OUTSIDE))
    flavor = catalogue.flavor(2, 4)

    def machine(number: int) -> Machine:
        role = ROLES[number % len(ROLES)]
        return Machine(
            name=f"{role.lower()}-{number}",
            role=role,
            vcpu=2,
            memory_gb=4,
            system_disk_gb=40,
            data_disk_gb=100 if role is ServerType.DAT else 0,
            image=image,
            flavor=flavor,
            cluster=f"c-{role.lower()}" if role in CLUSTERED and machines >= len(ROLES) else None,
            owners=("p-1",),
        )

    return [
        spec_of(number, CLOUD, outside, tuple(machine(index) for index in range(machines))) for number in range(count)
    ]


def spec_of(number: int, cloud: str, outside: CloudNetwork | None, machines: tuple[Machine, ...]) -> SystemSpec:
    """The spec of the system of that number."""
    return SystemSpec(
        metadata=Metadata(
            city="liuzhou",
            unit="bench",
            unit_name="测试单位",
            system=f"system-{number}",
            system_name=f"测试系统{number}",
            zone="internet",
            zone_name="互联网区",
            request=f"B-{number}",
        ),
        phase=Phase.SERVICE,
        placement=Placement(
            cloud=cloud,
            availability_zone="az-internet",
            cidr=f"10.{20 + number // 250}.{number % 250}.0/24",
            external_network=outside,
            reachable_from=("0.0.0.0/0",),
            bastions=("10.1.1.0/28",),
        ),
        machines=machines,
    )
