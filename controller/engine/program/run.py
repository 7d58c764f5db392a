"""Runs a Pulumi program once: source + configuration → registrations at a `Registrar`, and the stack's outputs.

Whoever plans or applies a stack binds all but the registrar and hands the rest on as a `registration.Program`. The
program runs in a child of the runner (see `runner.py`), sees nothing of the controller's environment but what
`launch.ENVIRONMENT` names, and gets its configuration through a pipe.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import sys
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from controller.domain import spec
from controller.domain.errors import Failed, Refused, WrongUse
from controller.engine.program.components import Packages
from controller.engine.program.heard import LOG_LINES
from controller.engine.program.launch import Run, Runner
from controller.engine.program.masking import masked
from controller.engine.program.monitor import Monitor
from controller.engine.program.runner import Job
from controller.engine.properties import PropertyMap
from controller.engine.registration import Registrar
from controller.engine.stack_names import pulumi_stack_name

PARALLEL: Final = 64
TIME_LIMIT: Final = 3600.0
"""Seconds that a run may take where the caller names no other limit."""

_LINE_LENGTH: Final = 2000
_PACKAGES: Final = "lib/python3*/site-packages"
_SDKS: Final = ("pulumi", "pulumi-openstack")
_NO_PROGRAM: Final = frozenset({"__pycache__", "venv", "node_modules", "Pulumi.yaml"})


@dataclass(frozen=True)
class ProgramSource:
    """Where a program lies: its project's folder and name, and in it the module or folder that is run.

    `virtualenv`: the folder of the virtualenv whose interpreter and packages it needs, None for the controller's own.
    `packages`: folders of component packages, by the name under which the program asks for their components.
    """

    dir: Path
    project: str
    main: str = "."
    virtualenv: Path | None = None
    packages: Mapping[str, Path] = field(default_factory=dict, hash=False)

    @property
    def interpreter(self) -> Path:
        """What executes it, and the packages that it names."""
        return Path(sys.executable) if self.virtualenv is None else self.virtualenv / "bin" / "python"

    @property
    def folder(self) -> Path:
        """The folder in which it runs: what its relative paths start from."""
        entry = self.dir / self.main
        return entry if entry.is_dir() else entry.parent

    @classmethod
    def at(cls, folder: Path) -> ProgramSource:
        """The program of the Pulumi project in `folder`. Raises WrongUse where there is none written in Python."""
        path = folder / "Pulumi.yaml"
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            runtime, name = document["runtime"], str(document["name"])
            language = runtime["name"] if isinstance(runtime, dict) else runtime
        except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
            raise WrongUse(
                "there is no readable Pulumi project here", where=str(path), remedy="name the folder of its Pulumi.yaml"
            ) from error
        if language != "python":
            raise WrongUse(f"the program is written in {language}", where=str(path), remedy="only python is run here")
        folder, main = folder.resolve(), str(document.get("main", "."))
        if not (folder / main).resolve().is_relative_to(folder):
            raise WrongUse(f"main is {main}", where=str(path), remedy="it must lie in the project's folder")
        options = runtime.get("options") or {} if isinstance(runtime, dict) else {}
        packages = _packages(folder, document.get("packages") or {})
        return cls(folder, name, main, _virtualenv(folder, options), packages)


def _packages(folder: Path, named: object) -> Mapping[str, Path]:
    """The folders of the component packages that a project names. Raises Refused for all that is no such folder."""
    where = str(folder / "Pulumi.yaml")
    if not isinstance(named, dict):
        raise WrongUse("packages is no mapping of names to folders", where=where)
    found = {}
    for name, path in named.items():
        package = folder / str(path)
        if not isinstance(path, str) or not _is_python_package(package / "PulumiPlugin.yaml"):
            raise Refused(
                f"the package {name} is not supported by this engine",
                where=where,
                remedy="name a folder whose PulumiPlugin.yaml has the runtime python",
            )
        found[str(name)] = package.resolve()
    return found


def _is_python_package(plugin: Path) -> bool:
    try:
        runtime = yaml.safe_load(plugin.read_text(encoding="utf-8"))["runtime"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        return False
    return (runtime.get("name") if isinstance(runtime, dict) else runtime) == "python"


def _virtualenv(folder: Path, options: object) -> Path | None:
    """The virtualenv that the runtime's options name. Raises WrongUse for other options, and where it has no SDK."""
    where = str(folder / "Pulumi.yaml")
    if not isinstance(options, dict):
        raise WrongUse("runtime.options is no mapping of names to values", where=where)
    others = sorted(str(option) for option in options if option != "virtualenv")
    if others:
        raise WrongUse(
            f"not supported by this engine: runtime option {others[0]}",
            where=where,
            remedy="name the program's virtualenv, made beforehand, as runtime.options.virtualenv",
        )
    if "virtualenv" not in options:
        return None
    virtualenv = folder / str(options["virtualenv"])
    if not (virtualenv / "bin" / "python").exists() or not any(virtualenv.glob(f"{_PACKAGES}/pulumi")):
        raise WrongUse(
            f"there is no virtualenv with pulumi in {virtualenv}",
            where=where,
            remedy="make it with Python 3.11 or newer: python -m venv, then install the program's requirements",
        )
    return virtualenv


