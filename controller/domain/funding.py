"""Who applies and who pays for a unit's service: the kind of unit and a city's funding rows become an answer (LZ-5)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from controller.domain.errors import Refused


class UnitKind(StrEnum):
    """What a using unit is, as far as money depends on it."""

    MUNICIPAL_ORGAN = "municipal_organ"
    FULLY_FUNDED_INSTITUTION = "fully_funded_institution"
    COUNTY_GOVERNMENT = "county_government"
    COUNTY_DEPARTMENT = "county_department"


class Payer(StrEnum):
    """Whose budget bears the fee."""

    CENTRE = "centre"
    COUNTY = "county"
    UNIT = "unit"


class Applicant(StrEnum):
    """Who files a unit's application."""

    UNIT = "unit"
    COUNTY_GOVERNMENT = "county_government"


class FundingRow(BaseModel):
    """For these kinds of unit: who applies, who pays, by which rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: tuple[UnitKind, ...]
    applicant: Applicant
    payer: Payer
    rule: str


def funding_of(rows: tuple[FundingRow, ...], kind: UnitKind) -> FundingRow:
    """The row for a unit of this kind. Raises Refused where the city's regulation says nothing of it."""
    for row in rows:
        if kind in row.kinds:
            return row
    raise Refused(
        f"本市办法未规定 {kind.value} 类单位的申请主体和费用来源", remedy="请先由主管部门明确，再写入城市目录"
    )
