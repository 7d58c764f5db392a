"""The cloud as a process: started, found, ended; private files; new secrets with every start; the command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from sandbox.cli import app
from sandbox.cloud import process

pytestmark = pytest.mark.world

PATIENCE_SECONDS = 10.0


def _wait_until_gone(cloud: process.RunningCloud) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while cloud.alive:
        assert time.monotonic() < deadline, "the cloud still runs"
        time.sleep(0.05)


def test_it_runs_until_the_block_ends(tmp_path: Path) -> None:
    with process.start(tmp_path) as cloud:
        assert cloud.alive
        assert process.find(tmp_path) == cloud
        assert cloud.ask("GET", "/status")["latency"] == "zero"
    assert not cloud.alive
    assert process.find(tmp_path) is None
    assert (tmp_path / process.LOG).read_text() == ""


def test_its_files_are_the_owners_only_and_every_start_has_new_passwords(tmp_path: Path) -> None:
    secrets = set()
    for _ in range(2):
        with process.start(tmp_path) as cloud:
            assert stat.S_IMODE(cloud.clouds_yaml.stat().st_mode) == 0o600
            assert stat.S_IMODE((tmp_path / process.RECORD).stat().st_mode) == 0o600
            clouds = yaml.safe_load(cloud.clouds_yaml.read_text())["clouds"]
            assert {"sandbox", "sandbox-alt", "sandbox-admin", "sandbox-system-admin"} <= set(clouds)
            secrets.update(one["auth"]["password"] for one in clouds.values())
            command_line = Path(f"/proc/{cloud.pid}/cmdline").read_text()
            assert not any(secret in command_line for secret in secrets)
    assert len(secrets) == 6  # three users, two starts


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from sandbox.cloud.process import start;"
        "start(pathlib.Path(sys.argv[1])); print('up', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        cloud = process.find(tmp_path)
        assert cloud is not None
        parent.kill()
    _wait_until_gone(cloud)


def test_a_start_that_fails_says_where_to_look(tmp_path: Path) -> None:
    with process.start(tmp_path / "first") as cloud:
        taken = int(cloud.url.rsplit(":", 1)[1])
        with pytest.raises(process.CloudError, match=r"cloud\.log"):
            process.start(tmp_path / "second", port=taken)


def test_up_is_safe_to_repeat_and_down_ends_it(tmp_path: Path) -> None:
    run = CliRunner().invoke
    home = ["--home", str(tmp_path)]
    first = run(app, ["cloud", "up", *home, "--latency", "zero"])
    try:
        assert first.exit_code == 0, first.output
        assert f"export OS_CLIENT_CONFIG_FILE={tmp_path}/clouds.yaml" in first.output
        assert run(app, ["cloud", "up", *home]).output == first.output
        assert run(app, ["cloud", "status", *home]).output == first.output
    finally:
        cloud = process.find(tmp_path)
        assert run(app, ["cloud", "down", *home]).exit_code == 0
    assert cloud is not None
    assert not cloud.alive
    assert run(app, ["cloud", "status", *home]).exit_code == 1
    assert run(app, ["cloud", "down", *home]).exit_code == 0


def test_down_leaves_a_later_process_of_the_same_number_alone(tmp_path: Path) -> None:
    record = {"url": "", "admin_url": "", "pid": os.getpid(), "started": "1", "home": str(tmp_path)}
    (tmp_path / process.RECORD).write_text(json.dumps(record))
    result = CliRunner().invoke(app, ["cloud", "down", "--home", str(tmp_path)])
    assert result.exit_code == 0
    assert "not running" in result.output
    assert process.start_of(os.getpid())


def test_it_ends_while_a_request_is_under_way(tmp_path: Path) -> None:
    with process.start(tmp_path) as cloud:
        cloud.ask("POST", "/faults", {"action": "latency", "seconds": 600, "count": None})
        with socket.create_connection(("127.0.0.1", int(cloud.url.rsplit(":", 1)[1]))) as waiting:
            waiting.sendall(b"GET /compute/ HTTP/1.1\r\nHost: cloud\r\n\r\n")
            deadline = time.monotonic() + PATIENCE_SECONDS
            while cloud.ask("GET", "/counts")["total"] == 0:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            os.kill(cloud.pid, signal.SIGTERM)
            _wait_until_gone(cloud)
