"""Pulumi's state file as it is written: the deployment format, versions 3 and 4, each field (docs/checkpoint.md).

Source: pulumi/pulumi, sdk/go/common/apitype (core.go, deployments.json, resources.json). `document.py` fills these
models and reads them; a field that they do not name is refused by its name.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from controller.domain.errors import Refused
from controller.domain.validation import wrongs

VERSION = 3
VERSION_WITH_FEATURES = 4
"""The same format, with a list of what in it older readers do not know."""

HOOKS = "hooks"
_FEATURES = frozenset({HOOKS, "replaceWith"})


def _nothing_for_null(value: Any) -> Any:
    """Go writes null for an empty list or map."""
    return () if value is None else value


Names = Annotated[tuple[str, ...], BeforeValidator(_nothing_for_null)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Resource(_Part):
    """ResourceV3. The first block is what the engine keeps; see docs/checkpoint.md for the rest."""

    urn: str
    custom: bool
    type: str
    delete: bool = False
    id: str = ""
    inputs: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, Any] = Field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    dependencies: Names = ()
    init_errors: Names = ()
    provider: str = ""
    property_dependencies: dict[str, Names] = Field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: Names = ()
    retain_on_delete: bool = False
    deleted_with: str = ""
    replacement_trigger: Any = None
    custom_timeouts: dict[str, float] | None = None
    resource_hooks: dict[str, Names] = Field(default_factory=dict)
    import_id: str = Field("", alias="importID")
    created: datetime | None = None
    modified: datetime | None = None

    # What each registration brings anew.
    aliases: Names = ()
    source_position: str = ""
    stack_trace: Any = None
    ignore_changes: Names = ()
    replace_on_changes: Names = ()
    replace_with: Names = ()
    hide_diff: Annotated[tuple[Any, ...], BeforeValidator(_nothing_for_null)] = ()

    # What the engine does not obey.
    external: bool = False
    taint: bool = False
    refresh_before_update: bool = False
    view_of: str = ""
    env_var_mappings: dict[str, str] = Field(default_factory=dict)
    snippet_id: str = Field("", alias="snippetID")
    extension_ref: str = ""
    owner: str = ""


class Operation(_Part):
    """OperationV2: a call whose result was not written yet."""

    resource: Resource
    type: Literal["creating", "updating", "deleting", "reading"]


class Plugin(_Part):
    """PluginInfoV1."""

    name: str
    path: str
    type: str
    version: str


class Manifest(_Part):
    """ManifestV1. `magic` is SHA-256 of `version`, in hexadecimal."""

    time: datetime
    magic: str
    version: str
    plugins: Annotated[tuple[Plugin, ...], BeforeValidator(_nothing_for_null)] = ()

    @classmethod
    def of(cls, version: str, time: datetime, plugins: tuple[Plugin, ...]) -> Manifest:
        """The manifest of a file that an engine of `version` writes."""
        return cls(time=time, magic=magic_of(version), version=version, plugins=plugins)


class SecretsProvider(_Part):
    """SecretsProvidersV1: how the file's secrets are encrypted."""

    type: str
    state: dict[str, Any] = Field(default_factory=dict)


class Metadata(_Part):
    """SnapshotMetadataV1. `integrity_error` stands in a file that Pulumi itself found broken."""

    integrity_error: dict[str, Any] | None = Field(None, alias="integrity_error")


class Deployment(_Part):
    """DeploymentV3."""

    manifest: Manifest
    secrets_providers: SecretsProvider | None = Field(None, alias="secrets_providers")
    resources: Annotated[tuple[Resource, ...], BeforeValidator(_nothing_for_null)] = ()
    pending_operations: Annotated[tuple[Operation, ...], BeforeValidator(_nothing_for_null)] = Field(
        (), alias="pending_operations"
    )
    metadata: Metadata = Metadata()
    snippets: tuple[Any, ...] = ()
    extensions: dict[str, Any] = Field(default_factory=dict)


class File(_Part):
    """UntypedDeployment: what stands in the file."""

    version: int
    features: Names = ()
    deployment: Deployment


def parsed(text: str | bytes) -> Deployment:
    """The deployment in a file's text. Raises Refused, naming the place, where it is not one that is read here."""
    try:
        file = File.model_validate_json(text)
    except ValidationError as error:
        first = wrongs(error)[0]
        raise Refused(
            "this field of the format is not known" if first.kind == "extra_forbidden" else first.what,
            where=first.where,
            remedy="the file must be one of `pulumi stack export` or `yunguan stack export`",
        ) from None
    if file.version not in {VERSION, VERSION_WITH_FEATURES}:
        remedy = f"only versions {VERSION} and {VERSION_WITH_FEATURES} are read"
        raise Refused(f"the file is of version {file.version}", remedy=remedy)
    unknown_features = sorted(set(file.features) - _FEATURES)
    if unknown_features:
        raise Refused(f"not supported by this engine: {', '.join(unknown_features)}", where="features")
    if file.deployment.manifest.magic != magic_of(file.deployment.manifest.version):
        raise Refused("the file was changed by hand: its magic does not fit", where="deployment.manifest.magic")
    return file.deployment


def written(deployment: Deployment) -> dict[str, Any]:
    """The JSON document of a file; what is empty is left out, as Pulumi does it."""
    everything = [*deployment.resources, *(one.resource for one in deployment.pending_operations)]
    features = (HOOKS,) if any(one.resource_hooks for one in everything) else ()
    version = VERSION_WITH_FEATURES if features else VERSION
    file = File(version=version, features=features, deployment=deployment)
    return file.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def magic_of(version: str) -> str:
    """The manifest's magic for a version; empty where it names none."""
    return hashlib.sha256(version.encode()).hexdigest() if version else ""
