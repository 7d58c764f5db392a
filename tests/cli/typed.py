"""A command line as it is typed: words in, exit code and both streams out. Runs in this process, through `main`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from controller.cli import main


@dataclass(frozen=True)
class Typed:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """Types commands. Whatever a command does, it never shows a traceback."""

    patch: pytest.MonkeyPatch
    streams: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Typed:
        self.streams.readouterr()
        self.patch.setattr(sys, "argv", ["yunguan", *words])
        try:
            main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code or 0
        out, err = self.streams.readouterr()
        assert "Traceback" not in out + err
        return Typed(int(str(code)), out, err)

    def well(self, *words: str) -> Typed:
        """Types a command that must do what it says."""
        typed = self(*words)
        assert typed.code == 0, typed.err
        return typed
