"""A provider that a program declares for itself (`openstack.Provider("p", cloud="other")`), as a kind without calls.

It has a row like any resource, since what uses it names it; what it settles is on which cloud those stand. The
composition of providers gives one for each package (`pulumi:providers:PACKAGE`).
"""

# ruff: noqa: ARG002 - the methods of a kind are shaped by its interface

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from controller.engine.properties import PropertyMap
from controller.engine.provider import Carrier, Change, Checked, Diff, Failure, Fields, Observation, Page, Scope

CLOUD: Final = "cloud"
_TYPES: Final = "pulumi:providers:"
_WRONG: Final = "must be the name of a cloud in clouds.yaml, known before anything is made"
_OF_PLUGINS: Final = frozenset({"version", "pluginDownloadURL"})
"""Which plugin serves the package, and from where: there is none here, so they are passed over."""


def provider_type(package: str) -> str:
    """The type of a package's provider resources."""
    return _TYPES + package


def is_provider_type(token: str) -> bool:
    """Whether `token` is the type of a provider resource, of whatever package."""
    return token.startswith(_TYPES)


class ProviderResource:
    """The provider resources of one package; `acts_on` is CLOUD where its kinds act on clouds, else nothing."""

    service = ""
    carrier = Carrier.STATE
    keeps: frozenset[str] = frozenset()
    data_bearing = False
    autonamed = False
    lists_changes = False
    imports_secret = False
    attaches: Mapping[str, tuple[str, str]] = {}
    create_timeout = update_timeout = delete_timeout = 0.0

    def __init__(self, package: str, *acts_on: str) -> None:
        self.token = provider_type(package)
        self.replace_on = frozenset(acts_on)

    def check(self, inputs: PropertyMap) -> Checked:
        """A cloud by its name in clouds.yaml, known before anything is made; every other setting is refused."""
        kept = {name: value for name, value in inputs.items() if name not in _OF_PLUGINS}
        failures = [
            Failure(name, "is no setting of an explicit provider: clouds.yaml says how to sign in")
            for name in sorted(kept.keys() - self.replace_on)
        ]
        failures += [Failure(name, _WRONG) for name in sorted(self.replace_on) if not _is_name(kept.get(name))]
        return Checked(kept, failures)

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        """Another cloud makes another provider of it."""
        return Diff(
            {
                name: Change(prior.get(name), inputs.get(name), replaces=True)
                for name in sorted(self.replace_on)
                if prior.get(name) != inputs.get(name)
            }
        )

    def desired(self, inputs: PropertyMap) -> Fields:
        return dict(inputs)

    def create(self, cloud: None, inputs: PropertyMap, identity: str) -> Observation:
        """Its id follows from its identity: another one for each generation, and the same however often it is made."""
        return Observation(str(uuid.uuid5(uuid.NAMESPACE_URL, identity)), dict(inputs), dict(inputs), identity)

    def read(self, cloud: None, id: str, inputs: PropertyMap) -> Observation:
        return Observation(id, dict(inputs), dict(inputs))

    def update(self, cloud: None, id: str, inputs: PropertyMap, changes: Mapping[str, Change]) -> Observation:
        return self.read(cloud, id, inputs)

    def delete(self, cloud: None, id: str, inputs: PropertyMap) -> None:
        """There is nothing beside its row."""

    def find(self, cloud: None, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        return ()

    def list(self, cloud: None, scope: Scope) -> Iterator[Page]:
        yield Page((), last=True)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
