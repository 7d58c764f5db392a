"""Plans of a stack whose program goes wrong."""

from __future__ import annotations

import pytest

from controller.engine.program.run import ProgramFailed
from controller.engine.program.source import ProgramSource
from controller.reconcile.planning import SystemProgram
from tests.engine.runs import PROGRAMS
from tests.reconcile.site import Site


def test_what_a_program_that_failed_had_to_say_is_in_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    stack = site.desire(site.system())
    site.program = SystemProgram(ProgramSource.at(PROGRAMS / "broken"))
    with pytest.raises(ProgramFailed, match="no such zone"):
        site.plan(stack)
    told = [record.getMessage() for record in caplog.records if record.name == "controller.reconcile.planning"]
    assert f"{site.stack(stack).name}: LookupError: no such zone" in told
