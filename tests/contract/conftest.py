"""Boundary: the kinds as the engine calls them, on openstacksdk, over HTTP to the simulated cloud in its own process.

Each test begins with a cloud as it boots and ends with one that holds nothing more than it did: what a test leaves
behind fails it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.cloud.process import RunningCloud
from tests.contract.world import World


@pytest.fixture
def world(simulated: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(simulated.clouds_yaml))
    simulated.ask("POST", "/reset")
    simulated.ask("DELETE", "/faults")
    world = World(simulated)
    before = world.objects()
    yield world
    simulated.ask("DELETE", "/faults")
    world.clear()
    assert world.objects() == before
