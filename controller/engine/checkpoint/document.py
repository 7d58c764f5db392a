"""A stack's state ↔ Pulumi's state file (docs/checkpoint.md): values in, a document out, and back. Makes no call.

`transfer.py` reads and writes the database. What the engine knows beyond the format (generation, identity, what was
observed) travels in the output `__meta`, which Pulumi leaves to whoever owns the resource.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import metadata
from typing import Any, Final

from pydantic.alias_generators import to_pascal

from controller.domain.errors import Refused
from controller.engine import hooks
from controller.engine.checkpoint import deployment as format_
from controller.engine.checkpoint.deployment import Deployment, Manifest, Operation, Plugin, Resource, SecretsProvider
from controller.engine.checkpoint.values import Cipher, decoded, encoded
from controller.engine.order import Key, needs
from controller.engine.plan import Op
from controller.engine.program.passphrase import VARIABLE, Passphrase
from controller.engine.provider_resource import CLOUD, is_provider_type, provider_type
from controller.engine.state import ResourceState
from controller.engine.urn import ProviderReference, Urn
from controller.engine.wire import without_references

_META: Final = "__meta"
_DEFAULTS: Final = "__defaults"
_OURS: Final = "yunguan"
_MANAGER: Final = "passphrase"
_OPERATIONS: Final[Mapping[Op, Any]] = {Op.CREATE: "creating", Op.UPDATE: "updating", Op.DELETE: "deleting"}
_NOT_OBEYED: Final = (
    "taint", "refresh_before_update", "view_of",
    "env_var_mappings", "snippet_id", "extension_ref", "owner",
)  # fmt: skip

_HOOKS: Final = frozenset(to_pascal(point) for point in (*hooks.KEPT, *hooks.OF_REGISTRATION))


@dataclass(frozen=True)
class Times:
    """When a resource was made, and when its state last changed, where that is known."""

    created: datetime | None = None
    modified: datetime | None = None


@dataclass(frozen=True)
class Pending:
    """A call whose result is not known, and the row it was to lead to."""

    op: Op
    target: ResourceState


@dataclass(frozen=True)
class Checkpoint:
    """All that a file says of a stack. `cloud`: its name in clouds.yaml, "" where the file does not tell."""

    made_at: datetime
    cloud: str
    states: Sequence[ResourceState]
    pending: Sequence[Pending] = ()
    times: Mapping[Key, Times] = field(default_factory=dict)


def to_document(checkpoint: Checkpoint, cipher: Passphrase) -> dict[str, Any]:
    """The file's JSON document; its secrets can be read by whoever knows the passphrase of `cipher`."""
    writer = _Writer(checkpoint, cipher.encrypt)
    operations = [
        Operation(type=_OPERATIONS[one.op], resource=writer.resource(one.target)) for one in checkpoint.pending
    ]
    deployment = Deployment(
        manifest=Manifest.of(f"v{metadata.version('pulumi')}", checkpoint.made_at, writer.plugins()),
        secrets_providers=SecretsProvider(type=_MANAGER, state={"salt": cipher.state}),
        resources=(*writer.providers(), *(writer.resource(one) for one in _in_file_order(checkpoint.states))),
        pending_operations=tuple(operations),
    )
    return format_.written(deployment)


def from_text(text: str | bytes, phrase: str | None) -> Checkpoint:
    """What a file says. `phrase` may be None where the file holds no secret.

    Raises Refused, naming the place, for a field that is not known and for what the engine does not obey, and where the
    passphrase is not the file's.
    """
    deployment = format_.parsed(text)
    if deployment.metadata.integrity_error is not None or deployment.snippets or deployment.extensions:
        raise Refused("the file says of itself that it is broken, or holds snippets or extensions", where="deployment")
    cipher = _reader(deployment.secrets_providers, phrase)
    own = [one for one in deployment.resources if not _is_default_provider(one)]
    clouds = _Clouds(deployment.resources)
    states = _with_positions(_with_generations([_state(one, cipher, clouds) for one in own]))
    operations = {said: op for op, said in _OPERATIONS.items()}
    pending = []
    for one in deployment.pending_operations:
        if one.type not in operations:
            raise Refused("a read was under way", where=one.resource.urn, remedy="let it end, and export again")
        pending.append(Pending(operations[one.type], _state(one.resource, cipher, clouds)))
    times = {
        (state.urn, state.generation): Times(resource.created, resource.modified)
        for state, resource in zip(states, own, strict=True)
    }
    return Checkpoint(deployment.manifest.time, clouds.of_stack, states, pending, times)


