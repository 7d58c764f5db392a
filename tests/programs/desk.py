"""What a person does at a terminal with a project folder, and what stands in the cloud after it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
from typer.testing import CliRunner, Result

from controller.cli.commands import app
from controller.store.database import Sessions
from sandbox.cloud.process import RunningCloud
from tests.waiting import until

KEYS = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOne", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAITwo")
HERE = Path(__file__).parent


@dataclass
class Desk:
    """A home, a cloud, and the folders of projects; those that a test changes are copied first."""

    simulated: RunningCloud
    sessions: Sessions
    folder: Path

    def __post_init__(self) -> None:
        self.hand: Any = openstack.connect(cloud="sandbox")

    def copy(self, name: str) -> Path:
        """A project that the test may change."""
        return Path(shutil.copytree(HERE / name, self.folder / name))

    def type(self, *words: str | Path) -> Result:
        """A command as it is typed; what it raises is in the result."""
        return CliRunner().invoke(app, [str(word) for word in words])

    def run(self, *words: str | Path) -> Any:
        """A command that goes well, with its JSON document."""
        result = self.type(*words, "-o", "json")
        if result.exception is not None:
            raise result.exception
        return json.loads(result.stdout)

    def preview(self, project: str | Path, *words: str, stack: str = "dev") -> Any:
        return self.run("program", "preview", *_where(project, stack), *words)

    def up(self, project: str | Path, *words: str, stack: str = "dev") -> Any:
        return self.run("program", "up", *_where(project, stack), "--yes", *words)

    def destroy(self, project: str | Path, *words: str, stack: str = "dev") -> Any:
        return self.run("program", "destroy", *_where(project, stack), "--yes", *words)

    def settings(self, project: str) -> list[str]:
        """`--config` words with which a project can be applied; the cloud's ids among them."""
        own: dict[str, dict[str, Any]] = {
            "tiers": {"tiers": '["web","app"]'},
            "counts": {"networks": 2, "ports": 2},
            "ignoring": {"name": "g", "description": "first"},
            "replacing": {"cidr": "10.7.0.0/24", "key": KEYS[0]},
            "keeping": {"protect": "false"},
            "bound": {"round": 1},
            "clouds": {"elsewhere": "sandbox-alt"},
            "secretive": {"token": "hush-hush", **self.boots()},
        }
        return config(**own[project])

    def boots(self) -> dict[str, str]:
        """What a server boots from on this cloud."""
        image = self.hand.image.find_image("cirros-0.6.2-x86_64-disk", ignore_missing=False)
        return {"image": image.id, "flavor": self.hand.compute.find_flavor("yg.c1m1", ignore_missing=False).id}

    def killed_up(self, project: str, *words: str, at: str, nth: int) -> None:
        """A process that runs `up` and dies, as by kill -9, when its `nth` request to make something at `at` comes."""
        command = [sys.executable, "-m", "controller.cli", "program", "up", "--yes", *_where(project, "dev"), *words]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            fault = {"action": "kill", "method": "POST", "path": at, "nth": nth, "pid": process.pid, "when": "after"}
            self.simulated.ask("POST", "/faults", [fault])
            assert process.wait(timeout=60) == -signal.SIGKILL

    def erring(self, **fault: Any) -> Callable[[], bool]:
        """From now on the cloud errs so on a request to make something; what is given says whether it has."""
        self.simulated.ask("POST", "/faults", [{"method": "POST", **fault}])
        return lambda: self.simulated.ask("GET", "/faults")[0]["fired"] > 0

    def signalled_up(
        self, project: str, *words: str, when: Callable[[], bool], signals: Sequence[signal.Signals]
    ) -> tuple[int, str]:
        """A process that runs `up`; from `when` on it gets `signals` one after the other, each once it has answered the
        one before. A terminal's SIGINT goes to all its processes.

        Its exit code, and what it wrote to stderr.
        """
        command = [sys.executable, "-m", "controller.cli", "program", "up", "--yes", *_where(project, "dev"), *words]
        with subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stderr is not None
            patience = threading.Timer(120, process.kill)
            patience.start()
            until(when, "it is so far")
            said = []
            for number in signals:
                if number is signal.SIGINT:
                    os.killpg(process.pid, number)
                else:
                    process.send_signal(number)
                for line in process.stderr:
                    said.append(line)
                    if line.startswith("stopping:"):
                        break
            said.extend(process.stderr)
            patience.cancel()
        return process.returncode, "".join(said)

    def changes(self) -> int:
        """Calls that changed something in the cloud since this was asked last."""
        count = int(self.simulated.ask("GET", "/counts")["mutating"])
        self.simulated.ask("DELETE", "/counts")
        return count

    def hand_on(self, cloud: str) -> Any:
        """Another project's own client."""
        return openstack.connect(cloud=cloud)

    def networks(self) -> set[str]:
        """Names of the project's own networks."""
        mine = self.hand.current_project_id
        return {network.name for network in self.hand.network.networks() if network.project_id == mine}


def config(**settings: Any) -> list[str]:
    """`--config` words."""
    return [word for key, value in settings.items() for word in ("--config", f"{key}={value}")]


def ops(document: Any) -> dict[str, str]:
    """What a plan does, by the resource's name; what stays as it is left out."""
    return {
        f"{one['type'].rpartition(':')[2]} {one['urn'].rpartition('::')[2]}": one["op"]
        for one in document["operations"]
        if one["op"] != "same"
    }


def _where(project: str | Path, stack: str) -> list[str | Path]:
    return [HERE / project, "--stack", stack, "--cloud", "sandbox"]
