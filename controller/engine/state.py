"""The state of a stack's resources as values. Pure; `storage.py` keeps them in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from controller.engine.properties import PropertyMap, PropertyValue
from controller.engine.provider import Fields, version_of
from controller.engine.urn import ProviderReference


@dataclass(frozen=True)
class Holding:
    """What lies on a cloud, by its type, its id, and the name of that cloud."""

    type: str
    id: str
    cloud: str


@dataclass(frozen=True)
class ResourceState:
    """One resource that was made (or adopted): what was asked for, what the cloud showed last, and how it hangs
    together.

    `provider` is Pulumi's reference to its explicit provider (`urn::id`), "" for the stack's own; `cloud` the name of
    the cloud on which it lies, whatever became of that provider, "" for what lies on none. `position` is its depth: one
    more than the deepest of its parent and dependencies, so what it needs always has a lower one. `secret_outputs`
    names outputs to keep secret besides those of secret inputs. `deleted_with` is the URN of what takes it along when
    it is deleted, `timeouts` are seconds by operation, `delete_hooks` the names of the program's hooks around its
    deletion and around errors, by the point in time; `import_id` is the id that the program imports it by, secret
    where that tells a secret. `pending_delete` says that it is only there to be removed. `external` says that the
    program only reads it: it is never updated or deleted. `missing` says that a complete scan and a read of its own
    found it gone; `unsettled` why it never reached its promised state, and `broken` that the cloud gave it up, so that
    only a new one helps.
    """

    urn: str
    generation: int
    type: str
    custom: bool
    id: str
    parent: str
    inputs: PropertyMap
    outputs: PropertyMap
    observed: Fields
    identity: str = ""
    dependencies: Sequence[str] = ()
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    provider: str = ""
    cloud: str = ""
    position: int = 0
    protect: bool = False
    retain_on_delete: bool = False
    secret_outputs: Sequence[str] = ()
    deleted_with: str = ""
    replacement_trigger: PropertyValue = None
    timeouts: Mapping[str, float] = field(default_factory=dict)
    delete_hooks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    import_id: PropertyValue = ""
    pending_delete: bool = False
    external: bool = False
    missing: bool = False
    unsettled: str = ""
    broken: bool = False

    @property
    def holding(self) -> Holding:
        """What it is on the cloud."""
        return Holding(self.type, self.id, self.cloud)

    def renamed(self, moves: Mapping[str, str]) -> ResourceState:
        """The same with URNs that `moves` names replaced, its own and those that it refers to."""
        if not moves:
            return self
        provider = ProviderReference.parse(self.provider)
        return replace(
            self,
            urn=moves.get(self.urn, self.urn),
            parent=moves.get(self.parent, self.parent),
            deleted_with=moves.get(self.deleted_with, self.deleted_with),
            provider=str(replace(provider, urn=moves.get(provider.urn, provider.urn))),
            dependencies=tuple(sorted(moves.get(urn, urn) for urn in self.dependencies)),
            property_dependencies={
                path: tuple(sorted(moves.get(urn, urn) for urn in urns))
                for path, urns in self.property_dependencies.items()
            },
        )

    @property
    def managed(self) -> bool:
        """Whether it has a kind and is the stack's own: neither a component nor something that is only read."""
        return self.custom and not self.external

    @property
    def version(self) -> str:
        """The observed version: what a plan rests on."""
        return version_of(self.observed)
