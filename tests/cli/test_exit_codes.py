"""Exit codes and messages: 0 done, 1 refused or failed, 2 wrong use, 3 unknown; never a traceback, whatever happens."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from controller.cli import stacks
from tests.cli.typed import CommandLine
from tests.reconcile.site import Site

LISTINGS = [
    ("request", "list"),
    ("stack", "list"),
    ("incident", "list"),
    ("unit", "list"),
    ("user", "list"),
]


@pytest.mark.parametrize("words", LISTINGS, ids=" ".join)
def test_an_empty_listing_is_an_empty_document(typed: CommandLine, words: Sequence[str]) -> None:
    assert typed.well(*words, "-o", "json").document == []
    assert typed.well(*words, "-o", "yaml").out == "[]\n"
    table = typed.well(*words)
    assert (table.out, "nothing to list" in table.err) == ("", True)


WRONG = {
    "an unknown noun": ("stakc", "list"),
    "an unknown command": ("stack", "lst"),
    "an unknown option": ("stack", "list", "--all"),
    "a missing argument": ("stack", "show"),
    "a missing option": ("bill", "run"),
    "a format that does not exist": ("stack", "list", "-o", "xml"),
    "a date that is none": ("deadline", "LZ-21-3", "--from", "2026-02-30"),
    "an unknown stack": ("stack", "show", "liuzhou/nobody/nothing.gov"),
    "a stack's name with odd characters": ("stack", "plan", "柳州/[bold]'; DROP TABLE stack; --/%s.gov"),
    "an unknown rule": ("deadline", "LZ-99", "--from", "2026-09-28"),
    "an unknown city": ("request", "template", "form.xlsx", "--city", "atlantis"),
    "an unknown incident": ("incident", "show", "4711"),
    "an incident that is no number": ("incident", "show", "one"),
    "an unknown cloud": ("drift", "--cloud", "atlantis"),
    "no cloud in use": ("drift",),
    "a file that is not there": ("request", "import", "none.xlsx", "--city", "liuzhou", "--check"),
    "a folder for a file": ("bill", "rate", "."),
    "a certificate that is not there": ("certificate", "verify", "none.json"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(typed: CommandLine, case: str) -> None:
    ended = typed(*WRONG[case])
    assert ended.code == 2, ended.err
    assert ended.out == ""
    assert ended.err.strip()


def test_nothing_typed_shows_the_nouns(typed: CommandLine) -> None:
    shown = typed()
    for noun in ("request", "stack", "drift", "incident", "bill", "serve"):
        assert noun in shown.out + shown.err


def test_a_refusal_ends_with_1_and_names_the_rule_or_the_reason(typed: CommandLine) -> None:
    typed.well("unit", "add", "柳州市财政局", "--city", "liuzhou", "--kind", "municipal_organ")
    ended = typed("user", "grant", "wei", "--city", "liuzhou", "--role", "vendor", "--as", "somebody")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("yunguan: somebody")


def test_a_database_that_is_down_is_said_in_one_line(typed: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("YUNGUAN_DATABASE_URL", f"postgresql+psycopg://yunguan:top-secret@127.0.0.1:{port}/yunguan")
    ended = typed("stack", "list")
    assert (ended.code, ended.out) == (1, "")
    assert "YUNGUAN_DATABASE_URL" in ended.err
    assert "top-secret" not in ended.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YUNGUAN_SCAN_MINUTES", "soon"),
        ("YUNGUAN_GUARD_MAX_SHARE", "1.5"),
        ("YUNGUAN_LISTEN_PORT", "99999"),
        ("YUNGUAN_DATABASE_URL", "mysql://somewhere/else"),
        ("YUNGUAN_DATABASE_URL", "not a url"),
        ("YUNGUAN_DATABASE_URL", "postgresql+psycopg://u:p@127.0.0.1:xx/db"),
        ("YUNGUAN_DATABASE_URL", "postgresql+psycopg://u:p@[::1/db"),
    ],
)
def test_a_setting_that_is_off_is_named(
    typed: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    ended = typed("stack", "list")
    assert (ended.code, ended.out) == (2, "")
    assert name in ended.err
    assert "Value error" not in ended.err


@pytest.mark.parametrize("content", ["scan_minutes = 'soon'", "no_such_setting = 1", "scan_minutes = = 3"])
def test_a_settings_file_that_is_off_is_named(typed: CommandLine, tmp_path: Path, content: str) -> None:
    (tmp_path / "yunguan.toml").write_text(content)
    ended = typed("stack", "list")
    assert (ended.code, ended.out) == (2, "")
    assert "yunguan.toml" in ended.err or "YUNGUAN_" in ended.err


def test_a_home_that_cannot_be_written_is_said(typed: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNGUAN_HOME", "/proc/nowhere")
    ended = typed("stack", "list")
    assert ended.code in {1, 2}
    assert "/proc/nowhere" in ended.err


@pytest.mark.parametrize("home", ["home", "./home"])
def test_a_defect_is_a_message_and_its_details_go_into_the_log(
    typed: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str
) -> None:
    monkeypatch.setenv("YUNGUAN_HOME", home)

    def broken(*_arguments: object) -> None:
        raise KeyError("a defect of ours")

    monkeypatch.setattr(stacks, "print_rows", broken)
    ended = typed("stack", "list")
    assert (ended.code, ended.out) == (1, "")
    log = tmp_path / "home" / "logs" / "defects.log"
    assert str(log) in ended.err
    assert "Traceback" in log.read_text()
    assert "a defect of ours" in log.read_text()


def test_without_any_clouds_yaml_the_scan_says_what_to_set(
    typed: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "none.yaml"))
    monkeypatch.setenv("HOME", str(tmp_path))
    ended = typed("drift", "--cloud", "sandbox", "-o", "json")
    assert (ended.code, ended.out) == (2, "")
    assert "clouds.yaml" in ended.err


def test_a_clouds_yaml_that_cannot_be_read_is_said(
    typed: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "clouds.yaml").write_text("clouds: [unclosed")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    ended = typed("drift", "--cloud", "sandbox")
    assert (ended.code, ended.out) == (2, "")
    assert "clouds.yaml" in ended.err


def test_a_cloud_that_cannot_be_read_completely_ends_with_3(typed: CommandLine, site: Site) -> None:
    site.applied()
    site.fault("status", status=500, service="volume", method="GET", path="/volumes/detail", count=None)
    ended = typed("drift", "-o", "json")
    assert ended.code == 3
    assert ended.document["complete"] is False
    assert any("500" in reason for reason in ended.document["incomplete"])
    assert typed("drift").code == 3


@pytest.mark.world
def test_the_installed_command_speaks_utf8_whatever_the_locale(typed: CommandLine, tmp_path: Path) -> None:
    """`yunguan` itself, as a process, in the C locale."""
    command = Path(sys.executable).with_name("yunguan")
    done = subprocess.run(
        [command, "rules", "--city", "liuzhou", "-o", "json"],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        cwd=tmp_path,
    )
    assert {row["city"] for row in json.loads(done.stdout.decode("utf-8"))} == {"liuzhou"}
    done = subprocess.run([command, "stack", "lst"], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
