"""`yunguan request` as the parties type it: a workbook with a Chinese name, filed and decided by whose part it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from controller.casework.people import Grant, grant, register_unit
from controller.cli.demo.workbook import UNIT, workbook
from controller.domain.funding import UnitKind
from controller.domain.roles import Role
from controller.store.database import Sessions
from tests.cli.typed import CommandLine, Typed

FACTS = ("--fact", "classified=no", "--fact", "own_resources=no", "--fact", "origin=new")


@pytest.fixture
def sheet(typed: CommandLine, sessions: Sessions, tmp_path: Path) -> Path:
    """The demo's workbook under a Chinese name, in a city with its people."""
    with sessions.begin() as session:
        unit = register_unit(session, city="liuzhou", name=UNIT, kind=UnitKind.MUNICIPAL_ORGAN, by="operator")
        grant(session, Grant("unit", "liuzhou", Role.UNIT, unit.code), by="operator")
        for role in (Role.AUTHORITY, Role.CENTRE, Role.VENDOR, Role.SUPERVISOR):
            grant(session, Grant(role.value, "liuzhou", role), by="operator")
    path = tmp_path / "云资源使用需求表（财政局）.xlsx"
    path.write_bytes(workbook())
    return path


def file(typed: CommandLine, sheet: Path, *words: str, user: str = "unit") -> Typed:
    return typed("request", "import", str(sheet), "--city", "liuzhou", "--as", user, *FACTS, *words)


def test_a_check_only_reports(typed: CommandLine, sheet: Path) -> None:
    document = typed.well("request", "import", str(sheet), "--city", "liuzhou", "--check", "-o", "json").document
    assert document["ok"] is True
    assert {system["name"] for system in document["systems"]} == {"财务管理系统", "公文交换系统", "便民服务平台"}
    assert sum(len(system["machines"]) for system in document["systems"]) == 12
    assert typed.well("request", "list", "-o", "json").document == []


def test_what_is_filed_is_one_document_and_is_listed_and_shown(typed: CommandLine, sheet: Path) -> None:
    filed = file(typed, sheet, "-o", "json")
    assert filed.code == 0, filed.err
    numbers = filed.document["cases"]
    assert len(numbers) == 3
    rows = typed.well("request", "list", "-o", "json").document
    assert [row["number"] for row in rows] == numbers
    table = typed.well("request", "list").out
    assert all(system in table for system in ("财务管理系统", "公文交换系统", "便民服务平台"))
    shown = typed.well("request", "show", numbers[0], "-o", "json").document
    assert shown["machines"]
    read = typed.well("request", "show", numbers[0]).out
    assert "财务管理系统" in read
    assert "受理（accept，市大数据发展局）" in read


def test_nothing_is_stored_of_a_file_that_is_not_clean(typed: CommandLine, sheet: Path, tmp_path: Path) -> None:
    broken = tmp_path / "坏文件.xlsx"
    broken.write_bytes(b"not a workbook")
    ended = file(typed, broken, "-o", "json")
    assert ended.code == 1
    assert (ended.document["ok"], ended.document["systems"]) == (False, [])
    assert ended.document["errors"]
    assert file(typed, broken).code == 1
    assert typed.well("request", "list", "-o", "json").document == []


def test_who_files_must_be_of_the_unit(typed: CommandLine, sheet: Path) -> None:
    for user in ("authority", "stranger"):
        ended = file(typed, sheet, user=user)
        assert ended.code == 1, ended.err
        assert user in ended.err
    assert typed("request", "import", str(sheet), "--city", "liuzhou", *FACTS).code == 2
    assert typed.well("request", "list", "-o", "json").document == []


@pytest.fixture
def number(typed: CommandLine, sheet: Path) -> str:
    return str(file(typed, sheet, "-o", "json").document["cases"][0])


@pytest.mark.rule("LZ-21-1")
@pytest.mark.breaks
@pytest.mark.parametrize("user", ["unit", "vendor", "centre", "supervisor", "stranger"])
def test_a_step_is_refused_to_those_whose_part_it_is_not(typed: CommandLine, number: str, user: str) -> None:
    before = typed.well("request", "show", number, "-o", "json").document
    ended = typed("request", "accept", number, "--as", user)
    assert (ended.code, ended.out) == (1, "")
    assert "[LZ-21-1]" in ended.err
    assert typed.well("request", "show", number, "-o", "json").document == before


def test_a_step_that_is_not_due_or_does_not_exist_is_refused(typed: CommandLine, number: str) -> None:
    assert typed("request", "approve", number, "--as", "authority").code == 1
    assert typed("request", "do", number, "fly", "--as", "authority").code in {1, 2}
    assert typed("request", "accept", "LZ-0000-000", "--as", "authority").code == 2


def test_evidence_that_cannot_be_read_stops_the_step(typed: CommandLine, number: str, tmp_path: Path) -> None:
    typed.well("request", "accept", number, "--as", "authority")
    for path in ("没有这个文件.pdf", str(tmp_path)):
        ended = typed("request", "assess", number, "--as", "centre", "--evidence", path)
        assert ended.code in {1, 2}
        assert path in ended.err
    paper = tmp_path / "经批复的初步设计（盖章）.txt"
    paper.write_text("盖章")
    typed.well("request", "assess", number, "--as", "centre", "--evidence", str(paper))
    shown = typed.well("request", "show", number).out
    assert all(word in shown for word in ("approved_plan", paper.name, sha256(paper.read_bytes()).hexdigest()[:12]))


@pytest.mark.world
def test_two_at_the_same_time_take_one_step(typed: CommandLine, number: str) -> None:
    """Two officials accept in two processes: one does it, the other is told that it is done."""
    command = [sys.executable, "-m", "controller.cli", "request", "accept", number, "--as", "authority"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ))
        for _ in range(2)
    ]
    ended = [(one.communicate(timeout=120)[1].decode(), one.returncode) for one in both]
    assert sorted(code for _, code in ended) == [0, 1], ended
    assert not any("Traceback" in said for said, _ in ended)
    timeline = typed.well("request", "show", number, "-o", "json").document["timeline"]
    assert len([event for event in timeline if event["action"] == "accept"]) == 1


def test_json_of_a_case_is_all_plain(typed: CommandLine, number: str) -> None:
    shown = typed.well("request", "show", number, "-o", "json")
    assert json.loads(json.dumps(shown.document)) == shown.document
