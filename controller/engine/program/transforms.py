"""Transforms of the program: a RegisterResource or Invoke message → the message as its transforms want it.

Called by `monitor.py` before anything else is done with a message. As Pulumi does it, a resource's own transforms come
first, then those of its parent and so on upwards, and those of the stack last; each sees what the one before made.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

from google.protobuf.message import Message
from pulumi.runtime.proto import callback_pb2, resource_pb2

from controller.engine.program.callbacks import Callbacks


class Transforms:
    """The transforms of one run. Shared by the monitor's threads."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._lock = threading.Lock()
        self._of_stack: list[callback_pb2.Callback] = []
        self._of_functions: list[callback_pb2.Callback] = []
        self._own: dict[str, Sequence[callback_pb2.Callback]] = {}
        self._parents: dict[str, str] = {}

    def add_to_stack(self, callback: callback_pb2.Callback) -> None:
        """For every resource that is registered from now on."""
        with self._lock:
            self._of_stack.append(callback)

    def add_to_functions(self, callback: callback_pb2.Callback) -> None:
        """For every function that is called from now on."""
        with self._lock:
            self._of_functions.append(callback)

    def of_resource(
        self, request: resource_pb2.RegisterResourceRequest, urn: str
    ) -> resource_pb2.RegisterResourceRequest:
        """The request as the transforms of the resource, of what is above it and of the stack want it.

        Raises Failed where a transform does.
        """
        with self._lock:
            self._own[urn], self._parents[urn] = list(request.transforms), request.parent
            chain = list(self._upwards(urn))
        if not chain:
            return request
        transformed = resource_pb2.RegisterResourceRequest()
        transformed.CopyFrom(request)
        transformed.ClearField("transforms")
        for callback in chain:
            asked = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=transformed.object,
                options=_options(transformed),
            )
            answer = self._callbacks.call(
                callback, asked, resource_pb2.TransformResponse, f"a transform of {request.name}"
            )
            _apply(answer, transformed)
        return transformed

    def of_function(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeRequest:
        """The request as the transforms of functions want it. Raises Failed where a transform does."""
        with self._lock:
            chain = list(self._of_functions)
        transformed = resource_pb2.ResourceInvokeRequest()
        transformed.CopyFrom(request)
        for callback in chain:
            options = resource_pb2.TransformInvokeOptions(
                provider=transformed.provider,
                plugin_download_url=transformed.pluginDownloadURL,
                version=transformed.version,
            )
            asked = resource_pb2.TransformInvokeRequest(token=request.tok, args=transformed.args, options=options)
            answer = self._callbacks.call(
                callback, asked, resource_pb2.TransformInvokeResponse, f"a transform of {request.tok}"
            )
            transformed.args.CopyFrom(answer.args)
            if answer.HasField("options"):
                transformed.provider = answer.options.provider
                transformed.pluginDownloadURL = answer.options.plugin_download_url
                transformed.version = answer.options.version
        return transformed

    def _upwards(self, urn: str) -> Iterator[callback_pb2.Callback]:
        while urn:
            yield from self._own.get(urn, ())
            urn = self._parents.get(urn, "")
        yield from self._of_stack


_NAMES = {
    "depends_on": "dependencies",
    "protect": "protect",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "version": "version",
    "aliases": "aliases",
    "provider": "provider",
    "custom_timeouts": "customTimeouts",
    "plugin_download_url": "pluginDownloadURL",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "additional_secret_outputs": "additionalSecretOutputs",
    "hooks": "hooks",
    "import": "importId",
    "hide_diff": "hideDiffs",
    "replace_with": "replace_with",
    "replacement_trigger": "replacement_trigger",
}
"""What an option is called in a transform's messages, and in the request."""


def _options(request: resource_pb2.RegisterResourceRequest) -> resource_pb2.TransformResourceOptions:
    """The options of a request as transforms are shown them."""
    options = resource_pb2.TransformResourceOptions(providers=request.providers)
    _copy(request, options, {theirs: ours for ours, theirs in _NAMES.items()})
    if request.deleteBeforeReplaceDefined:
        options.delete_before_replace = request.deleteBeforeReplace
    return options


def _apply(answer: resource_pb2.TransformResponse, request: resource_pb2.RegisterResourceRequest) -> None:
    """Writes what a transform made into `request`. Inputs that are new have no dependencies of their own."""
    if answer.HasField("properties"):
        request.object.CopyFrom(answer.properties)
        for name in [name for name in request.propertyDependencies if name not in request.object.fields]:
            del request.propertyDependencies[name]
    if answer.HasField("options"):
        _copy(answer.options, request, _NAMES)
        request.ClearField("providers")
        request.providers.update(answer.options.providers)
        request.deleteBeforeReplaceDefined = answer.options.HasField("delete_before_replace")
        request.deleteBeforeReplace = answer.options.delete_before_replace


def _copy(source: Message, target: Message, names: Mapping[str, str]) -> None:
    """Makes the fields of `target` what those of `source` are; `names` tells what each is called there."""
    given = {descriptor.name: value for descriptor, value in source.ListFields()}
    for ours, theirs in names.items():
        target.ClearField(theirs)
        if isinstance(given.get(ours), str | bool):
            setattr(target, theirs, given[ours])
        elif ours in given:
            getattr(target, theirs).MergeFrom(given[ours])
