"""A demand becomes specs, one a zone: images, flavors, networks and subnets resolved, owners by account id alone.

Called at approval. What a system already runs on (placement, image) is kept, so that a later approval never moves it;
a zone in which nothing is to change keeps its whole spec, under the request that approved it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from controller.casework.ports import Ports
from controller.casework.specifying.addresses import subnet_of
from controller.casework.specifying.codes import code_for
from controller.casework.specifying.inventory import approved_specs
from controller.domain.city import City, Zone
from controller.domain.demand import Demand, DemandedMachine
from controller.domain.spec import CloudImage, CloudNetwork, Machine, Metadata, Phase, Placement, SystemSpec
from controller.store.casework import CaseRow, SystemRow


def stack_name(system: SystemRow, zone: Zone) -> str:
    """The name of the stack of `system` in `zone`, as `SystemSpec.stack_name` has it."""
    return f"{system.unit.city}/{system.unit.code}/{system.code}.{zone.code}"


def stack_names(system: SystemRow, city: City, demand: Demand) -> tuple[str, ...]:
    """The names of all stacks of `system`, one for each zone of `demand`."""
    return tuple(stack_name(system, city.zone(zone)) for zone in demand.by_zone())


@dataclass(frozen=True)
class Resolver:
    """Turns demands of one case into specs; the cloud is asked, subnets are taken from the pool."""

    session: Session
    case: CaseRow
    city: City
    ports: Ports

    def specs(self, demand: Demand, phase: Phase) -> list[SystemSpec]:
        """The specs that `demand` asks for, in the order of its zones.

        Raises Refused where the cloud lacks an image, a flavor or a network or the pool of addresses is used up.
        """
        approved = approved_specs(self.session, self.case.system)
        zones = [(self.city.zone(name), machines) for name, machines in demand.by_zone().items()]
        return [
            self._spec(zone, machines, phase, approved.get(stack_name(self.case.system, zone)))
            for zone, machines in zones
        ]

    def _spec(
        self, zone: Zone, machines: Iterable[DemandedMachine], phase: Phase, current: SystemSpec | None
    ) -> SystemSpec:
        system = self.case.system
        standing = {machine.name: machine for machine in current.machines} if current else {}
        clusters: dict[str, str] = {}
        asked = SystemSpec(
            metadata=Metadata(
                city=self.case.city,
                unit=system.unit.code,
                unit_name=system.unit.name,
                system=system.code,
                system_name=system.name,
                zone=zone.code,
                zone_name=zone.name,
                request=self.case.number,
            ),
            phase=phase,
            placement=current.placement if current else self._placement(zone),
            machines=tuple(
                self._machine(machine, zone, _cluster_code(machine.cluster, clusters), standing.get(machine.name))
                for machine in machines
            ),
        )
        return current if current is not None and _differ_in_request_alone(current, asked) else asked

    def _placement(self, zone: Zone) -> Placement:
        external = zone.external_network
        network = self.ports.cloud(zone.cloud).network(external) if external else None
        return Placement(
            cloud=zone.cloud,
            availability_zone=zone.availability_zone,
            cidr=str(subnet_of(self.session, self.case.system, zone)),
            dns=zone.dns,
            external_network=CloudNetwork(name=external, id=network) if external and network else None,
            floating_ips=zone.floating_ip,
            volume_type=zone.volume_type,
            reachable_from=zone.reachable_from,
            bastions=zone.bastions,
        )

    def _machine(self, asked: DemandedMachine, zone: Zone, cluster: str | None, standing: Machine | None) -> Machine:
        cloud = self.ports.cloud(zone.cloud)
        same_size = standing is not None and (standing.vcpu, standing.memory_gb) == (asked.vcpu, asked.memory_gb)
        name = self.city.image(asked.image).cloud_image
        return Machine(
            name=asked.name,
            role=asked.role,
            vcpu=asked.vcpu,
            memory_gb=asked.memory_gb,
            system_disk_gb=asked.system_disk_gb,
            data_disk_gb=asked.data_disk_gb,
            image=standing.image if standing else CloudImage(name=name, id=cloud.image(name, asked.system_disk_gb)),
            flavor=standing.flavor if standing and same_size else cloud.flavor(asked.vcpu, asked.memory_gb),
            cluster=cluster,
            owners=asked.owners,
        )


def _cluster_code(cluster: str | None, codes: dict[str, str]) -> str | None:
    if cluster is None:
        return None
    return codes.setdefault(cluster, code_for(cluster, codes.values()))


def _differ_in_request_alone(current: SystemSpec, asked: SystemSpec) -> bool:
    """Whether there is nothing to do, and so nothing to approve: a digest of its own would wait for somebody's yes."""
    same_request = asked.metadata.model_copy(update={"request": current.metadata.request})
    return asked.model_copy(update={"metadata": same_request}) == current
