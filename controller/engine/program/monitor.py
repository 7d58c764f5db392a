"""Pulumi's resource monitor and engine service for one run: a program's messages → registrations, and the answers.

`run.py` opens one for each run, on a socket that only this user can reach. What the protocol offers and the engine
does not support is refused by name, never ignored. After the first failure nothing new is registered; what is in flight
ends.
"""

# ruff: noqa: N802, ARG002 - the methods of a service are named and shaped by its protocol

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, Self

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, resource_pb2, resource_pb2_grpc

from controller.domain.errors import Failed, Refused
from controller.engine import wire
from controller.engine.program import assets, messages
from controller.engine.program.callbacks import Callbacks
from controller.engine.program.components import Components, Packages
from controller.engine.program.engine_service import EngineService
from controller.engine.program.heard import Heard
from controller.engine.program.hooks import Hooks
from controller.engine.program.registered import GET_RESOURCE, RegisteredResources
from controller.engine.program.sockets import private_folder
from controller.engine.program.transforms import Transforms
from controller.engine.properties import UNKNOWN
from controller.engine.registration import Answer, Options, Registered, Registrar, Registration, Result
from controller.engine.urn import Urn

THREADS = 4096
"""Made as they are needed: a component that a package builds holds one until all in it is there."""

AT_ONCE = 64
"""Resources that a registrar is asked for at once: none of them waits for another registration."""

_SUPPORTED = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
)
_SUPPORTED_BY_OLD_NAME = frozenset(
    {
        "secrets",
        "resourceReferences",
        "outputValues",
        "aliasSpecs",
        "deletedWith",
        "replaceWith",
        "replacementTrigger",
        "transforms",
        "invokeTransforms",
        "resourceHooks",
        "errorHooks",
    }
)


@dataclass(frozen=True)
class _Deployment:
    """Whose run it is, by Pulumi's names, whether it only foretells, and where the program's files lie."""

    project: str
    stack: str
    preview: bool
    folder: Path


@dataclass(frozen=True)
class _CalledBack:
    """What of the program, and of the packages that it names, is called back."""

    transforms: Transforms
    hooks: Hooks
    components: Components


