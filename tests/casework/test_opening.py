"""From application to confirmed opening in Liuzhou: each rule holding, and each broken and caught."""

from __future__ import annotations

from datetime import date

import pytest

from controller.casework.outcome import Confirmation
from controller.domain.errors import Refused
from controller.domain.spec import Phase
from tests.casework.conftest import Office, machine, system


def test_a_request_walks_to_service(office: Office) -> None:
    two_zones = system(
        "财务管理系统", machine(1, cluster="集群1"), machine(2, cluster="集群1"), machine(3, "互联网区", "WEB")
    )
    number = office.approved(two_zones)
    assert office.case(number).stage == "preparing_trial"
    outcome = office.act(number, "provide", "centre", "use_agreement", days=20)
    assert outcome.stage == "trial"
    outcome = office.act(number, "open", "centre", "confidentiality_agreement")
    assert outcome.merged is not None
    assert [spec.stack_name for spec in outcome.merged.put] == [
        "liuzhou/liuzhoushicaizhengju/caiwuguanlixitong.gov",
        "liuzhou/liuzhoushicaizhengju/caiwuguanlixitong.internet",
    ]
    assert {spec.phase for spec in outcome.merged.put} == {Phase.SERVICE}
    office.ready(outcome)
    assert not office.act(number, "confirm", "unit").completed
    outcome = office.act(number, "confirm", "centre")
    assert outcome.confirmed is not None
    assert outcome.confirmed.what is Confirmation.OPENING
    assert outcome.confirmed.on == date(2026, 9, 28)
    assert outcome.confirmed.by == ("unit", "centre")
    assert office.case(number).closed_at is not None


def test_refused_outside_stage(office: Office) -> None:
    (number,) = office.apply()
    with pytest.raises(Refused):
        office.act(number, "approve", "authority")
