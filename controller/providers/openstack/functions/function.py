"""A function: arguments → what the cloud has that is like that. Called by the registry.

Most look for the one thing of a collection that all arguments fit; what fits is told by `Filter`s, an argument each.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from controller.domain.errors import Refused, WrongUse
from controller.engine.properties import PropertyMap, PropertyValue
from controller.engine.provider import NoAnswer
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.listing import Listing

Filter = Callable[[Body, PropertyValue], bool]
"""Whether a body is as the argument's value says."""

View = Callable[[Body], dict[str, Any]]
"""A body → outputs."""


class Function(Protocol):
    """A function of the SDK by its token; `arguments` are those that are obeyed besides `region`."""

    @property
    def token(self) -> str: ...

    @property
    def arguments(self) -> frozenset[str]: ...

    def answer(self, cloud: Cloud, args: PropertyMap) -> dict[str, Any]:
        """Outputs for arguments that were checked. Raises NoAnswer, Incomplete."""
        ...


def invoke(function: Function, cloud: Cloud, args: PropertyMap) -> PropertyMap:
    """What the function answers; its arguments are among the outputs.

    Raises Refused for an argument that is not obeyed and for another region than the cloud's, NoAnswer, Incomplete.
    """
    given = {name: value for name, value in args.items() if value is not None}
    region = given.pop("region", cloud.region)
    others = sorted(given.keys() - function.arguments)
    if others:
        raise Refused(
            f"not supported by this engine: {', '.join(others)}", where=function.token, remedy="look it up otherwise"
        )
    if region != cloud.region:
        raise Refused(
            f"the region {region} is not that of the cloud {cloud.name}, {cloud.region}",
            where=function.token,
            remedy=f"ask a provider whose cloud is {replace(cloud.place, region=region)}",
        )
    return {**given, **function.answer(cloud, given), "region": region}


def equals(name: str) -> Filter:
    """The body's attribute is the value."""
    return lambda body, value: bool(body.get(name) == value)


def has_all(name: str) -> Filter:
    """The body's list holds all of the values."""
    return lambda body, values: set(values) <= set(body.get(name) or ())


def at_least(name: str) -> Filter:
    """The body's number is not below the value."""
    return lambda body, value: bool((body.get(name) or 0) >= value)


def matches(name: str) -> Filter:
    """The value, a regular expression, is found in the body's text. Raises WrongUse for one that is none."""

    def found(body: Body, value: PropertyValue) -> bool:
        try:
            return re.search(value, body.get(name) or "") is not None
        except re.error as error:
            raise WrongUse(f"{value!r} is no regular expression: {error}", remedy="correct the program") from None

    return found


@dataclass(frozen=True)
class Finder:
    """Looks for the only one of a collection that all arguments fit.

    `queried` are arguments that the API filters by, with its name for each; they are compared again all the same.
    `choose` makes one of several where an argument says how.
    """

    token: str
    listing: Listing
    filters: Mapping[str, Filter]
    view: View
    queried: Mapping[str, str] = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)
    choose: Callable[[Sequence[Body], PropertyMap], Sequence[Body]] = lambda bodies, _: bodies
    choosing: frozenset[str] = frozenset()

    @property
    def arguments(self) -> frozenset[str]:
        return self.choosing | self.filters.keys()

    def answer(self, cloud: Cloud, args: PropertyMap) -> dict[str, Any]:
        found = self.choose(fitting(self.listing, cloud, args, self.filters, self.queried, self.always), args)
        if not found:
            raise NoAnswer(f"no result for {_asked(args)}: change what it asks for", where=self.token)
        if len(found) > 1:
            text = f"{len(found)} results for {_asked(args)}: ask for something more specific"
            raise NoAnswer(text, where=self.token)
        return self.view(found[0])


def _asked(args: PropertyMap) -> str:
    """The arguments as the program gave them; what is secret stays so."""
    return ", ".join(f"{key}={value!r}" for key, value in args.items()) or "an empty query"


@dataclass(frozen=True)
class IdFinder:
    """Looks for all of a collection that the arguments fit, and answers their ids.

    `silent` is what the SDK promises of arguments that were not given.
    """

    token: str
    listing: Listing
    filters: Mapping[str, Filter]
    queried: Mapping[str, str] = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)
    arrange: Callable[[Sequence[Body], PropertyMap], Sequence[Body]] = lambda bodies, _: bodies
    arranging: frozenset[str] = frozenset()
    silent: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> frozenset[str]:
        return self.arranging | self.filters.keys()

    def answer(self, cloud: Cloud, args: PropertyMap) -> dict[str, Any]:
        found = fitting(self.listing, cloud, args, self.filters, self.queried, self.always)
        ids = [str(body["id"]) for body in self.arrange(found, args)]
        return {**self.silent, **args, "id": hash_of(ids), "ids": ids}


def fitting(
    listing: Listing,
    cloud: Cloud,
    args: PropertyMap,
    filters: Mapping[str, Filter],
    queried: Mapping[str, str],
    always: Mapping[str, Any],
) -> list[Body]:
    """The bodies of the collection that every argument fits. Raises Incomplete."""
    query = {**always, **{name: args[argument] for argument, name in queried.items() if argument in args}}
    asked = [(filters[argument], value) for argument, value in args.items() if argument in filters]
    return [body for body in listing.all(cloud, query) if all(fits(body, value) for fits, value in asked)]


def hash_of(value: object) -> str:
    """An id for what has none of its own: equal answers have equal ones."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