@dataclass(frozen=True)
class ProgramResult:
    """What a run left: the stack's outputs, and what the program logged or printed (bounded, secrets masked)."""

    outputs: PropertyMap
    log: Sequence[str]


class ProgramFailed(Failed):
    """The program itself failed; `traceback` and `log` are for its author."""

    def __init__(self, message: str, *, where: str, traceback: str, log: Sequence[str]) -> None:
        super().__init__(f"the program failed: {message}", where=where, remedy="correct the program")
        self.traceback = traceback
        self.log = log


def program_version(source: ProgramSource) -> str:
    """SHA-256 over all that the program is made of: its files, the spec's module, and the SDKs' releases."""
    digest = hashlib.sha256()
    for sdk in _SDKS:
        digest.update(f"{sdk} {_release(sdk, source)}\n".encode())
    digest.update(Path(spec.__file__).read_bytes())
    for base, path in _all_files(source):
        digest.update(f"\n{path.relative_to(base).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _release(package: str, source: ProgramSource) -> str:
    """The release that the program's interpreter has of `package`, "" where it has none."""
    path = sys.path if source.virtualenv is None else [str(one) for one in source.virtualenv.glob(_PACKAGES)]
    found = next(iter(importlib.metadata.distributions(name=package, path=path)), None)
    return found.version if found is not None else ""


def run_program(
    source: ProgramSource,
    *,
    stack: str,
    config: Mapping[str, str],
    registrar: Registrar,
    preview: bool,
    secret_config_keys: Collection[str] = (),
    time_limit: float = TIME_LIMIT,
    cancelled: threading.Event | None = None,
) -> ProgramResult:
    """Runs the program and waits for it, at most `time_limit` seconds, or until `cancelled` is set.

    Raises what the registrar raised first, as it was; ProgramFailed where the program is at fault; Failed where it was
    ended from outside. Whatever happens, no registration is in flight any more when this returns.
    """
    name = pulumi_stack_name(stack)
    secrets = [config[key] for key in secret_config_keys if config.get(key)]
    packages = Packages(source.packages, source.interpreter, config, frozenset(secret_config_keys))
    with Monitor(
        registrar, project=source.project, stack=name, preview=preview, folder=source.folder, packages=packages
    ) as monitor:
        job = Job(
            directory=str(source.dir),
            main=source.main,
            project=source.project,
            stack=name,
            config=dict(config),
            secret_config_keys=sorted(secret_config_keys),
            preview=preview,
            parallel=PARALLEL,
            monitor=monitor.address,
        )
        with Run(_runner_of(source).start(), job) as run:
            ended = run.wait(time_limit, cancelled)
    log = [masked(message, secrets) for message in monitor.heard.log]
    log += [line[:_LINE_LENGTH] for line in masked(run.printed, secrets).splitlines()[-LOG_LINES:]]
    if monitor.heard.failure is not None:
        raise monitor.heard.failure
    if ended.error:
        raise ProgramFailed(
            masked(ended.error, secrets), where=ended.where, traceback=masked(ended.traceback, secrets), log=log
        )
    return ProgramResult(monitor.heard.outputs, log)


_runner = Runner()
_runners: dict[Path, Runner] = {}
"""Runners of programs with a virtualenv of their own."""


def warm_up() -> None:
    """Starts the runner ahead of the first run, so that processes forked from this one share it.

    Such a fork is sound only from a process that has run no program itself: a monitor's server does not survive it.
    """
    link, output = _runner.start()
    link.close()
    os.close(output)


def _runner_of(source: ProgramSource) -> Runner:
    if source.virtualenv is None:
        return _runner
    return _runners.setdefault(source.virtualenv, Runner(source.virtualenv))


def _all_files(source: ProgramSource) -> Iterator[tuple[Path, Path]]:
    """The project's file, the program's own and those of its packages, each with the folder that it belongs to."""
    project = source.dir / "Pulumi.yaml"
    if project.exists():
        yield source.dir, project
    entry = source.dir / source.main
    for path in _files(entry if entry.is_dir() else source.dir, source.virtualenv):
        yield source.dir, path
    for _, folder in sorted(source.packages.items()):
        for path in _files(folder, source.virtualenv):
            yield folder, path


def _files(folder: Path, without: Path | None) -> Iterator[Path]:
    """All in `folder`, in a fixed order; nothing hidden, nothing compiled."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if without is not None and path.is_relative_to(without):
            continue
        if path.is_file() and not any(part.startswith(".") or part in _NO_PROGRAM for part in parts):
            yield path
