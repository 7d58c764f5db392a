"""Who applies and who pays, by the kind of the unit."""

from __future__ import annotations

import pytest

from controller import catalogue
from controller.domain.errors import Refused
from controller.domain.funding import Applicant, Payer, UnitKind, funding_of

LIUZHOU = catalogue.city("liuzhou").funding


@pytest.mark.rule("LZ-5")
@pytest.mark.parametrize(
    ("kind", "applicant", "payer"),
    [
        (UnitKind.MUNICIPAL_ORGAN, Applicant.UNIT, Payer.CENTRE),
        (UnitKind.FULLY_FUNDED_INSTITUTION, Applicant.UNIT, Payer.CENTRE),
        (UnitKind.COUNTY_DEPARTMENT, Applicant.COUNTY_GOVERNMENT, Payer.COUNTY),
        (UnitKind.COUNTY_GOVERNMENT, Applicant.COUNTY_GOVERNMENT, Payer.COUNTY),
    ],
)
def test_liuzhou(kind: UnitKind, applicant: Applicant, payer: Payer) -> None:
    row = funding_of(LIUZHOU, kind)
    assert (row.applicant, row.payer, row.rule) == (applicant, payer, "LZ-5")


def test_a_kind_that_the_regulation_does_not_name_is_refused() -> None:
    with pytest.raises(Refused, match="county_government"):
        funding_of(LIUZHOU[:1], UnitKind.COUNTY_GOVERNMENT)
