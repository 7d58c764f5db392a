"""Boundary: the program alone. A recording monitor of Pulumi's own test support answers it; no engine, no cloud, no
network.

Everything is decided in the program, so what it registers is what is tested; that a cloud accepts it is shown by
tests/e2e.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pulumi.runtime
import pytest

from controller.domain.spec import SystemSpec
from stacks.system import program
from tests.stacks.recording import Recording


@pytest.fixture
def run() -> Iterator[Callable[[SystemSpec], Recording]]:
    """Runs the program for a spec and returns what it registered."""

    def run_program(spec: SystemSpec) -> Recording:
        asyncio.set_event_loop(asyncio.new_event_loop())
        recording = Recording()
        pulumi.runtime.set_mocks(recording, project="yunguan", stack="test")
        pulumi.runtime.set_all_config({"yunguan:spec": spec.model_dump_json(by_alias=True)})
        pulumi.runtime.test(program)()
        return recording

    yield run_program
    asyncio.set_event_loop(None)