class _Writer:
    """Writes the resources of one checkpoint."""

    def __init__(self, checkpoint: Checkpoint, cipher: Cipher) -> None:
        self._checkpoint = checkpoint
        self._cipher = cipher
        self._known = {one.urn for one in checkpoint.states}
        everything = [*checkpoint.states, *(one.target for one in checkpoint.pending)]
        clouds = {one.type.partition(":")[0]: one.cloud for one in everything if _is_of_default_provider(one)}
        self._providers = {
            package: self._provider(package, cloud, Urn.parse(everything[0].urn))
            for package, cloud in sorted(clouds.items())
        }

    def providers(self) -> Sequence[Resource]:
        """The default provider of each package, which the format wants and the engine does not keep."""
        return tuple(self._providers.values())

    def plugins(self) -> tuple[Plugin, ...]:
        """The plugin of each package, as Pulumi would load it; what is built into its engine has none."""
        packages = self._providers.keys() - {"pulumi"}
        return tuple(Plugin(name=one, path="", type="resource", version=_version(one)) for one in sorted(packages))

    def resource(self, state: ResourceState) -> Resource:
        """One row. An edge to what is not in the state any more is left out: there is nothing left to wait for."""
        outputs = encoded(state.outputs, self._cipher)
        if state.custom:
            outputs[_META] = json.dumps({_OURS: self._own(state)}, ensure_ascii=False, sort_keys=True)
        default = self._providers[state.type.partition(":")[0]] if _is_of_default_provider(state) else None
        origins = {path: self._there(urns) for path, urns in state.property_dependencies.items()}
        times = self._checkpoint.times.get((state.urn, state.generation), Times())
        return Resource(
            urn=state.urn,
            custom=state.custom,
            external=state.external,
            delete=state.pending_delete,
            id=state.id,
            type=state.type,
            inputs=encoded(state.inputs, self._cipher),
            outputs=outputs,
            parent=state.parent if state.parent in self._known else "",
            protect=state.protect,
            dependencies=self._there(state.dependencies),
            init_errors=(state.unsettled,) if state.unsettled else (),
            provider=_reference(default) if default is not None else state.provider,
            property_dependencies={path: urns for path, urns in origins.items() if urns},
            pending_replacement=state.missing,
            additional_secret_outputs=tuple(state.secret_outputs),
            retain_on_delete=state.retain_on_delete,
            deleted_with=state.deleted_with if state.deleted_with in self._known else "",
            replacement_trigger=encoded({"": state.replacement_trigger}, self._cipher)[""],
            custom_timeouts=dict(state.timeouts) or None,
            resource_hooks={to_pascal(point): tuple(names) for point, names in state.delete_hooks.items()},
            import_id=state.import_id if isinstance(state.import_id, str) else "",
            created=times.created,
            modified=times.modified,
        )

    def _own(self, state: ResourceState) -> dict[str, Any]:
        return {
            "generation": state.generation,
            "identity": state.identity,
            "observed": encoded(state.observed, self._cipher),
            "broken": state.broken,
        }

    def _there(self, urns: Iterable[str]) -> tuple[str, ...]:
        return tuple(urn for urn in urns if urn in self._known)

    def _provider(self, package: str, cloud: str, beside: Urn) -> Resource:
        version = _version(package)
        name = f"default_{version.replace('.', '_')}" if version else "default"
        urn = str(replace(beside, qualified_type=provider_type(package), name=name))
        given = {CLOUD: cloud, "version": version}
        properties = {key: value for key, value in given.items() if value}
        return Resource(
            urn=urn,
            custom=True,
            type=provider_type(package),
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, urn)),
            inputs=properties,
            outputs=properties,
        )


def _in_file_order(states: Iterable[ResourceState]) -> list[ResourceState]:
    """What is needed before what needs it; what only waits for its removal last, since it may need what is new."""
    return sorted(states, key=lambda one: (one.pending_delete, one.position, one.urn, one.generation))


def _version(package: str) -> str:
    """The release of a package's SDK, which is that of its plugin; "" where none is installed."""
    try:
        return metadata.version(f"pulumi-{package}")
    except metadata.PackageNotFoundError:
        return ""


def _reader(provider: SecretsProvider | None, phrase: str | None) -> Cipher:
    """What opens the file's secrets; where there is no passphrase for them, the first secret is refused."""
    if provider is None or phrase is None:
        return _locked
    if provider.type != _MANAGER:
        raise Refused(
            f"the file's secrets are encrypted by {provider.type}",
            where="deployment.secrets_providers.type",
            remedy="change the stack's secrets provider to passphrase, and export again",
        )
    return Passphrase.of(phrase, str(provider.state.get("salt", ""))).decrypt


def _locked(_: str) -> str:
    raise Refused("the file holds secrets", remedy=f"set {VARIABLE} to its passphrase")


