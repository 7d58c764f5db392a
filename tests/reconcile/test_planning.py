"""Plans of a stack whose program goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.engine.program.run import ProgramFailed
from controller.engine.program.source import ProgramSource
from controller.reconcile.planning import SystemProgram
from tests.reconcile.site import Site


def test_what_a_program_that_failed_had_to_say_is_in_the_log(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stack = site.desire(site.system())
    (tmp_path / "Pulumi.yaml").write_text("name: failing\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("print('looks for its zone')\nraise LookupError('no such zone')\n")
    site.program = SystemProgram(ProgramSource.at(tmp_path))
    with pytest.raises(ProgramFailed, match="no such zone"):
        site.plan(stack)
    told = [record.getMessage() for record in caplog.records if record.name == "controller.reconcile.planning"]
    name = site.stack(stack).name
    assert told[0] == f"{name}: looks for its zone"
    assert told[-1] == f"{name}: LookupError: no such zone"
