"""The real `openstack` command speaks to the cloud as to any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud.process import RunningCloud

OPENSTACK = Path(sys.executable).with_name("openstack")


@pytest.fixture
def command(cloud: RunningCloud, tmp_path: Path) -> Any:
    """Runs `openstack … -f json` as a cloud of clouds.yaml; gives what it printed."""

    def run(*words: str, cloud_name: str = "sandbox") -> Any:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        environment |= {"OS_CLIENT_CONFIG_FILE": str(cloud.clouds_yaml), "OS_CLOUD": cloud_name, "HOME": str(tmp_path)}
        done = subprocess.run(
            [str(OPENSTACK), *words], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if "-f" in words else done.stdout

    return run


def test_a_server_is_made_listed_and_deleted(command: Any) -> None:
    boot = ["--image", "cirros-0.6.2-x86_64-disk", "--flavor", "m1.tiny", "--network", "private", "--wait"]
    made = command("server", "create", *boot, "--property", "unit=bureau", "s1", "-f", "json")
    assert made["status"] == "ACTIVE"
    assert made["properties"] == {"unit": "bureau"}
    listed = command("server", "list", "-f", "json")
    assert [(row["Name"], row["Status"], row["Image"]) for row in listed] == [
        ("s1", "ACTIVE", "cirros-0.6.2-x86_64-disk")
    ]
    command("server", "delete", "s1", "--wait")
    assert command("server", "list", "-f", "json") == []


def test_an_administrator_lists_projects_and_hypervisors(command: Any) -> None:
    projects = {row["Name"] for row in command("project", "list", "-f", "json", cloud_name="sandbox-admin")}
    assert {"admin", "demo", "alt_demo"} <= projects
    hypervisors = command("hypervisor", "list", "-f", "json", cloud_name="sandbox-system-admin")
    assert {row["State"] for row in hypervisors} == {"up"}