def _state(resource: Resource, cipher: Cipher, clouds: _Clouds) -> ResourceState:
    """The row of a resource; its position, and its generation where the file does not tell, are still 0."""
    refused = [str(Resource.model_fields[name].alias) for name in _NOT_OBEYED if getattr(resource, name)]
    if refused:
        raise Refused(f"not supported by this engine: {', '.join(refused)}", where=resource.urn)
    outputs = dict(resource.outputs)
    own = _own(outputs.get(_META))
    if resource.custom or own:
        outputs.pop(_META, None)
    where = Urn.parse(resource.urn).name
    inputs, told = decoded(_without_defaults(resource.inputs), cipher, where), decoded(outputs, cipher, where)
    return ResourceState(
        urn=resource.urn,
        generation=int(own.get("generation", 0)),
        type=resource.type,
        custom=resource.custom,
        external=resource.external,
        id=resource.id,
        parent=resource.parent,
        inputs=without_references(inputs) if resource.custom else inputs,
        outputs=without_references(told) if resource.custom else told,
        observed=decoded(own.get("observed", {}), cipher, where),
        identity=str(own.get("identity", "")),
        dependencies=resource.dependencies,
        property_dependencies=resource.property_dependencies,
        provider="" if clouds.is_default(resource.provider) else resource.provider,
        cloud=clouds.of(resource.provider),
        protect=resource.protect,
        retain_on_delete=resource.retain_on_delete,
        secret_outputs=resource.additional_secret_outputs,
        deleted_with=resource.deleted_with,
        replacement_trigger=without_references(decoded({"": resource.replacement_trigger}, cipher, where)[""]),
        timeouts={name: float(seconds) for name, seconds in (resource.custom_timeouts or {}).items() if seconds},
        delete_hooks=_kept_hooks(resource),
        import_id=resource.import_id,
        pending_delete=resource.delete,
        missing=resource.pending_replacement,
        unsettled="; ".join(resource.init_errors),
        broken=bool(own.get("broken")),
    )


def _own(meta: Any) -> Mapping[str, Any]:
    """What the engine wrote beside the format; nothing where the file is Pulumi's own."""
    try:
        document = json.loads(meta) if isinstance(meta, str) else {}
    except ValueError:
        return {}
    own = document.get(_OURS, {}) if isinstance(document, dict) else {}
    return own if isinstance(own, dict) else {}


def _without_defaults(value: Any) -> Any:
    """`value` without the notes that Pulumi's providers make in it about their own defaults."""
    if isinstance(value, list):
        return [_without_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _without_defaults(item) for key, item in value.items() if key != _DEFAULTS}


def _kept_hooks(resource: Resource) -> dict[str, tuple[str, ...]]:
    """The names of hooks that are needed when nothing registers the resource any more; others come with that."""
    unknown = sorted(resource.resource_hooks.keys() - _HOOKS)
    if unknown:
        raise Refused(f"not supported by this engine: resourceHooks.{unknown[0]}", where=resource.urn)
    by_point = {point: resource.resource_hooks.get(to_pascal(point), ()) for point in hooks.KEPT}
    return {point: names for point, names in by_point.items() if names}


def _with_generations(states: Sequence[ResourceState]) -> list[ResourceState]:
    """Rows of Pulumi's own files are numbered: of one URN, those that wait for their removal come first."""
    last: Counter[str] = Counter()
    numbered = {}
    for state in sorted(states, key=lambda one: not one.pending_delete):
        last[state.urn] = state.generation or last[state.urn] + 1
        numbered[id(state)] = last[state.urn]
    return [replace(state, generation=numbered[id(state)]) for state in states]


def _with_positions(states: Sequence[ResourceState]) -> list[ResourceState]:
    """Each row behind what it needs. Raises Refused where the file does not have them in that order."""
    deepest: dict[str, int] = {}
    placed = []
    for state in states:
        unmet = sorted(needs(state) - deepest.keys())
        if unmet:
            raise Refused(f"needs {unmet[0]}, which does not stand before it", where=state.urn)
        position = 1 + max((deepest[urn] for urn in needs(state)), default=0)
        deepest[state.urn] = max(position, deepest.get(state.urn, 0))
        placed.append(replace(state, position=position))
    return placed


def _is_default_provider(resource: Resource) -> bool:
    return is_provider_type(resource.type) and Urn.parse(resource.urn).name.startswith("default")


def _is_of_default_provider(state: ResourceState) -> bool:
    return state.custom and not state.provider and not is_provider_type(state.type)


def _reference(provider: Resource) -> str:
    return str(ProviderReference(provider.urn, provider.id))


class _Clouds:
    """The clouds that the providers of a file name; "" where one does not tell."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        providers = [one for one in resources if is_provider_type(one.type)]
        self._named = {_reference(one): str(one.inputs.get(CLOUD, "")) for one in providers}
        self._default = {_reference(one) for one in providers if _is_default_provider(one)}
        self.of_stack = next((self._named[one] for one in sorted(self._default) if self._named[one]), "")

    def is_default(self, reference: str) -> bool:
        return reference in self._default

    def of(self, reference: str) -> str:
        """The cloud of what refers to its provider so."""
        return self._named.get(reference, "")
