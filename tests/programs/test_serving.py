"""A program with dynamic providers of its own: served from what was pickled, also when the program is gone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.errors import Failed, Refused, WrongUse
from controller.store.audit import AuditRow
from controller.store.engine import JournalRow, PlanRow, ResourceRow
from tests.programs.desk import HERE, Desk, config, ops
from tests.waiting import until

PROGRAM = [sys.executable, "-m", "controller.cli", "program"]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Where the program's provider keeps its notes."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def told(shelf: Path, **words: str) -> list[str]:
    return config(folder=shelf, words=json.dumps(words))


def notes(shelf: Path) -> dict[str, str]:
    return {note.name.partition("-")[0]: note.read_text() for note in shelf.iterdir()}


def _where() -> list[str]:
    return [str(HERE / "serving"), "--stack", "dev", "--cloud", "sandbox"]


def urn(name: str) -> str:
    return f"urn:pulumi:dev::serving::pulumi-python:dynamic/desk:Note::{name}"


def test_a_note_is_made_kept_changed_and_removed(desk: Desk, shelf: Path) -> None:
    first = desk.up("serving", *told(shelf, a="one", b="two"))
    assert notes(shelf) == {"a": "one", "b": "two"}
    assert first["outputs"] == {"lengths": {"a": 3, "b": 3}, "name": "n-3"}
    second = desk.up("serving", *told(shelf, a="one", b="two"))
    assert (ops(second), second["outputs"], second["resources"]) == ({}, first["outputs"], first["resources"])
    third = desk.up("serving", *told(shelf, a="three", c="two"))
    assert ops(third) == {"Note a": "update", "Note b": "delete", "Note c": "create", "Network network": "update"}
    assert third["outputs"] == {"lengths": {"a": 5, "c": 3}, "name": "n-5"}
    assert notes(shelf) == {"a": "three", "c": "two"}


def test_what_was_made_goes_by_its_provider_when_the_program_is_gone(desk: Desk, shelf: Path) -> None:
    project = desk.copy("serving")
    desk.up(project, *told(shelf, a="one"))
    (project / "__main__.py").unlink()
    destroyed = desk.destroy(project, *told(shelf))
    assert ops(destroyed) == {"Note a": "delete", "Network network": "delete", "Stack serving-dev": "delete"}
    assert notes(shelf) == {}


def test_another_code_of_the_provider_is_a_change_only_where_it_says_so(desk: Desk, shelf: Path) -> None:
    project = desk.copy("serving")
    desk.up(project, *told(shelf, a="one"))
    program = project / "__main__.py"
    program.write_text(program.read_text().replace('"writes', '"pens'))
    assert ops(desk.up(project, *told(shelf, a="one"))) == {}
    program.write_text(program.read_text().replace('"upper"', '"lower"'))
    changed = desk.up(project, *told(shelf, a="one"))
    assert ops(changed) == {"Note a": "update", "Network network": "update"}
    assert changed["outputs"]["name"] == "n-3"


def test_a_provider_that_refuses_or_raises_leaves_nothing_behind(desk: Desk, shelf: Path) -> None:
    with pytest.raises(Refused, match="text: must not shout"):
        desk.preview("serving", *told(shelf, a="ONE"))
    where = [HERE / "serving", "--stack", "dev", "--cloud", "sandbox", "--yes"]
    result = desk.type("program", "up", *where, *told(shelf, a="fails"))
    assert isinstance(result.exception, Failed)
    assert "the dynamic provider's create raised OSError: no ink for fails" in str(result.exception)
    assert "writes fails" in result.stderr
    assert "in create" in result.stderr
    with pytest.raises(Failed, match="the dynamic provider's create raised SystemExit: out of ink"):
        desk.up("serving", *told(shelf, a="leaves"))
    assert notes(shelf) == {}
    assert ops(desk.up("serving", *told(shelf, a="one")))["Note a"] == "create"


def test_a_lost_create_waits_for_a_persons_word_and_is_never_made_twice(desk: Desk, shelf: Path) -> None:
    say = ["program", "resolve", HERE / "serving", "--stack", "dev", "--urn", urn("a"), *told(shelf)]
    assert isinstance(desk.type(*say, "--made", "x", "--not-made").exception, WrongUse)
    with pytest.raises(Failed, match="yunguan program resolve"):
        desk.up("serving", *told(shelf, a="hangs"))
    [note] = shelf.iterdir()
    for again in (desk.up, desk.destroy):
        with pytest.raises(Refused, match="cannot be asked whether it was made"):
            again("serving", *told(shelf, a="hangs"))
    assert list(shelf.iterdir()) == [note]
    wrong = desk.type(*say, "--made", "a-00000000")
    assert isinstance(wrong.exception, Refused)
    assert "knows nothing of a-00000000" in str(wrong.exception)
    assert desk.type(*say, "--made", note.name).exception is None
    assert desk.up("serving", *told(shelf, a="hangs"))["outputs"]["lengths"] == {"a": 5}
    assert list(shelf.iterdir()) == [note]
    with desk.sessions() as session:
        words = session.scalars(select(AuditRow).where(AuditRow.action == "resource.testified")).all()
    assert [(row.actor, row.target, row.details["id"]) for row in words] == [("wang", urn("a"), note.name)]
    assert isinstance(desk.type(*say, "--not-made").exception, Refused)


def test_a_create_that_made_nothing_by_a_persons_word_is_done_anew(desk: Desk, shelf: Path) -> None:
    with pytest.raises(Failed, match="yunguan program resolve"):
        desk.up("serving", *told(shelf, a="hangs"))
    [note] = shelf.iterdir()
    note.unlink()
    say = ["program", "resolve", HERE / "serving", "--stack", "dev", "--urn", urn("a"), "--not-made", *told(shelf)]
    assert desk.type(*say).exception is None
    assert ops(desk.up("serving", *told(shelf, a="one")))["Note a"] == "create"
    assert notes(shelf) == {"a": "one"}


def test_a_run_that_is_killed_takes_its_provider_along_and_the_create_waits_for_a_word(desk: Desk, shelf: Path) -> None:
    command = [*PROGRAM, "up", "--yes", *_where(), *told(shelf, a="waits")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: any(note.read_text().isdigit() for note in shelf.iterdir()), "the provider is at work")
        process.kill()
    [note] = shelf.iterdir()
    server = Path("/proc", note.read_text())
    until(lambda: not server.exists() or "State:\tZ" in (server / "status").read_text(), "its server has ended")
    with pytest.raises(Refused, match="cannot be asked whether it was made"):
        desk.up("serving", *told(shelf, a="waits"))
    assert list(shelf.iterdir()) == [note]


def test_a_plan_is_the_same_in_another_process(desk: Desk, shelf: Path) -> None:
    command = [*PROGRAM, "preview", *_where(), *told(shelf, a="one"), "-o", "json"]
    other = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    assert json.loads(other.stdout)["digest"] == desk.preview("serving", *told(shelf, a="one"))["digest"]


def test_what_changed_by_hand_is_seen_by_a_refresh(desk: Desk, shelf: Path) -> None:
    desk.up("serving", *told(shelf, a="one", b="two"))
    next(shelf.glob("a-*")).unlink()
    assert ops(desk.preview("serving", *told(shelf, a="one", b="two"))) == {}
    mended = desk.up("serving", "--refresh", *told(shelf, a="one", b="two"))
    assert ops(mended)["Note a"] == "create"
    assert notes(shelf) == {"a": "one", "b": "two"}


def test_what_is_there_is_taken_over_and_leaves_with_the_stack(
    desk: Desk, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shelf / "a-by-hand").write_text("one")
    adopted = desk.up("serving", *told(shelf, a="one"), "--config", 'taken={"a":"a-by-hand"}')
    assert ops(adopted)["Note a"] == "import"
    assert [note.name for note in shelf.iterdir()] == ["a-by-hand"]
    assert ops(desk.up("serving", *told(shelf, a="one"))) == {}
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a phrase")
    exported = json.loads(desk.type("stack", "export", "program/serving/dev").stdout)
    [note] = [one for one in exported["deployment"]["resources"] if one["urn"] == urn("a")]
    assert (note["id"], note["outputs"]["length"]) == ("a-by-hand", 3)
    assert note["outputs"]["__provider"].keys() == note["inputs"]["__provider"].keys() > {"ciphertext"}
    desk.destroy("serving", *told(shelf))
    assert notes(shelf) == {}


def test_secrets_and_the_pickled_provider_are_sealed_and_masked(
    desk: Desk, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", "hush-hush")
    where = [HERE / "serving", "--stack", "dev", "--cloud", "sandbox", "--yes", "--secret", "secret=WORD"]
    result = desk.type("program", "up", *where, *told(shelf, a="secret"))
    assert result.exception is None
    assert notes(shelf) == {"a": "hush-hush"}
    assert "writes [secret]" in result.stderr
    with desk.sessions() as session:
        columns = (PlanRow.document, ResourceRow.inputs, ResourceRow.outputs, ResourceRow.observed, JournalRow.target)
        kept = json.dumps([session.scalars(select(column)).all() for column in columns])
    assert "hush" not in result.output + kept
    assert "gASV" not in result.output + kept
