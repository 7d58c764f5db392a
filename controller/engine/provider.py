"""The interface between the engine and whatever owns resources: one `Kind` a resource type.

`check`, `diff` and `desired` change nothing and ask no cloud, so they may be called at any time; those of a dynamic
provider are the program's own code, in a process of its own. `create`, `read`, `update`, `delete`, `find` and `list`
talk to the cloud and wait, bounded by the kind's timeouts, for the state they promise; a timeout leads only to a read.
What a call did is told by its return or by one of the errors below, so that the engine never has to guess:

    Rejected     the cloud refused; it is certain that nothing was made or changed
    Uncertain    the reply was lost (time-out, reset, 5xx): only `find` or `read` can tell whether it happened
    Unsettled    it exists, but did not reach the promised state in time, or the cloud took only a part of an update;
                 carries what was observed
    Incomplete   a list ended without proof that it was whole: nothing may be concluded from what it lacks
    NoAnswer     a function finds nothing, or more than one thing, that is as its arguments say
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from threading import Event
from typing import Any, Final, Protocol

from controller.domain.errors import Failed, Unknown
from controller.engine.properties import PropertyMap, PropertyValue

Fields = Mapping[str, PropertyValue]
"""Managed fields of a resource, normalised: the names are those of the inputs, no time stamps, no status."""


class Carrier(StrEnum):
    """Where a kind carries the identity that its create call was given."""

    METADATA = "metadata"
    TAGS = "tags"
    DESCRIPTION = "description"
    NAME = "name"
    NATURAL = "natural key"
    NONE = "none"  # nobody can be asked for it: whether a lost create made something, a person must say
    STATE = "state"  # it is nowhere but in the state: a lost create made nothing that could be found


class Rejected(Failed):
    """The cloud refused the call; nothing was made or changed. `status` is the HTTP status."""

    def __init__(self, message: str, *, status: int, where: str = "", remedy: str = "") -> None:
        super().__init__(message, where=where, remedy=remedy)
        self.status = status


class Unfamiliar(Rejected):
    """The cloud is not the one that was known under its name: nothing was sent, and nothing may be concluded."""

    def __init__(self, message: str, *, where: str, remedy: str) -> None:
        super().__init__(message, status=HTTPStatus.FORBIDDEN, where=where, remedy=remedy)


class Uncertain(Failed):
    """The reply was lost: whether the call had its effect is not known."""


class Unsettled(Failed):
    """The resource exists, but did not reach the promised state: not within the kind's timeout, or the cloud took a
    part of an update and refused the rest.

    `broken` where the cloud gave it up, so that waiting does not help and only a new one does.
    """

    def __init__(self, message: str, *, observation: Observation, where: str = "", broken: bool = False) -> None:
        super().__init__(message, where=where)
        self.observation = observation
        self.broken = broken


class NoAnswer(Failed):
    """A function has no answer to these arguments: nothing is like that, or too much is. The program may go on."""


class Incomplete(Unknown):
    """A list ended without proof of completeness."""


@dataclass(frozen=True)
class Failure:
    """One input that `check` refuses, by its property path."""

    path: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """Inputs with the kind's defaults filled in, and what is wrong with them."""

    inputs: PropertyMap
    failures: Sequence[Failure] = ()


@dataclass(frozen=True)
class Change:
    """One property that differs. `replaces` where the property cannot be changed in place."""

    old: PropertyValue
    new: PropertyValue
    replaces: bool = False


@dataclass(frozen=True)
class Diff:
    """What differs between a resource as it is and as it shall be, by property path.

    `recomputes` where an update may give every output another value, so that none can be foretold.
    """

    changes: Mapping[str, Change] = field(default_factory=dict)
    delete_before_replace: bool = False
    recomputes: bool = False

    @property
    def replaces(self) -> bool:
        return any(change.replaces for change in self.changes.values())


@dataclass(frozen=True)
class Observation:
    """A resource as the cloud shows it.

    `fields` are the managed ones, comparable with `Kind.desired(inputs)`; `outputs` is all that a program may read.
    `identity` is None where the resource carries none of ours. `owner` is the id of the resource that it is a part of
    (a rule's security group, a member's pool), "" for one that stands by itself. `by_cloud` marks what the cloud makes
    by itself (default groups, ports of routers and load balancers): such a thing is nobody's orphan.
    """

    id: str
    fields: Fields
    outputs: PropertyMap
    identity: str | None = None
    name: str = ""
    project: str = ""
    owner: str = ""
    by_cloud: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Hash of the managed fields: equal as long as nobody changed what we manage."""
        return version_of(self.fields)


def version_of(fields: Fields) -> str:
    """The observed version of a resource whose managed fields are `fields`: 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Scope:
    """What a list shall cover: one project, or as many as the role may list at once (`project` None).

    With `changed_since` (the cloud's clock) only what was made or changed then or later: such a list tells nothing of
    what it lacks. Only kinds with `lists_changes` are asked for one.
    """

    project: str | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True)
class View:
    """A sign-in and what its lists tell of: what lies under each of `names` is in the lists of the cloud `cloud`."""

    cloud: str
    names: frozenset[str]


@dataclass(frozen=True)
class Page:
    """A page of a list. Only the page with `last` true proves that the list is whole."""

    items: Sequence[Observation]
    last: bool


