"""A city as its file in catalog/cities/ describes it: zones, images, procedures, roles, funding.

Every value names the rule it rests on.

`controller.catalogue` reads the file into a `City`; `casework` and the command line ask it.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from controller.domain.errors import WrongUse
from controller.domain.funding import FundingRow
from controller.domain.lifecycle import Procedure
from controller.domain.roles import Role
from controller.domain.spec import Code, PlaceName

RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}-[A-Z]?[0-9]+(-[0-9]+)?[a-z]?$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Zone(_Entry):
    """A network zone: what the form calls it, and where in the cloud it lies.

    `cidr_pool` is cut into subnets of `prefix` length, one a stack. `external_network` is the cloud's name of the
    network that routers of the zone lead to; `floating_ip` says whether machines of the zone may have a public address.
    """

    code: Code
    name: str
    cloud: PlaceName
    availability_zone: str
    external_network: str | None = None
    floating_ip: bool = False
    cidr_pool: IPv4Network
    prefix: int = Field(ge=8, le=29)
    dns: tuple[str, ...] = ()
    volume_type: str | None = None
    reachable_from: tuple[str, ...] = ()
    bastions: tuple[str, ...] = Field(min_length=1, description="CIDRs of the bastions, the only way to SSH and RDP")
    rule: RuleId

    @model_validator(mode="after")
    def _pool_holds_a_subnet(self) -> Self:
        if self.prefix < self.cidr_pool.prefixlen:
            raise ValueError(f"zone {self.code}: the pool {self.cidr_pool} holds no subnet of /{self.prefix}")
        return self


class Image(_Entry):
    """An operating system as the form offers it, and the cloud's name of its image."""

    name: str
    cloud_image: str
    rule: RuleId


class Fact(_Entry):
    """Something that a party declares about a system, with its possible values and their Chinese names."""

    name: str
    title: str
    values: dict[str, str]
    by: tuple[Role, ...] = Field(min_length=1)
    rule: RuleId


class RoleEntry(_Entry):
    """A role of this city: what it is called, and whether it sees names and telephones of account owners."""

    role: Role
    title: str
    sees_people: bool = False
    rule: RuleId


class Exceptions(_Entry):
    """Who may record a reasoned exception where the text says 原则上, and for which rules."""

    by: tuple[Role, ...] = Field(min_length=1)
    rules: tuple[RuleId, ...]


class Period(_Entry):
    """A period in working days that the regulation names."""

    rule: RuleId
    title: str
    working_days: int = Field(gt=0)


_Named = TypeVar("_Named", Zone, Image, Fact, Procedure)


class City(_Entry):
    """One city and its regulation. `regulation` is the prefix of its rule ids."""

    code: Code
    name: str
    regulation: str = Field(pattern=r"^[A-Z]{2}$")
    calendars: tuple[str, ...] = Field(min_length=1)
    prices: str
    zones: tuple[Zone, ...] = Field(min_length=1)
    images: tuple[Image, ...] = Field(min_length=1)
    facts: tuple[Fact, ...] = ()
    roles: tuple[RoleEntry, ...] = Field(min_length=1)
    exceptions: Exceptions
    funding: tuple[FundingRow, ...] = Field(min_length=1)
    periods: tuple[Period, ...] = Field(default=(), description="Those that no clock of a procedure counts")
    procedures: tuple[Procedure, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for what, names in {
            "zones": [zone.name for zone in self.zones] + [zone.code for zone in self.zones],
            "images": [image.name for image in self.images],
            "procedures": [procedure.name for procedure in self.procedures],
            "facts": [fact.name for fact in self.facts],
        }.items():
            doubled = sorted({name for name in names if names.count(name) > 1})
            if doubled:
                raise ValueError(f"{what}: stands twice: {'、'.join(doubled)}")
        return self

    def zone(self, name: str) -> Zone:
        """The zone that the form calls `name`. Raises WrongUse, naming those there are."""
        return _named(self.zones, name, "网络分区")

    def image(self, name: str) -> Image:
        """The image that the form calls `name`. Raises WrongUse, naming those there are."""
        return _named(self.images, name, "操作系统")

    def fact(self, name: str) -> Fact:
        """The fact of that name. Raises WrongUse, naming those there are."""
        return _named(self.facts, name, "声明事项")

    def procedure(self, name: str) -> Procedure:
        """The procedure of that name. Raises WrongUse, naming those there are."""
        return _named(self.procedures, name, "办理事项")

    def role(self, role: Role) -> RoleEntry | None:
        """What the city says about `role`; None where its regulation knows no such party."""
        return next((entry for entry in self.roles if entry.role is role), None)

    def periods_of(self, rule: str) -> tuple[Period, ...]:
        """The periods in working days of `rule`, in the order of the text. Raises WrongUse where it names none."""
        stages = (stage for procedure in self.procedures for stage in procedure.stages)
        clocks = [
            Period(rule=stage.clock.rule, title=stage.title, working_days=stage.clock.working_days)
            for stage in stages
            if stage.clock is not None
        ]
        periods = (*clocks, *self.periods)
        found = tuple(period for period in periods if period.rule == rule)
        if not found:
            known = "、".join(sorted({period.rule for period in periods}))
            raise WrongUse(f"规则 {rule} 没有以工作日计的期限", remedy=f"可查询：{known}")
        return found


def _named(entries: tuple[_Named, ...], name: str, kind: str) -> _Named:
    for entry in entries:
        if entry.name == name:
            return entry
    known = "、".join(entry.name for entry in entries)
    raise WrongUse(f"没有{kind} {name}", remedy=f"可用：{known}")
