"""A Pulumi project's folder → what one stack's run of it needs: its program, its configuration, its cloud.

Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml` as Pulumi does, secrets of the passphrase manager among it; what is given
on the command line counts more, the project's own defaults less. Called by `yunguan program`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from controller.domain.errors import Refused, WrongUse
from controller.engine.program.passphrase import VARIABLE, Passphrase
from controller.engine.program.source import PROJECT_FILE, ProgramSource, project_settings, settings_in
from controller.engine.properties import PropertyMap, Secret

CLOUD_CONFIG: Final = "openstack:cloud"

_PROJECT_KEYS: Final = frozenset(
    {"name", "runtime", "main", "description", "author", "website", "license", "config", "stackConfigDir", "packages"}
)
_STACK_KEYS: Final = frozenset({"config", "encryptionsalt", "secretsprovider"})
_SETTING_KEYS: Final = frozenset({"type", "items", "description", "secret", "default", "value"})


@dataclass(frozen=True)
class Project:
    """What a run needs. `config` holds a `Secret` for what is one; its keys have their namespace."""

    source: ProgramSource
    config: PropertyMap

    @property
    def plain_config(self) -> dict[str, str]:
        """All of it as the program is told it."""
        return {key: value.value if isinstance(value, Secret) else value for key, value in self.config.items()}

    @property
    def secret_keys(self) -> frozenset[str]:
        """Which of it is secret."""
        return frozenset(key for key, value in self.config.items() if isinstance(value, Secret))

    @property
    def cloud(self) -> str:
        """The cloud that the configuration names, "" where it names none."""
        return self.plain_config.get(CLOUD_CONFIG, "")


@dataclass(frozen=True)
class Given:
    """Configuration from the command line: plain values, secret ones, and the passphrase of the stack's file."""

    plain: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict)
    passphrase: str | None = None


def load(folder: Path, stack: str, given: Given) -> Project:
    """The project in `folder` for `stack`; a stack needs no file of its own.

    Raises WrongUse for what is malformed or missing, Refused for what the engine does not support or cannot open.
    """
    path, project = folder / PROJECT_FILE, project_settings(folder)
    source = ProgramSource.of(folder, project)
    _refuse_others(project, _PROJECT_KEYS, path)
    file = folder / str(project.get("stackConfigDir", ".")) / f"Pulumi.{stack}.yaml"
    own = settings_in(file) if file.exists() else {}
    _refuse_others(own, _STACK_KEYS, file)

    settings = _Settings(source.project)
    config = settings.of_stack(own, given.passphrase, file)
    config |= {settings.key(key): value for key, value in given.plain.items()}
    config |= {settings.key(key): Secret(value) for key, value in given.secret.items()}
    config = settings.of_project(project.get("config") or {}, config, path)
    others = sorted(key for key in config if key.startswith("openstack:") and key != CLOUD_CONFIG)
    if others:
        raise Refused(
            f"{others[0]} is not supported by this engine", where=str(file), remedy="clouds.yaml says how to sign in"
        )
    return Project(source, config)


@dataclass(frozen=True)
class _Settings:
    """Reads settings of one project, whose name is the namespace of keys that have none."""

    project: str

    def key(self, text: str) -> str:
        """The full key: `size` → `project:size`; the old form `project:config:size` is the same."""
        match text.split(":"):
            case [name] if name:
                return f"{self.project}:{name}"
            case [namespace, name] | [namespace, "config", name] if namespace and name:
                return f"{namespace}:{name}"
        raise WrongUse(f"{text!r} is no key of a configuration", remedy="write it as NAME or NAMESPACE:NAME")

    def of_stack(self, document: Mapping[str, Any], phrase: str | None, file: Path) -> dict[str, Any]:
        """The settings in a stack's file, its secrets opened."""
        opener = _Opener(document, phrase, file)
        return {self.key(str(key)): opener.value(value) for key, value in (document.get("config") or {}).items()}

    def of_project(self, document: Mapping[str, Any], config: PropertyMap, path: Path) -> dict[str, Any]:
        """`config` with the project's defaults, and secret where the project says so.

        Raises WrongUse for a setting that has neither a default nor a value.
        """
        merged = dict(config)
        missing = []
        for text, declared in document.items():
            key, setting = self.key(str(text)), declared if isinstance(declared, dict) else {"value": declared}
            _refuse_others(setting, _SETTING_KEYS, path)
            if key not in merged:
                value = setting.get("value", setting.get("default"))
                if value is None:
                    missing.append(key)
                    continue
                merged[key] = _text(value)
            if setting.get("secret") and not isinstance(merged[key], Secret):
                merged[key] = Secret(merged[key])
        if missing:
            raise WrongUse(f"the program needs {', '.join(missing)}", where=str(path), remedy="give it by --config K=V")
        return merged


class _Opener:
    """Opens the secrets of one stack's file; the passphrase is asked for by the first."""

    def __init__(self, document: Mapping[str, Any], phrase: str | None, file: Path) -> None:
        self._salt = str(document.get("encryptionsalt", ""))
        self._manager = str(document.get("secretsprovider") or "passphrase")
        self._phrase = phrase
        self._file = file
        self._cipher: Passphrase | None = None

    def value(self, value: Any) -> str | Secret:
        """A setting's text; one with a secret anywhere in it is secret as a whole."""
        opened, is_secret = self._opened(value)
        return Secret(_text(opened)) if is_secret else _text(opened)

    def _opened(self, value: Any) -> tuple[Any, bool]:
        if isinstance(value, dict) and value.keys() == {"secure"}:
            return self._decrypted(str(value["secure"])), True
        if isinstance(value, dict):
            parts = {key: self._opened(item) for key, item in value.items()}
            return {key: item for key, (item, _) in parts.items()}, any(secret for _, secret in parts.values())
        if isinstance(value, list):
            items = [self._opened(item) for item in value]
            return [item for item, _ in items], any(secret for _, secret in items)
        return value, False

    def _decrypted(self, text: str) -> str:
        if self._manager != "passphrase":
            raise Refused(
                f"its secrets are encrypted by {self._manager.partition(':')[0]}",
                where=str(self._file),
                remedy="change the stack's secrets provider to passphrase",
            )
        if self._phrase is None:
            raise Refused("the configuration holds secrets", where=str(self._file), remedy=f"set {VARIABLE}")
        self._cipher = self._cipher or Passphrase.of(self._phrase, self._salt)
        return self._cipher.decrypt(text)


def _refuse_others(document: Mapping[str, Any], known: frozenset[str], path: Path) -> None:
    others = sorted(str(key) for key in document if key not in known)
    if others:
        raise Refused(f"not supported by this engine: {', '.join(others)}", where=str(path), remedy="take it out")


def _text(value: Any) -> str:
    """A value as programs are told it: texts as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
