"""The simulated cloud as a process of its own: started, found again, asked on its admin port, ended.

Tests and the demo use `start(home)` as a context manager; the command line uses `start(home, detached=True)` and
`find`.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.cloud.files import write_private

RECORD = "cloud.json"
CLOUDS_YAML = "clouds.yaml"
LOG = "cloud.log"
START_SECONDS = 20.0
STOP_SECONDS = 10.0


class CloudError(Exception):
    """The cloud did not start, or its admin port refused; the message says why."""


@dataclass(frozen=True)
class RunningCloud:
    """A cloud that answers: its addresses, its process and the clouds.yaml that lets clients in."""

    url: str
    admin_url: str
    pid: int
    started: str
    """When the kernel says the process began: tells it from a later process of the same number."""
    home: Path
    child: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)
    """The process where this one started it, to be waited for."""

    @property
    def clouds_yaml(self) -> Path:
        """What OS_CLIENT_CONFIG_FILE is to name."""
        return self.home / CLOUDS_YAML

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return start_of(self.pid) == self.started

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """A call to the admin port, such as `ask("POST", "/faults", [{…}])`; `CloudError` where it refuses."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  always http to loopback
            self.admin_url + path, data=content, method=method, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise CloudError(f"{method} {path}: {error.read().decode()}") from None

    def stop(self) -> None:
        """End the process and wait until it is gone; one that is gone already is no error."""
        deadline = time.monotonic() + STOP_SECONDS
        self._signal(signal.SIGTERM)
        while self.alive:
            if time.monotonic() > deadline:
                self._signal(signal.SIGKILL)
            time.sleep(0.02)
        if self.child is not None:
            self.child.wait()
        (self.home / RECORD).unlink(missing_ok=True)

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(home: Path, *, latency: str = "zero", port: int = 0, detached: bool = False) -> RunningCloud:
    """Start a cloud with its files in `home` and wait until it answers.

    `latency` is `zero` or `realistic`. Unless `detached`, it ends when this process does. `CloudError` if it does not
    start.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    (home / RECORD).unlink(missing_ok=True)
    command = [sys.executable, "-m", "sandbox.cloud", "--home", str(home), "--latency", latency, "--port", str(port)]
    if not detached:
        command += ["--parent", str(os.getpid())]
    with (home / LOG).open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        cloud = find(home)
        if cloud is not None and cloud.pid == process.pid:
            return replace(cloud, child=process)
        if process.poll() is not None:
            break
        time.sleep(0.01)
    process.kill()
    process.wait()
    raise CloudError(f"The simulated cloud did not start; {home / LOG} tells why.")


def find(home: Path) -> RunningCloud | None:
    """The cloud that runs with its files in `home`, or nothing."""
    try:
        record = json.loads((home / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    cloud = RunningCloud(**{**record, "home": Path(record["home"])})
    return cloud if cloud.alive else None


def write_record(url: str, admin_url: str, home: Path) -> None:
    """Say in `home` that this process is the cloud and answers; the last thing a start does."""
    pid = os.getpid()
    record = {"url": url, "admin_url": admin_url, "pid": pid, "started": start_of(pid), "home": str(home)}
    write_private(home / RECORD, json.dumps(record))


def start_of(pid: int) -> str:
    """When a process began, as the kernel counts it (clock ticks since boot); empty where it is gone or a zombie."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    state, ticks = after_name[0], after_name[19]
    return "" if state == "Z" else ticks
