"""Pulumi's engine service for one run: a program's log, its root resource, and the release that it demands."""

# ruff: noqa: N802, ARG002 - the methods of a service are named and shaped by its protocol

from __future__ import annotations

from typing import Any, NoReturn

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from controller.domain.errors import Refused
from controller.engine.program import demand
from controller.engine.program.heard import Heard


class EngineService(engine_pb2_grpc.EngineServicer):
    """The engine's side of a program's log."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._root = ""

    def Log(self, request: engine_pb2.LogRequest, context: Any) -> empty_pb2.Empty:
        about = f" ({request.urn})" if request.urn else ""
        level = engine_pb2.LogSeverity.Name(request.severity).lower()
        self._heard.log.append(f"{level}: {request.message}{about}")
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> engine_pb2.GetRootResourceResponse:
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, context: Any) -> engine_pb2.SetRootResourceResponse:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any, context: Any) -> engine_pb2.RequirePulumiVersionResponse:
        """The engine answers for the release of the SDK that it is installed with, whose protocol it speaks."""
        with self._heard.reported(context):
            demand.require(request.pulumi_version_range)
            return engine_pb2.RequirePulumiVersionResponse()

    def StartDebugging(self, request: Any, context: Any) -> NoReturn:
        with self._heard.reported(context):
            raise Refused("debugging is not supported by this engine", remedy="run the program without its debugger")