class Kind(Protocol):
    """A resource type: how it is checked, compared, made, read, changed, removed, found again and listed.

    `cloud` below is the provider's own connection, opaque to the engine. A kind that acts on no cloud has no `service`,
    is given None for it, and is not scanned. Where a program gives none, the engine gives an `autonamed` one a `name`.
    `attaches`: by the token of another kind, the input that names those of it which shall be at a resource of this one
    (the `owner` that their lists show), and under which member of its objects. `imports_secret`: the id that one is
    imported by tells a secret value. `keeps`: inputs that keep what they name from going as long as it stands.
    """

    token: str
    service: str
    carrier: Carrier
    replace_on: frozenset[str]
    keeps: frozenset[str]
    data_bearing: bool
    autonamed: bool
    lists_changes: bool
    imports_secret: bool
    attaches: Mapping[str, tuple[str, str]]
    create_timeout: float
    update_timeout: float
    delete_timeout: float

    def check(self, inputs: PropertyMap) -> Checked:
        """Defaults filled in, every unknown, missing or malformed input named. Unknown values pass."""
        ...

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        """From the last applied inputs `prior`, overlaid with what was `observed` since, to `inputs`."""
        ...

    def desired(self, inputs: PropertyMap) -> Fields:
        """The managed fields that an observation must equal; a field that is not named is not managed."""
        ...

    def create(self, cloud: Any, inputs: PropertyMap, identity: str) -> Observation:
        """Make it, carrying `identity` inside the create call, after which nothing can fail but waiting."""
        ...

    def read(self, cloud: Any, id: str, inputs: PropertyMap) -> Observation | None:
        """As the cloud shows it; None only after an answer that it does not exist."""
        ...

    def update(self, cloud: Any, id: str, inputs: PropertyMap, changes: Mapping[str, Change]) -> Observation:
        """Change what `changes` names, in place; doing it twice does no harm."""
        ...

    def delete(self, cloud: Any, id: str, inputs: PropertyMap) -> None:
        """Remove it and wait until it is gone; one that is gone already is done."""
        ...

    def find(self, cloud: Any, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        """All that carry `identity` (or the natural key), from a complete list; raises Incomplete otherwise."""
        ...

    def list(self, cloud: Any, scope: Scope) -> Iterator[Page]:
        """Everything of this kind in `scope`, by page; raises Incomplete where the chain breaks."""
        ...


class Held(Protocol):
    """What the state holds of a resource, as far as a kind may need it (`ResourceState` is one)."""

    @property
    def id(self) -> str: ...

    @property
    def inputs(self) -> PropertyMap: ...

    @property
    def outputs(self) -> PropertyMap: ...


def within(kind: Kind, timeouts: Mapping[str, float]) -> Kind:
    """`kind` with other time limits (seconds by operation), where a resource has its own."""
    if not timeouts:
        return kind
    bounded = copy.copy(kind)
    for operation, seconds in timeouts.items():
        object.__setattr__(bounded, f"{operation}_timeout", seconds)  # kinds may be frozen
    return bounded


class Provider(Protocol):
    """What the engine is given: the kinds it may use and the clouds they act on."""

    def kind(self, token: str, held: Held | None = None) -> Kind:
        """The kind of `token`, for calls about the resource that the state holds as `held`, where it holds one.

        Raises WrongUse for a token that is not known, naming it.
        """
        ...

    def kinds(self) -> Sequence[Kind]:
        """Every kind with a service, in the order in which a scan lists them (what owns comes before what is owned)."""
        ...

    def recognise(self, name: str) -> None:
        """Raises Unfamiliar where the cloud of that name is not the one that was known by it.

        One that cannot be reached says so at its first call.
        """
        ...

    def invoke(self, token: str, args: PropertyMap, cloud: Any) -> PropertyMap:
        """What the function of `token` answers; it changes nothing. Arguments are known, secrets opened.

        Raises WrongUse for one that is not known, naming it; NoAnswer; Incomplete where the cloud does not answer.
        """
        ...

    def calls_made(self, name: str) -> int:
        """How many API calls this process has made to the entry of clouds.yaml that the name begins with."""
        ...

    def cloud(self, name: str) -> Any:
        """The connection to the place of that name (`domain.place`), shared by threads."""
        ...

    def views(self, entry: str, names: Collection[str]) -> Sequence[View]:
        """The sign-ins that show all that the credentials of an entry reach, each with those of `names` it tells of.

        `names` are places of that entry. Raises Incomplete where the cloud does not tell what is reached.
        """
        ...

    def project(self, name: str) -> str:
        """The project that the credentials of the cloud of that name stand for; "" where they stand for none.

        Raises Incomplete where the cloud lets nobody in.
        """
        ...

    def settle_seconds(self, name: str) -> float:
        """How long after a request's time-out a lost create may still show up in this cloud's lists."""
        ...


_NEVER: Final = Event()
_MAY_SEND: ContextVar[Callable[[], None] | None] = ContextVar("may_send", default=None)
_STOPPING: ContextVar[Event] = ContextVar("stopping", default=_NEVER)


@contextmanager
def sending_only_if(may_send: Callable[[], None], *, until: Event) -> Iterator[None]:
    """In the block `about_to_send` asks `may_send`, which raises where nothing more may be sent, and a call waits for
    nothing any more once `until` is set.
    """
    sending, stopping = _MAY_SEND.set(may_send), _STOPPING.set(until)
    try:
        yield
    finally:
        _STOPPING.reset(stopping)
        _MAY_SEND.reset(sending)


def about_to_send() -> None:
    """A provider calls it right before a request that changes something, since it may have waited for its turn."""
    may_send = _MAY_SEND.get()
    if may_send is not None:
        may_send()


def rest(seconds: float) -> bool:
    """A provider rests so between two attempts or looks. False, and at once, where it shall make no other: the process
    was told to end, and what is left is the next run's.
    """
    return not _STOPPING.get().wait(seconds)


def is_stopping() -> bool:
    """Whether a call that has not been sent yet shall not be sent any more, because the process was told to end."""
    return _STOPPING.get().is_set()
