"""A city that does not exist, with stages and papers of its own and no trial, runs on the same casework."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from controller import catalogue
from controller.casework.casefile.outcome import Confirmation
from controller.casework.cases import show_case
from controller.casework.people import Grant, grant
from controller.domain.city import City
from controller.domain.errors import Refused
from controller.domain.roles import Role
from controller.domain.spec import Phase
from tests.casework.conftest import Office

PETITIONED: dict[str, Any] = {
    "name": "petitioned",
    "title": "已请愿",
    "rule": "LZ-21-1",
    "clock": {"working_days": 1, "role": "supervisor", "rule": "LZ-21-2"},
    "actions": [
        {
            "name": "bless",
            "title": "准许",
            "roles": ["supervisor"],
            "to": "blessed",
            "effect": "specify_service",
            "documents": [{"code": "omen", "title": "吉兆", "rule": "LZ-21-2", "when": {"origin": ["new"]}}],
        }
    ],
}
BLESSED: dict[str, Any] = {
    "name": "blessed",
    "title": "已准许",
    "rule": "LZ-21-5",
    "lasts": {"min_days": 3, "max_days": 3, "then": "lapse", "rule": "LZ-21-4"},
    "actions": [
        {
            "name": "celebrate",
            "title": "共同庆祝",
            "roles": ["unit", "vendor", "supervisor"],
            "jointly": True,
            "to": "feast",
            "effect": "confirm_opening",
        },
        {"name": "lapse", "title": "作废", "roles": ["controller"], "to": "lapsed", "effect": "reclaim"},
    ],
}
ENDS = [{"name": name, "title": name, "rule": "LZ-21-5"} for name in ("feast", "lapsed")]


@pytest.fixture
def atlantis(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """The office, in a city whose only procedure has other stages; its parties are Liuzhou's."""
    described = catalogue.city("liuzhou").model_dump(mode="json")
    opening = {"name": "opening", "title": "赐云", "rule": "LZ-21-1", "stages": [PETITIONED, BLESSED, *ENDS]}
    city = City.model_validate(described | {"procedures": [opening]})
    monkeypatch.setattr(catalogue, "city", lambda code, root=catalogue.CATALOG: city)
    return office


def test_its_own_stages_lead_to_service(atlantis: Office) -> None:
    (number,) = atlantis.apply()
    with atlantis.sessions() as session:
        shown = show_case(session, number, actor="supervisor")
    assert (shown.summary.stage_title, shown.summary.due) == ("已请愿", date(2026, 9, 29))
    with pytest.raises(Refused, match="条件不齐"):
        atlantis.act(number, "bless", "supervisor")
    outcome = atlantis.act(number, "bless", "supervisor", "omen")
    assert outcome.merged is not None
    assert outcome.merged.put[0].phase is Phase.SERVICE, "there is no trial here"
    atlantis.ready(outcome)
    assert not atlantis.act(number, "celebrate", "vendor").completed
    assert not atlantis.act(number, "celebrate", "unit").completed
    outcome = atlantis.act(number, "celebrate", "supervisor")
    assert outcome.confirmed is not None
    assert outcome.confirmed.what is Confirmation.OPENING
    assert outcome.confirmed.by == ("vendor", "unit", "supervisor")


def test_its_own_stage_ends_by_itself(atlantis: Office) -> None:
    (number,) = atlantis.apply()
    atlantis.act(number, "bless", "supervisor", "omen")
    (outcome,) = atlantis.pass_days(4)
    assert outcome.stage == "lapsed"
    assert atlantis.ports.estate.stacks() == []


def test_liuzhous_actions_mean_nothing_here(atlantis: Office) -> None:
    with atlantis.sessions.begin() as session:
        grant(session, Grant("everyone", "liuzhou", Role.AUTHORITY), by="operator")
    (number,) = atlantis.apply()
    with pytest.raises(Refused) as refused:
        atlantis.act(number, "accept", "everyone")
    assert "准许（bless）" in refused.value.remedy
