"""What the demo plays on: a simulated cloud, a served controller that can be killed, a clock, and a list of checks."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import typer
from rich.console import Console
from rich.rule import Rule
from sqlalchemy import select

from controller.cli.arguments import settings
from controller.cli.output import stdout
from controller.cli.signals import deferred
from controller.domain.calendar import SHANGHAI
from controller.domain.errors import Failed, Stopped
from controller.store import clock
from controller.store.engine import StackRow
from controller.workplace import Workplace, open_workplace
from sandbox.cloud import process
from sandbox.cloud.process import RunningCloud

PATIENCE = 60.0
TICK = 0.1


@dataclass
class Scene:
    """The demo's world. Everything it starts ends with `opened`'s block."""

    home: Path
    cloud: RunningCloud
    place: Workplace
    console: Console = stdout
    began: float = field(default_factory=time.monotonic)
    held: list[tuple[str, bool]] = field(default_factory=list)
    controller: subprocess.Popen[bytes] | None = None

    @property
    def all_held(self) -> bool:
        return bool(self.held) and all(holds for _, holds in self.held)

    def chapter(self, title: str) -> None:
        """A new chapter of the story."""
        self.console.print()
        self.console.print(Rule(f"[bold]{title}[/bold]", align="left", style="cyan"))

    def tell(self, text: str) -> None:
        """A sentence of the narrator."""
        self.console.print(text)

    def run(self, *words: str) -> None:
        """Runs a command of `yunguan`, shown as it would be typed; an exit code other than 0 is a failed check."""
        self.console.print(f"[green]$[/green] [bold]yunguan {self._typed(words)}[/bold]", highlight=False)
        code = self._carry_out(words)
        if code:
            self.check(f"yunguan {words[0]} ended with {code}", holds=False)

    def run_into(self, file: Path, *words: str) -> None:
        """Runs a command with its output in `file`."""
        self.console.print(f"[green]$[/green] [bold]yunguan {self._typed(words)} > {file.name}[/bold]", highlight=False)
        with file.open("w", encoding="utf-8") as out, redirect_stdout(out):
            self._carry_out(words)

    def _carry_out(self, words: Sequence[str]) -> int:
        """The command's exit code. A Ctrl-C that ends the command ends the demo."""
        code: int = _command_line()(list(words), standalone_mode=False) or 0
        if code == Stopped.exit_code:
            raise KeyboardInterrupt
        return code

    def _typed(self, words: Sequence[str]) -> str:
        """As somebody in the demo's folder would type it."""
        return " ".join(words).replace(f"{self.home}/", "")

    def check(self, what: str, *, holds: bool) -> None:
        """Notes whether a claim holds."""
        self.held.append((what, holds))
        self.console.print(f"  [green]✓[/green] {what}" if holds else f"  [bold red]✗ {what}[/bold red]")

    def until(self, what: str, condition: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Waits until `condition` holds and notes it as a check, held or not."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if condition():
                self.check(what, holds=True)
                return
            time.sleep(TICK)
        self.check(f"{what} (not within {patience:.0f} s)", holds=False)

    def stack(self, name: str) -> StackRow:
        """The stack's row as it is now."""
        with self.place.sessions() as session:
            return session.scalars(select(StackRow).where(StackRow.name == name)).one()

    def pass_time(self, by: timedelta) -> datetime:
        """Lets days pass on the domain clock."""
        with self.place.sessions.begin() as session:
            now = clock.advance(session, by)
        self.console.print(f"[dim]— {by.days} days pass; it is {now.astimezone(SHANGHAI):%Y-%m-%d} —[/dim]")
        return now

    def serve(self) -> None:
        """Starts the controller, as `yunguan serve` does."""
        with (self.home / "serve.log").open("ab") as log, deferred(signal.SIGINT, signal.SIGTERM):
            self.controller = subprocess.Popen(
                [sys.executable, "-m", "controller.cli", "serve"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def kill_controller(self) -> None:
        """kill -9, in the middle of whatever it does."""
        if self.controller is None:
            raise Failed("no controller is running")
        self.controller.send_signal(signal.SIGKILL)
        self.controller.wait()

    def stop_controller(self) -> None:
        """Ends the controller in good order."""
        if self.controller is None or self.controller.poll() is not None:
            return
        self.controller.terminate()
        try:
            self.controller.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.controller.kill()
            self.controller.wait()

    def summarise(self) -> None:
        """How many checks held, and which did not."""
        broken = [what for what, holds in self.held if not holds]
        self.chapter("Result 结果")
        seconds = time.monotonic() - self.began
        self.console.print(f"{len(self.held) - len(broken)} of {len(self.held)} checks held, in {seconds:.0f} s")
        for what in broken:
            self.console.print(f"  [bold red]✗ {what}[/bold red]")
        if broken:
            self.console.print(f"[dim]the controller's log:[/dim]\n{(self.home / 'serve.log').read_text()[-3000:]}")

    def keep(self) -> None:
        """Stays served until Ctrl-C."""
        self.console.print(
            f"\nserved on [bold]http://127.0.0.1:{self.place.settings.listen_port}[/bold]; in another terminal:\n"
            f"  export YUNGUAN_HOME={self.home / 'yunguan'}\n"
            f"  export OS_CLIENT_CONFIG_FILE={self.cloud.clouds_yaml} OS_CLOUD=sandbox\n"
            "  yunguan stack list; openstack server list\n"
            "Ctrl-C ends everything."
        )
        try:
            if self.controller is not None:
                self.controller.wait()
        except KeyboardInterrupt:
            self.console.print("ending")


@contextmanager
def opened() -> Iterator[Scene]:
    """A world in a folder of its own, all of it ended and removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="yunguan-demo-"))
    scene: Scene | None = None
    try:
        with process.start(home / "cloud", latency="realistic") as cloud:
            os.environ |= {
                "OS_CLIENT_CONFIG_FILE": str(cloud.clouds_yaml),
                "YUNGUAN_HOME": str(home / "yunguan"),
                "YUNGUAN_DATABASE_URL": "",  # whatever yunguan.toml says: the demo moves the clock
                "YUNGUAN_LISTEN_PORT": str(_free_port()),
                "YUNGUAN_REQUEST_TIMEOUT": "4",
                "YUNGUAN_SETTLE_SECONDS": "1",
                "YUNGUAN_SCAN_MINUTES": "600",
                "YUNGUAN_CHANGES_MINUTES": "0",
            }
            with open_workplace(settings()) as place:
                scene = Scene(home=home, cloud=cloud, place=place)
                try:
                    yield scene
                finally:
                    scene.stop_controller()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _command_line() -> typer.Typer:
    from controller.cli.commands import app  # noqa: PLC0415 the demo is one of its commands

    return app


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
