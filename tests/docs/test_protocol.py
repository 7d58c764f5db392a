"""docs/engine.md has a row for every call of the pinned SDK's services, each with a test (see `test_names.py`)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pulumi.runtime.proto import engine_pb2, resource_pb2

from controller.engine.program.engine_service import EngineService
from controller.engine.program.monitor import _ResourceMonitor

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([A-Z][A-Za-z]+(?:, [A-Z][A-Za-z]+)*) \| .+ \| \S+::\w+(?:, \S+::\w+)* \|$", re.MULTILINE)
SERVICES = {
    "ResourceMonitor": (resource_pb2, _ResourceMonitor),
    "Engine": (engine_pb2, EngineService),
}


def rows() -> set[str]:
    """The calls that the page has."""
    page = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")
    return {call for calls in ROW.findall(page) for call in calls.split(", ")}


def calls(service: str) -> list[str]:
    file, _ = SERVICES[service]
    return [method.name for method in file.DESCRIPTOR.services_by_name[service].methods]


def test_every_call_has_a_row_and_every_row_a_call() -> None:
    assert rows() == {call for service in SERVICES for call in calls(service)}


@pytest.mark.parametrize("service", SERVICES)
def test_no_call_is_left_to_the_protocols_own_answer(service: str) -> None:
    assert [call for call in calls(service) if call not in vars(SERVICES[service][1])] == []
