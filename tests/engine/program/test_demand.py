"""The release that a program demands: ranges as Pulumi writes them, and what a program hears where it is another."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused
from controller.engine.program.demand import is_among
from tests.engine.runs import Notes, run


@pytest.mark.parametrize(
    ("demanded", "fits"),
    [
        (">=3.0.0", True),
        (">=3.0.0 <3.10.0", False),
        ("3.20.1", True),
        ("!3.20.1", False),
        ("<3.4.0 || >3.8.0", True),
        ("<3.4.0 || >=3.8.0 !=3.20.1", False),
        ("==3.20.1 || ==3.20.2", True),
        (">3.9.9", True),
    ],
)
def test_a_release_is_among_those_demanded_or_not(demanded: str, fits: bool) -> None:
    assert is_among("3.20.1", demanded) is fits


def test_what_is_no_range_is_refused() -> None:
    with pytest.raises(Refused, match="'newest' is no comparison"):
        is_among("3.20.1", "newest")


def test_a_program_that_demands_another_release_is_not_run() -> None:
    notes = Notes()
    run("pulumi.require_pulumi_version('>=3.0.0'); Thing('a')", notes)
    assert "a" in notes.registrations
    with pytest.raises(Refused, match=r"demands Pulumi >=99.0.0"):
        run("pulumi.require_pulumi_version('>=99.0.0'); Thing('b')", Notes())
