"""What a program says about one resource, and what it is told: the seam between the monitor and what plans or applies.

`monitor.py` turns the protocol's messages into a `Registration`, hands it to a `Registrar` (`preview.Preview` or
`execute.Execution`), and answers the program with the `Registered` it gets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from controller.engine.properties import PropertyMap, PropertyValue, holds_secret, wholly_secret


@dataclass(frozen=True)
class Options:
    """The resource options that the engine obeys.

    `delete_before_replace` None leaves it to the kind. `timeouts` are seconds by operation. `aliases` are URNs that the
    resource may have had before. `deleted_with` and `replace_with` are URNs of others that take it along; another value
    of `replacement_trigger` replaces it. The differences in `hide_diffs` are counted, and not shown.
    """

    protect: bool = False
    ignore_changes: Sequence[str] = ()
    replace_on_changes: Sequence[str] = ()
    delete_before_replace: bool | None = None
    retain_on_delete: bool = False
    additional_secret_outputs: Sequence[str] = ()
    import_id: str = ""
    aliases: Sequence[str] = ()
    timeouts: Mapping[str, float] = field(default_factory=dict)
    deleted_with: str = ""
    replace_with: Sequence[str] = ()
    replacement_trigger: PropertyValue = None
    hide_diffs: Sequence[str] = ()


@dataclass(frozen=True)
class HookCall:
    """What a hook of the program is told: what the resource was (None where it is new) and what it is to be, or is
    (None where it goes)."""

    urn: str
    type: str
    name: str
    id: PropertyValue
    new_inputs: PropertyMap | None
    old_inputs: PropertyMap | None
    new_outputs: PropertyMap | None
    old_outputs: PropertyMap | None


Hook = Callable[[HookCall], None]
"""Raises Failed where it stops what it is called before."""

NamedHook = Callable[[str, HookCall], None]
"""A hook whatever it is called around: told the point in time (`before_delete`), too."""

ErrorHook = Callable[[str, HookCall, Sequence[str]], bool]
"""Told the operation (`create`, `update`, `delete`) that the cloud refused, and all refusals so far, newest first: says
whether it is tried again. Raises Failed where it cannot say."""


@dataclass(frozen=True)
class Registration:
    """One resource as the program wants it.

    `property_dependencies` names, by input, the URNs its value is from. `provider` is Pulumi's reference to an explicit
    provider (`urn::id`), "" for the stack's own. `hooks` are called around operations, by the point in time
    (`before_create`); `delete_hooks` names those that may be needed when it is not registered any more: around its
    deletion, and around errors (`on_error`).
    """

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    inputs: PropertyMap
    dependencies: Sequence[str] = ()
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    provider: str = ""
    hooks: Mapping[str, Sequence[Hook]] = field(default_factory=dict)
    delete_hooks: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def deleted_with(self) -> str:
        """The URN of what takes it along when it is deleted, "" for nothing."""
        return self.options.deleted_with

    def with_secrets(self, outputs: PropertyMap) -> PropertyMap:
        """`outputs` with those made secret that the options name or whose input of that name is or holds a secret."""
        secret = {key for key, value in self.inputs.items() if holds_secret(value)}
        secret |= set(self.options.additional_secret_outputs)
        return {key: wholly_secret(value) if key in secret else value for key, value in outputs.items()}


class Result(StrEnum):
    """Whether a resource is as it was registered."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"  # not tried, because something that it needs failed


@dataclass(frozen=True)
class Registered:
    """What the program is told: `id` is UNKNOWN while previewing what is still to be made, "" for a component.

    Of what failed or was skipped everything is unknown, so that the program goes on with what does not need it.
    """

    id: PropertyValue
    outputs: PropertyMap
    result: Result = Result.SUCCESS


@dataclass(frozen=True)
class Invocation:
    """A call of a provider's function, such as openstack:images/getImage:getImage.

    `provider` is Pulumi's reference to an explicit one, "" for that of the stack.
    """

    token: str
    args: PropertyMap
    provider: str = ""


@dataclass(frozen=True)
class Answer:
    """What a function answers: outputs, UNKNOWN while previewing, or why there are none, which is for the program."""

    outputs: PropertyValue
    failure: str = ""


class Registrar(Protocol):
    """Answers registrations as they come, from several threads at once; what is needed comes before what needs it."""

    def register(self, registration: Registration) -> Registered:
        """Plans or does what this registration needs. Raises YunguanError where it cannot: the program then ends."""
        ...

    def read(self, registration: Registration, id: PropertyValue) -> Registered:
        """A resource that exists and is not to be the stack's. Raises YunguanError where it does not."""
        ...

    def register_outputs(self, urn: str, outputs: PropertyMap) -> None:
        """Outputs of a component, or of the stack itself."""
        ...

    def invoke(self, invocation: Invocation) -> Answer:
        """Asks a function. Raises YunguanError where nobody can answer, or not as the plan says: the program ends."""
        ...

    def add_hook(self, name: str, hook: NamedHook) -> None:
        """What the program calls `name`, before anything names it."""
        ...

    def add_error_hook(self, name: str, hook: ErrorHook) -> None:
        """The same of a hook around errors; the two kinds have names of their own."""
        ...

    def finish(self) -> None:
        """The program has registered everything. Its hooks can be called until this returns; then it ends."""
        ...


Program = Callable[[Registrar], object]
"""Runs the program of a stack against a registrar, to its end; `program.run_program` with all but that given."""