class Monitor:
    """A gRPC server for one run, between `with` and its end; leaving waits for the registrations in flight."""

    def __init__(
        self,
        registrar: Registrar,
        *,
        project: str,
        stack: str,
        preview: bool,
        folder: Path,
        packages: Packages,
        cancelled: threading.Event,
    ) -> None:
        self.heard = Heard()
        self._callbacks = Callbacks(packages.masked, cancelled)
        self.folder = private_folder("yunguan-run-")
        self.address = f"unix:{self.folder}/monitor"
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="registration")
        self._server = grpc.server(
            self._threads,
            options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
        )
        self._components = Components(packages, self.address, project=project, stack=stack, preview=preview)
        called_back = _CalledBack(
            Transforms(self._callbacks), Hooks(self._callbacks, self.heard.warn, preview=preview), self._components
        )
        service = _ResourceMonitor(registrar, self.heard, called_back, _Deployment(project, stack, preview, folder))
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(service, self._server)
        engine_pb2_grpc.add_EngineServicer_to_server(EngineService(self.heard), self._server)
        self._server.add_insecure_port(self.address)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(grace=None)
        self._components.close()
        self._callbacks.close()
        self._threads.shutdown(wait=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def _refusing(what: str) -> Callable[..., Any]:
    """A method that refuses its request; `what` names what was asked for, from the request's fields."""

    def refuse(service: _ResourceMonitor, request: Any, context: Any) -> NoReturn:
        with service.heard.reported(context):
            raise Refused(
                f"{what.format(request)} is not supported by this engine", remedy="take it out of the program"
            )

    return refuse


class _ResourceMonitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Its methods are named as in the protocol; each runs in a thread of the server."""

    def __init__(self, registrar: Registrar, heard: Heard, called_back: _CalledBack, deployment: _Deployment) -> None:
        self._registrar = registrar
        self.heard = heard
        self._transforms = called_back.transforms
        self._hooks = called_back.hooks
        self._components = called_back.components
        self._project = deployment.project
        self._stack = deployment.stack
        self._preview = deployment.preview
        self._folder = deployment.folder
        self._at_once = threading.Semaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._options: dict[str, Options] = {}
        self._registered = RegisteredResources()

    def GetDeploymentInfo(self, request: empty_pb2.Empty, context: Any) -> resource_pb2.DeploymentInfo:
        return resource_pb2.DeploymentInfo(
            project=self._project, stack=self._stack, dryRun=self._preview, supportedFeatures=_SUPPORTED
        )

    def SupportsFeature(self, request: Any, context: Any) -> resource_pb2.SupportsFeatureResponse:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _SUPPORTED_BY_OLD_NAME)

    def RegisterResource(self, request: Any, context: Any) -> resource_pb2.RegisterResourceResponse:
        with self.heard.reported(context):
            urn = messages.urn_of(request, project=self._project, stack=self._stack)
            transformed = self._transforms.of_resource(request, urn)
            if request.remote:
                messages.refuse_unsupported(transformed, urn)
                return self._components.construct(transformed, urn)
            registration = self._understood(transformed)
            registration = replace(
                registration,
                inputs=assets.hashed(registration.inputs, self._folder, urn),
                hooks=self._hooks.bound(transformed, urn),
                delete_hooks=self._hooks.kept(transformed),
            )
            self._claim(registration)
            with self._at_once:
                registered = self._registrar.register(registration)
            if registered.result is not Result.SUCCESS and not request.supportsResultReporting:
                raise Failed(
                    "the program's SDK cannot go on without a resource",
                    where=registration.urn,
                    remedy="use a newer pulumi, or leave out --continue-on-error and targets",
                )
            registered = replace(registered, outputs=registration.with_secrets(registered.outputs))
            self._registered.add(registration.urn, registered.id, registered.outputs)
            return _response(registration, registered)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> empty_pb2.Empty:
        with self.heard.reported(context):
            outputs = wire.decode(request.outputs)
            if request.urn == str(Urn.of_stack(self._project, self._stack)):
                self.heard.outputs = wire.without_references(outputs)
            self._registered.set_outputs(request.urn, outputs)
            self._registrar.register_outputs(request.urn, outputs)
            return empty_pb2.Empty()

    def ReadResource(self, request: Any, context: Any) -> resource_pb2.ReadResourceResponse:
        with self.heard.reported(context):
            registration, id = messages.reading(request, project=self._project, stack=self._stack)
            self._claim(registration)
            with self._at_once:
                registered = self._registrar.read(registration, id)
            self._registered.add(registration.urn, registered.id, registered.outputs)
            return resource_pb2.ReadResourceResponse(
                urn=registration.urn,
                id="" if registered.id is UNKNOWN else registered.id,
                properties=wire.encode(registered.outputs),
                result=_result(registered),
                unknown=registered.id is UNKNOWN,
            )

    def Invoke(self, request: Any, context: Any) -> resource_pb2.ResourceInvokeResponse:
        with self.heard.reported(context):
            invocation = messages.invocation(self._transforms.of_function(request))
            if invocation.token == GET_RESOURCE:
                return _answer(self._registered.answer(invocation.args))
            return _answer(self._registrar.invoke(invocation))

    def ExistsResource(self, request: Any, context: Any) -> resource_pb2.ExistsResourceResponse:
        with self.heard.reported(context):
            answer = self._registrar.invoke(messages.existence(request))
            if answer.outputs is UNKNOWN:
                return resource_pb2.ExistsResourceResponse(unknown=True)
            return resource_pb2.ExistsResourceResponse(exists=answer.outputs["exists"])

    def Call(self, request: Any, context: Any) -> provider_pb2.CallResponse:
        with self.heard.reported(context):
            messages.refuse_foreign(request, request.tok, f"the method {request.tok}", request.tok)
            return self._components.call(request)

    def RegisterStackTransform(self, request: Any, context: Any) -> empty_pb2.Empty:
        self._transforms.add_to_stack(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any, context: Any) -> empty_pb2.Empty:
        self._transforms.add_to_functions(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any, context: Any) -> empty_pb2.Empty:
        with self.heard.reported(context):
            self._hooks.add(request)
            self._registrar.add_hook(request.name, self._hooks.named(request))
            return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any, context: Any) -> empty_pb2.Empty:
        with self.heard.reported(context):
            self._registrar.add_error_hook(request.name, self._hooks.add_error_hook(request))
            return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: empty_pb2.Empty, context: Any) -> empty_pb2.Empty:
        """The program has registered everything; it may end once no hook of it is needed any more."""
        with self.heard.reported(context):
            self._registrar.finish()
            return empty_pb2.Empty()

    RegisterPackage = _refusing("the parameterized package {0.name}")

    def _understood(self, request: Any) -> Registration:
        with self._lock:
            above = self._options.get(request.parent, Options())
        return messages.registration(request, project=self._project, stack=self._stack, above=above)

    def _claim(self, registration: Registration) -> None:
        with self._lock:
            if registration.urn in self._options:
                raise Refused(
                    f"two resources of one type and parent are called {registration.name!r}",
                    where=registration.urn,
                    remedy="give each its own name in the program",
                )
            self._options[registration.urn] = registration.options


def _answer(answer: Answer) -> resource_pb2.ResourceInvokeResponse:
    if answer.failure:
        return resource_pb2.ResourceInvokeResponse(failures=[provider_pb2.CheckFailure(reason=answer.failure)])
    if answer.outputs is UNKNOWN:
        return resource_pb2.ResourceInvokeResponse(unknown=True)
    response = resource_pb2.ResourceInvokeResponse()
    getattr(response, "return").CopyFrom(wire.encode(answer.outputs))  # the field's name is a word of Python
    return response


def _response(registration: Registration, registered: Registered) -> resource_pb2.RegisterResourceResponse:
    return resource_pb2.RegisterResourceResponse(
        urn=registration.urn,
        id="" if registered.id is UNKNOWN else registered.id,
        object=wire.encode(registered.outputs),
        stable=False,
        result=_result(registered),
        unknown=registered.result is Result.SKIPPED,
    )


def _result(registered: Registered) -> resource_pb2.Result.ValueType:
    return resource_pb2.Result.FAIL if registered.result is Result.FAILED else resource_pb2.Result.SUCCESS
