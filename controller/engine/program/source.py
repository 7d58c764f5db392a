"""Where a program lies and what it is made of: a Pulumi project's folder → `ProgramSource`, and its version.

`run.py` runs it. `Pulumi.yaml` is read here and nowhere else; its configuration is for `project.py`.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from controller.domain import spec
from controller.domain.errors import Refused, WrongUse

PROJECT_FILE: Final = "Pulumi.yaml"

_PACKAGES: Final = "lib/python3*/site-packages"
_SDKS: Final = ("pulumi", "pulumi-openstack")
_NO_PROGRAM: Final = frozenset({"__pycache__", "venv", "node_modules", PROJECT_FILE})


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
        return cls.of(folder, project_settings(folder))

    @classmethod
    def of(cls, folder: Path, document: Mapping[str, Any]) -> ProgramSource:
        """The program in `folder` whose project file says `document`. Raises WrongUse for one not written in Python."""
        path = folder / PROJECT_FILE
        name, runtime = document.get("name"), document.get("runtime")
        language = runtime.get("name") if isinstance(runtime, dict) else runtime
        if not name or not language:
            raise WrongUse("the project lacks a name or a runtime", where=str(path), remedy="give it both")
        if language != "python":
            raise WrongUse(f"the program is written in {language}", where=str(path), remedy="only python is run here")
        folder, main = folder.resolve(), str(document.get("main", "."))
        if not (folder / main).resolve().is_relative_to(folder):
            raise WrongUse(f"main is {main}", where=str(path), remedy="it must lie in the project's folder")
        options = runtime.get("options") or {} if isinstance(runtime, dict) else {}
        packages = _packages(folder, document.get("packages") or {})
        return cls(folder, str(name), main, _virtualenv(folder, options), packages)


def project_settings(folder: Path) -> dict[str, Any]:
    """What the project file in `folder` says. Raises WrongUse where there is none, or none that can be read."""
    path = folder / PROJECT_FILE
    if not path.exists():
        raise WrongUse("there is no Pulumi project here", where=str(path), remedy="name the folder of its Pulumi.yaml")
    return settings_in(path)


def settings_in(path: Path) -> dict[str, Any]:
    """The settings in a file of a project or a stack. Raises WrongUse where it holds none."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongUse(f"the file cannot be read: {error}", where=str(path)) from None
    if not isinstance(document, dict) or not isinstance(document.get("config") or {}, dict):
        raise WrongUse("the file is no mapping of settings", where=str(path))
    return document


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


def _packages(folder: Path, named: object) -> Mapping[str, Path]:
    """The folders of the component packages that a project names. Raises Refused for all that is no such folder."""
    where = str(folder / PROJECT_FILE)
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
    where = str(folder / PROJECT_FILE)
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


def _release(package: str, source: ProgramSource) -> str:
    """The release that the program's interpreter has of `package`, "" where it has none."""
    path = sys.path if source.virtualenv is None else [str(one) for one in source.virtualenv.glob(_PACKAGES)]
    found = next(iter(importlib.metadata.distributions(name=package, path=path)), None)
    return found.version if found is not None else ""


def _all_files(source: ProgramSource) -> Iterator[tuple[Path, Path]]:
    """The project's file, the program's own and those of its packages, each with the folder that it belongs to."""
    project = source.dir / PROJECT_FILE
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
