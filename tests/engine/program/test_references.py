"""Resources as values: what is given one gets that very resource, in a program as in the package of a component."""

from __future__ import annotations

import pytest

from controller.engine import wire
from controller.engine.program.run import ProgramFailed, ProgramResult, ProgramSource, run_program
from controller.engine.properties import UNKNOWN
from tests.engine.runs import PROGRAMS, Notes, run

FIRST = "urn:pulumi:dev::referring::t:m:Thing::first"


def referred(notes: Notes) -> ProgramResult:
    source = ProgramSource.at(PROGRAMS / "referring")
    return run_program(source, stack="dev", config={}, registrar=notes, preview=notes.preview)


def test_a_resource_arrives_as_itself_and_comes_back() -> None:
    notes = Notes()
    outputs = referred(notes).outputs
    assert notes["shelf-copy"].inputs == {"like": "made-first"}
    assert notes["last"].inputs == {"of": "made-first", "itself": "id-first"}
    assert notes.outputs[notes["shelf"].urn]["thing"] == {wire.SIGNATURE: wire.RESOURCE, "urn": FIRST, "id": "id-first"}
    assert outputs == {"id": "id-first"}


def test_what_is_not_there_yet_is_unknown_of_it() -> None:
    notes = Notes(preview=True)
    outputs = referred(notes).outputs
    assert notes["shelf-copy"].inputs == {"like": UNKNOWN}
    assert notes["last"].inputs == {"of": UNKNOWN, "itself": UNKNOWN}
    assert outputs == {"id": UNKNOWN}


def test_a_urn_that_the_program_has_not_registered_is_named() -> None:
    with pytest.raises(
        ProgramFailed, match=r"has registered no resource with the URN urn:pulumi:s::p::t:m:Thing::gone"
    ):
        run("Thing('gone', ResourceOptions(urn='urn:pulumi:s::p::t:m:Thing::gone'))", Notes())
