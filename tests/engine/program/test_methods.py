"""Methods of components that a package built: called in the package's process, with outputs as they are."""

from __future__ import annotations

import pytest

from controller.domain.errors import Failed
from controller.engine.program.run import ProgramFailed, ProgramResult, ProgramSource, run_program
from controller.engine.properties import Secret, holds_unknown
from tests.engine.runs import PROGRAMS, Notes


def called(notes: Notes, **config: str) -> ProgramResult:
    return run_program(
        ProgramSource.at(PROGRAMS / "methods"),
        stack="dev",
        config={f"methods:{key}": value for key, value in config.items()},
        registrar=notes,
        preview=notes.preview,
        secret_config_keys=["methods:why"],
    )


def test_a_method_answers_with_what_it_was_given() -> None:
    notes = Notes()
    outputs = called(notes).outputs
    till = "urn:pulumi:dev::methods::parts:index:Till::till"
    assert notes["receipt"].inputs == {"coin": Secret("id-coin"), "till": Secret(till)}
    assert notes["receipt"].property_dependencies["coin"] == (notes["coin"].urn,)
    assert notes["drawer"].inputs == {"word": Secret("hush")}
    assert outputs == {"plain": Secret(7), "seen": Secret({"word": True, "ends": "sh"})}


def test_what_is_unknown_stays_so_through_a_method() -> None:
    notes = Notes(preview=True)
    outputs = called(notes).outputs
    assert holds_unknown(outputs["plain"])
    assert holds_unknown(notes["receipt"].inputs["coin"])
    assert notes["receipt"].property_dependencies["coin"] == (notes["coin"].urn,)


def test_what_a_method_refuses_is_told_to_the_program() -> None:
    with pytest.raises(ProgramFailed, match=r"call of parts:index:Till/refuse failed: it is bent \(coin\)"):
        called(Notes(), method="refuse")


def test_a_method_that_raises_ends_the_run_with_its_reason() -> None:
    with pytest.raises(Failed, match=r"(?s)the method parts:index:Till/break failed: .*the till is jammed") as failure:
        called(Notes(), method="break", why="open sesame")
    assert "[secret]" in failure.value.message
    assert "open sesame" not in failure.value.message
