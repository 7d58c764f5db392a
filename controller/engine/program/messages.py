"""A program's RegisterResource message → `Registration`: its URN, inputs, and the options that the engine obeys.

Called by `monitor.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pulumi.runtime.proto import alias_pb2, resource_pb2

from controller.domain.errors import Refused
from controller.engine import wire
from controller.engine.lookup import EXISTENCE
from controller.engine.program import demand
from controller.engine.properties import UNKNOWN, PropertyValue
from controller.engine.provider_resource import provider_type
from controller.engine.registration import Invocation, Options, Registration
from controller.engine.urn import Urn

_UNSUPPORTED: Final[Mapping[str, str]] = {
    "packageRef": "a parameterized package",
    "state_migrations": "the option stateMigrations",
    "envVarMappings": "the option envVarMappings",
}
"""Fields of the message that the engine does not obey, by what a program's author calls them."""

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def urn_of(request: resource_pb2.RegisterResourceRequest, *, project: str, stack: str) -> str:
    """The URN of what is to be registered."""
    return _urn(request.type, request.name, request.parent, project, stack)


def registration(
    request: resource_pb2.RegisterResourceRequest, *, project: str, stack: str, above: Options
) -> Registration:
    """The registration in `request`, which inherits what it leaves open from its parent's options, `above`.

    Raises Refused, naming it, for what the engine does not support.
    """
    urn = urn_of(request, project=project, stack=stack)
    refuse_unsupported(request, urn)
    inputs = wire.decode(request.object)
    return Registration(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        inputs=wire.without_references(inputs) if request.custom else inputs,
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={
            key: tuple(sorted(origins.urns))
            for key, origins in sorted(request.propertyDependencies.items())
            if origins.urns
        },
        options=_options(request, urn, project, stack, above),
        provider=request.provider,
    )


def reading(
    request: resource_pb2.ReadResourceRequest, *, project: str, stack: str
) -> tuple[Registration, PropertyValue]:
    """What is to be read, and its id. Raises Refused for a package that is not installed with the controller."""
    urn = _urn(request.type, request.name, request.parent, project, stack)
    refuse_foreign(request, request.type, "reading a resource", urn)
    id = UNKNOWN if request.id == wire.UNKNOWN_MARK else request.id
    options = Options(additional_secret_outputs=tuple(request.additionalSecretOutputs))
    return (
        Registration(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=True,
            parent=request.parent,
            inputs=wire.without_references(wire.decode(request.properties)),
            dependencies=tuple(sorted(request.dependencies)),
            options=options,
            provider=request.provider,
        ),
        id,
    )


def refuse_foreign(request: Any, token: str, what: str, where: str) -> None:
    """Raises Refused where `what` is asked of a package, or a release of it, that is not the one here."""
    if request.packageRef:
        raise Refused(
            f"{what} of a parameterized package is not supported by this engine",
            where=where,
            remedy="take it out of the program",
        )
    _refuse_another_release(request, token, where)


def invocation(request: resource_pb2.ResourceInvokeRequest) -> Invocation:
    """The call in `request`. Raises Refused for a function of a package that is not installed with the controller."""
    refuse_foreign(request, request.tok, "a function", request.tok)
    return Invocation(request.tok, wire.without_references(wire.decode(request.args)), request.provider)


def existence(request: resource_pb2.ExistsResourceRequest) -> Invocation:
    """The question in `request`, as a function of the type. Raises Refused for a parameterized package."""
    refuse_foreign(request, request.type, "asking for a resource", request.type)
    asked = {
        "id": UNKNOWN if request.id == wire.UNKNOWN_MARK else request.id,
        "inputs": wire.without_references(wire.decode(request.properties)),
    }
    return Invocation(request.type + EXISTENCE, asked, request.provider)


def _urn(type_: str, name: str, parent: str, project: str, stack: str) -> str:
    above = Urn.parse(parent) if parent else Urn.of_stack(project, stack)
    return str(replace(above.child(type_, name), stack=stack, project=project))


def refuse_unsupported(request: resource_pb2.RegisterResourceRequest, urn: str) -> None:
    """Raises Refused, naming them, where the program gives options that the engine does not obey, and for another
    release of a provider."""
    given = {descriptor.name for descriptor, _ in request.ListFields()}
    refused = [what for field, what in _UNSUPPORTED.items() if field in given]
    if refused:
        raise Refused(
            f"not supported by this engine: {', '.join(dict.fromkeys(refused))}",
            where=urn,
            remedy="take it out of the program",
        )
    _refuse_another_release(request, request.type, urn)


def _refuse_another_release(request: Any, token: str, where: str) -> None:
    """Raises Refused where `token` is to be that of another release of its provider."""
    package = token.removeprefix(provider_type("")).partition(":")[0]
    demand.require_provider(package, request.version, where)


def _options(
    request: resource_pb2.RegisterResourceRequest, urn: str, project: str, stack: str, above: Options
) -> Options:
    timeouts = {
        name: seconds(text, urn)
        for name, text in (
            ("create", request.customTimeouts.create),
            ("update", request.customTimeouts.update),
            ("delete", request.customTimeouts.delete),
        )
        if text
    }
    return Options(
        protect=request.protect if request.HasField("protect") else above.protect,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else above.retain_on_delete,
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        import_id=request.importId,
        aliases=tuple(_alias(alias, request, project, stack) for alias in request.aliases),
        timeouts=timeouts,
        deleted_with=request.deletedWith or above.deleted_with,
        replace_with=tuple(sorted(request.replace_with)),
        replacement_trigger=wire.without_references(
            wire.decode_value(request.replacement_trigger, "replacementTrigger")
        ),
        hide_diffs=tuple(request.hideDiffs),
    )


def _alias(alias: alias_pb2.Alias, request: resource_pb2.RegisterResourceRequest, project: str, stack: str) -> str:
    """The URN that an alias stands for: what it leaves open is as in the resource itself."""
    if alias.urn:
        return str(Urn.parse(alias.urn))
    spec = alias.spec
    parent = "" if spec.noParent else spec.parentUrn or request.parent
    return _urn(
        spec.type or request.type, spec.name or request.name, parent, spec.project or project, spec.stack or stack
    )


def seconds(text: str, urn: str) -> float:
    """A duration as programs write it (`90s`, `1h30m`), in seconds."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise Refused(f"{text!r} is no duration", where=urn, remedy="write it like 90s, 10m or 1h30m")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
