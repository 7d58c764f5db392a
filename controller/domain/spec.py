"""SystemSpec: the contract between people and machines, one file in the estate for each zone of a system.

`casework` writes it at approval, with images, flavors and zones already resolved; `stacks` turns it into resources. It
holds no personal data: bastion account owners stand here as account ids, their names and telephones in the database.
All sizes are GiB where the regulations' forms say GB.
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

_CODE = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
Code = Annotated[str, StringConstraints(pattern=f"^{_CODE}$")]
PlaceName = Annotated[str, StringConstraints(pattern=rf"^{_CODE}(/[^/@\s]+)?(@[^/@\s]+)?$")]
"""See `place.py`: ENTRY, ENTRY/PROJECT, ENTRY@REGION or ENTRY/PROJECT@REGION."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ServerType(StrEnum):
    """The server types of annex 3 (LZ-A3)."""

    APP = "APP"
    WEB = "WEB"
    FTP = "FTP"
    DAT = "DAT"
    MID = "MID"
    TST = "TST"
    OTH = "OTH"


class Phase(StrEnum):
    """What the approval stands for: a trial environment, or the system in service (LZ-21-4, LZ-21-5)."""

    TRIAL = "trial"
    SERVICE = "service"


class Power(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"


class Metadata(_Strict):
    """Who and where: codes are ASCII and name files and stacks, the Chinese names stand beside them."""

    city: Code
    unit: Code
    unit_name: str
    system: Code
    system_name: str
    zone: Code
    zone_name: str
    request: str = Field(description="Id of the request that was approved")


class CloudImage(_Strict):
    name: str
    id: str


class CloudFlavor(_Strict):
    name: str
    id: str


class CloudNetwork(_Strict):
    name: str
    id: str


class Machine(_Strict):
    """One virtual machine: one row of the demand sheet."""

    name: Code
    role: ServerType
    vcpu: int = Field(gt=0)
    memory_gb: int = Field(gt=0, description="GiB")
    system_disk_gb: int = Field(gt=0, description="GiB")
    data_disk_gb: int = Field(ge=0, description="GiB; 0 means none")
    image: CloudImage
    flavor: CloudFlavor
    cluster: Code | None = None
    owners: tuple[str, ...] = Field(description="Account ids of the bastion account owners")


BALANCED = (ServerType.WEB, ServerType.APP)
"""Server types whose clusters are served through a load balancer."""


class Cluster(_Strict):
    """The machines of one server type in one cluster group."""

    group: Code
    role: ServerType
    machines: tuple[Machine, ...]

    @property
    def name(self) -> str:
        return f"{self.group}-{self.role.lower()}"


class Placement(_Strict):
    """Where in the cloud: resolved from the city's catalogue at approval."""

    cloud: PlaceName = Field(description="Name in clouds.yaml, with /PROJECT or @REGION where it is not the first one")
    availability_zone: str
    cidr: str = Field(description="The system's own subnet")
    dns: tuple[str, ...] = ()
    external_network: CloudNetwork | None = Field(default=None, description="Where the router's gateway lies")
    floating_ips: bool = Field(default=True, description="Whether entries get a floating IP of the external network")
    volume_type: str | None = None
    reachable_from: tuple[str, ...] = Field(default=(), description="CIDRs that may reach WEB and load balancers")
    bastions: tuple[str, ...] = Field(default=(), description="CIDRs of the zone's bastion hosts")


class SystemSpec(_Strict):
    """The approved system in one zone. Equal files give equal digests."""

    api_version: Literal["yunguan/v1"] = Field(default="yunguan/v1", alias="apiVersion")
    kind: Literal["System"] = "System"
    metadata: Metadata
    phase: Phase
    power: Power = Power.RUNNING
    placement: Placement
    machines: tuple[Machine, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> SystemSpec:
        names = [machine.name for machine in self.machines]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"machine names stand twice: {', '.join(doubled)}")
        return self

    @property
    def stack_name(self) -> str:
        """`city/unit/system.zone`, also the file's path below `stacks/` in the estate."""
        meta = self.metadata
        return f"{meta.city}/{meta.unit}/{meta.system}.{meta.zone}"

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """Each cluster group, by name; one that holds two server types counts as two."""
        keys = sorted({(machine.cluster, machine.role) for machine in self.machines if machine.cluster is not None})
        return tuple(
            Cluster(
                group=group, role=role, machines=tuple(m for m in self.machines if (m.cluster, m.role) == (group, role))
            )
            for group, role in keys
        )

    @property
    def balanced_clusters(self) -> tuple[Cluster, ...]:
        """Those that have a load balancer."""
        return tuple(cluster for cluster in self.clusters if cluster.role in BALANCED)

    @property
    def entry_machines(self) -> tuple[Machine, ...]:
        """WEB machines that clients reach directly, having no load balancer before them."""
        return tuple(one for one in self.machines if one.role is ServerType.WEB and one.cluster is None)

    @property
    def floating_ip_entries(self) -> tuple[str, ...]:
        """Names of the machines and clusters that clients reach by an address outside, where the zone gives them."""
        if self.placement.external_network is None or not self.placement.floating_ips:
            return ()
        clusters = (cluster.name for cluster in self.balanced_clusters if cluster.role is ServerType.WEB)
        return (*(machine.name for machine in self.entry_machines), *clusters)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, hexadecimal."""
        document = self.model_dump(mode="json", by_alias=True)
        return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
