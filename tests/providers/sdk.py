"""What Pulumi's SDK says of a resource class: inputs, outputs, what is required, what replaces. Read from the classes
themselves (signatures, texts and getters), so that another release of the SDK is compared anew.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_PACKAGES = {"openstack": "pulumi_openstack", "random": "pulumi_random"}
_TYPES = (
    (r"Sequence\[", list),
    (r"Mapping\[|Args", dict),
    (r"\bint\b", int),
    (r"\bfloat\b", float),
    (r"\bbool\b", bool),
    (r"\bstr\b", str),
)
"""The first that is found in what the SDK writes of an input is its type."""


@dataclass(frozen=True)
class SdkInput:
    """An input by what the SDK says of it; `replaces` where its text says that a change creates a new resource.

    `default` is the value that its text calls the default, as it is written there, "" where it names none.
    """

    required: bool
    type: type
    replaces: bool
    default: str


@dataclass(frozen=True)
class SdkResource:
    """A resource class by wire names."""

    inputs: Mapping[str, SdkInput]
    outputs: frozenset[str]
    secret_outputs: frozenset[str]


@cache
def sdk_resource(token: str) -> SdkResource:
    """The SDK's class of a type token, `openstack:networking/port:Port` or `random:index/randomId:RandomId`."""
    package, path, name = token.split(":")
    folder = path.partition("/")[0]
    module = importlib.import_module(_PACKAGES[package] + ("" if folder == "index" else f".{folder}"))
    resource, arguments = getattr(module, name), getattr(module, f"{name}Args")
    said = {}
    for entry in re.split(r"^:param ", inspect.getdoc(arguments.__init__) or "", flags=re.M)[1:]:
        head, _, text = entry.partition(": ")
        said[head.split()[-1]] = " ".join(text.split())
    inputs = {
        _wire_name(name): SdkInput(
            required=parameter.default is inspect.Parameter.empty,
            type=_type_of(str(parameter.annotation)),
            replaces="creates a new" in said.get(name, ""),
            default=_default_of(said.get(name, "")),
        )
        for name, parameter in inspect.signature(arguments.__init__).parameters.items()
        if name.strip("_") != "self"
    }
    secrets = re.findall(r"additional_secret_outputs=\[(.*?)\]", inspect.getsource(resource))
    return SdkResource(
        inputs,
        frozenset(_wire_name(name) for name, value in vars(resource).items() if isinstance(value, property)),
        frozenset(re.findall(r'"(\w+)"', ",".join(secrets))),
    )


def _wire_name(argument: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), argument)


def _default_of(text: str) -> str:
    found = re.search(r"[Dd]efault(?:s to| is) [`\"]?(true|false|\d+|/|[A-Z]+)[`\"]?\.", text)
    return found[1] if found else ""


def _type_of(written: str) -> type:
    return next(type for pattern, type in _TYPES if re.search(pattern, written))
