"""Components that a package builds (`remote=True`), and their methods: the package's own process is asked.

It registers what it builds with the same monitor as the program.

One for each run, made by `monitor.py`. A package is a folder that the project names under `packages`; its process is
started by the first component of it, and ends with the run.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2, resource_pb2

from controller.domain.errors import Failed, Refused
from controller.engine import wire
from controller.engine.program.masking import masked
from controller.engine.program.plugin import Plugin, Serving

_PARALLEL: Final = 64
"""What a package is told of how many registrations may be under way."""

_LONGEST_REASON: Final = 2000


@dataclass(frozen=True)
class Packages:
    """The folders of a project's component packages by name, and what their processes need to know of the run."""

    folders: Mapping[str, Path] = field(default_factory=dict)
    interpreter: Path = Path(sys.executable)
    config: Mapping[str, str] = field(default_factory=dict)
    secret_keys: frozenset[str] = frozenset()

    def masked(self, text: str) -> str:
        """`text` without the values of secret settings."""
        return masked(text, [self.config[key] for key in self.secret_keys if key in self.config])


_NOT_PASSED_ON: Final = {"hideDiffs": "hide_diffs", "importId": "import"}
"""Fields of a registration that Construct has no word for, by what a program's author calls them."""


class Components:
    """Builds components between the start of a run and `close`. Shared by the monitor's threads."""

    def __init__(self, packages: Packages, monitor: str, *, project: str, stack: str, preview: bool) -> None:
        self._packages = packages
        self._monitor = monitor
        self._project = project
        self._stack = stack
        self._preview = preview
        self._lock = threading.Lock()
        self._running: dict[str, Plugin] = {}
        self._closed = False

    def construct(
        self, request: resource_pb2.RegisterResourceRequest, urn: str
    ) -> resource_pb2.RegisterResourceResponse:
        """Has the component built by its package, and answers as for any registration.

        Raises Refused for a package that the project does not name, Failed where it could not be started or raised.
        """
        package = self._package_of(request.type, "a component that a provider builds", urn)
        given = {field.name for field, _ in request.ListFields()}
        if refused := sorted(given & _NOT_PASSED_ON.keys()):
            named = ", ".join(_NOT_PASSED_ON[field] for field in refused)
            raise Refused(
                f"not supported by this engine: {named} of a component that a provider builds",
                where=urn,
                remedy="take them out of the program",
            )
        try:
            built = self._started(package).stub.Construct(self._asked(request))
        except grpc.RpcError as error:
            raise self._failed(f"the component {request.name} could not be built", error, package, urn) from None
        return resource_pb2.RegisterResourceResponse(
            urn=built.urn,
            object=built.state,
            propertyDependencies={
                name: resource_pb2.RegisterResourceResponse.PropertyDependencies(urns=origins.urns)
                for name, origins in built.stateDependencies.items()
            },
        )

    def call(self, request: resource_pb2.ResourceCallRequest) -> provider_pb2.CallResponse:
        """What a method of a component answers; what it refuses (`failures`) is for the program.

        Raises Refused for a package that the project does not name, Failed where it could not be started or raised.
        """
        package = self._package_of(request.tok, "a method", request.tok)
        asked = provider_pb2.CallRequest(
            **self._of_run(),
            tok=request.tok,
            args=request.args,
            argDependencies={
                name: provider_pb2.CallRequest.ArgumentDependencies(urns=origins.urns)
                for name, origins in request.argDependencies.items()
            },
        )
        try:
            answered: provider_pb2.CallResponse = self._started(package).stub.Call(asked)
        except grpc.RpcError as error:
            raise self._failed(f"the method {request.tok} failed", error, package, request.tok) from None
        answer = getattr(answered, "return")  # the field's name is a word of Python
        answer.CopyFrom(wire.encode(wire.decode(answer)))
        return answered

    def close(self) -> None:
        """Ends all processes; none is started any more."""
        with self._lock:
            self._closed = True
            for process in self._running.values():
                process.end()
            self._running.clear()

    def _package_of(self, token: str, what: str, where: str) -> str:
        package = token.partition(":")[0]
        if package not in self._packages.folders:
            raise Refused(
                f"{what} needs its package, and {package} is none of this project",
                where=where,
                remedy=f"name the folder of its PulumiPlugin.yaml in Pulumi.yaml: packages: {{{package}: ./folder}}",
            )
        return package

    def _failed(self, what: str, error: grpc.RpcError, package: str, where: str) -> Failed:
        reason = self._packages.masked(error.details() or "")[:_LONGEST_REASON]
        return Failed(f"{what}: {reason}", where=where, remedy=f"correct the package {package}")

    def _started(self, package: str) -> Plugin:
        with self._lock:
            if self._closed:
                raise Failed("the run has ended", where=package, remedy="see why the program ended")
            if package not in self._running:
                self._running[package] = self._start(self._packages.folders[package])
            return self._running[package]

    def _start(self, folder: Path) -> Plugin:
        said: list[str] = []
        serving = Serving(str(folder), folder, self._packages.interpreter, [self._monitor])
        try:
            return Plugin(serving, said.append)
        except Failed as error:
            reason = self._packages.masked("\n".join([error.message, *said]))[-_LONGEST_REASON:]
            raise Failed(
                f"the package did not start: {reason}",
                where=str(folder),
                remedy="it must call component_provider_host, with the SDK of the program's interpreter",
            ) from None

    def _of_run(self) -> dict[str, Any]:
        """What a package is told of the run, whatever it is asked."""
        return {
            "project": self._project,
            "stack": self._stack,
            "organization": "organization",
            "config": self._packages.config,
            "configSecretKeys": sorted(self._packages.secret_keys),
            "dryRun": self._preview,
            "parallel": _PARALLEL,
            "monitorEndpoint": self._monitor,
        }

    def _asked(self, request: resource_pb2.RegisterResourceRequest) -> provider_pb2.ConstructRequest:
        asked = provider_pb2.ConstructRequest(
            **self._of_run(),
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=request.object,
            inputDependencies={
                name: provider_pb2.ConstructRequest.PropertyDependencies(urns=origins.urns)
                for name, origins in request.propertyDependencies.items()
            },
            providers=request.providers,
            dependencies=request.dependencies,
            protect=request.protect,
            additionalSecretOutputs=request.additionalSecretOutputs,
            aliases=request.aliases,
            deletedWith=request.deletedWith,
            deleteBeforeReplace=request.deleteBeforeReplace,
            ignoreChanges=request.ignoreChanges,
            replaceOnChanges=request.replaceOnChanges,
            retainOnDelete=request.retainOnDelete,
            replace_with=request.replace_with,
            replacement_trigger=request.replacement_trigger if request.HasField("replacement_trigger") else None,
        )
        for point, names in request.hooks.ListFields():
            getattr(asked.resource_hooks, point.name).extend(names)
        if request.HasField("customTimeouts"):
            asked.customTimeouts.create = request.customTimeouts.create
            asked.customTimeouts.update = request.customTimeouts.update
            asked.customTimeouts.delete = request.customTimeouts.delete
        return asked
