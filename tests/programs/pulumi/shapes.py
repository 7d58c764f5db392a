"""Programs of the project in the folder `shapes`, and both engines at work on them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.programs.desk import Desk
from tests.programs.pulumi.cli import Pulumi

PROJECT = Path(__file__).parent / "shapes"


@dataclass(frozen=True)
class Shape:
    """One resource: `inputs` among value, fixed and first; `uses` names those whose ids are an input of it.

    `options` are the SDK's, with names where it takes resources. A group is a component.
    """

    name: str
    inputs: dict[str, str] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    group: bool = False


@dataclass(frozen=True)
class Ran:
    """What one engine did: the provider's calls in their order, and the stack's outputs then."""

    calls: list[str]
    outputs: dict[str, Any]


class Ours:
    """The embedded engine, as `yunguan program` runs it."""

    def __init__(self, desk: Desk, log: Path) -> None:
        self._desk = desk
        self._log = log

    def up(self, shapes: Sequence[Shape], *words: str) -> Ran:
        before = _lines(self._log)
        made = self._desk.up(PROJECT, *_options("--config", shapes, self._log), *words)
        return Ran(_lines(self._log)[len(before) :], made["outputs"])

    def destroy(self) -> list[str]:
        before = _lines(self._log)
        self._desk.destroy(PROJECT)
        return _lines(self._log)[len(before) :]


class Theirs:
    """Pulumi's, one call at a time."""

    def __init__(self, pulumi: Pulumi, folder: Path, log: Path) -> None:
        self._pulumi = pulumi
        self._folder = folder
        self._log = log
        pulumi.run(folder, "stack", "init", "dev")

    def up(self, shapes: Sequence[Shape], *words: str) -> Ran:
        before = _lines(self._log)
        config = _options("-c", shapes, self._log)
        self._pulumi.run(self._folder, "up", "--yes", "--skip-preview", "--parallel", "1", *config, *words)
        outputs = self._pulumi.document(self._folder, "stack", "output", "--json")
        return Ran(_lines(self._log)[len(before) :], outputs)

    def destroy(self) -> list[str]:
        before = _lines(self._log)
        self._pulumi.run(self._folder, "destroy", "--yes", "--skip-preview", "--parallel", "1")
        return _lines(self._log)[len(before) :]


def settings(shapes: Sequence[Shape], log: Path) -> list[str]:
    """The project's configuration, as `key=value`."""
    return [f"resources={json.dumps([asdict(one) for one in shapes])}", f"log={log}"]


def _options(option: str, shapes: Sequence[Shape], log: Path) -> list[str]:
    return [word for setting in settings(shapes, log) for word in (option, setting)]


def _lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []
