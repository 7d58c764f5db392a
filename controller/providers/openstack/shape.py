"""Shape: what a kind looks like on both sides, and the pure half of its work. `resource.py` adds the calls.

inputs ──check──▶ checked inputs ──body_of──▶ body of the create call body of the API ──observe──▶ managed fields,
outputs, identity, owner, meter tags prior inputs + what was observed + inputs ──diff──▶ what differs
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.engine.properties import PropertyMap
from controller.engine.provider import Carrier, Change, Checked, Diff, Failure, Fields, Observation
from controller.providers import fields as rows
from controller.providers.fields import UNSET, Field
from controller.providers.openstack import identity as carriers
from controller.providers.openstack.connection import Body
from controller.providers.openstack.unsupported import unsupported_inputs

_PROJECT_NAMES = ("project_id", "tenant_id", "os-vol-tenant-attr:tenant_id")
"""What the services call the project that a resource belongs to."""


@dataclass(frozen=True)
class Lifecycle:
    """The states of an API that answers before it is done: the attribute, and which of its values mean what.

    `stuck` are those in which a removal has failed.
    """

    status: str
    ready: frozenset[str]
    broken: frozenset[str] = frozenset({"ERROR"})
    gone: frozenset[str] = frozenset({"DELETED"})
    stuck: frozenset[str] = frozenset()


class Shape:
    """What a kind states about itself.

    service, path     where its collection is
    key, plural       the name of the object in a body, and that of the list
    detail            what is appended to `path` for a list of whole bodies
    everywhere        the query for a list over all projects
    shows             what a program may read beyond the fields, as the body tells it; never sent, never compared
    replace_on        made of the fields: inputs whose change always needs a new resource
    autonamed         made of the fields: it takes a name, and the engine gives one where the program does not
    lifecycle         None where the API has done its work when it answers
    attaches          by the token of another kind: the input, and its member, that names what of it shall be at one
    keeps             inputs that keep what they name from going as long as the resource stands
    lists_changes     the API lists what changed since a time; the kind's `changes_of` says how it is asked
    """

    token: str
    service: str
    carrier: Carrier
    path: str
    key: str
    plural: str
    fields: tuple[Field, ...]
    replace_on: frozenset[str]
    autonamed: bool
    shows: tuple[Field, ...] = ()
    detail: str = ""
    everywhere: Mapping[str, str] = {}
    microversion: str | None = None
    create_microversion: str | None = None
    lifecycle: Lifecycle | None = None
    delete_before_replace: bool = False
    keeps: frozenset[str] = frozenset()
    data_bearing: bool = False
    lists_changes: bool = False
    imports_secret: bool = False
    attaches: Mapping[str, tuple[str, str]] = {}
    create_timeout: float = 300.0
    update_timeout: float = 300.0
    delete_timeout: float = 300.0

    def __init_subclass__(cls) -> None:
        inputs = getattr(cls, "fields", ())
        cls.replace_on = frozenset(row.name for row in inputs if row.replaces)
        cls.autonamed = any(row.name == "name" for row in inputs)

    def check(self, inputs: PropertyMap) -> Checked:
        """Defaults filled in, and every unknown, missing, malformed or contradictory input named."""
        checked = rows.check(self.fields, inputs, unsupported_inputs(self.token))
        failures = checked.failures or self.contradictions(checked.inputs)
        return Checked(checked.inputs, tuple(failures))

    def desired(self, inputs: PropertyMap) -> Fields:
        """The managed fields that an observation must equal."""
        return rows.desired(self.fields, inputs)

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        """What differs, field by field; inputs that the cloud does not show are compared with the last applied ones."""
        was = {**self.desired(prior), **observed}
        changes = rows.changes_of_seen(was, self.desired(inputs), self.replace_on)
        changes |= rows.changes_of_unseen(self.fields, prior, inputs)
        return Diff(changes, self.delete_before_replace)

    def observe(self, body: Body, inputs: PropertyMap | None = None) -> Observation:
        """`body` as an observation; with `inputs`, the outputs hold what the cloud does not show as well."""
        clean, identity = carriers.unsigned(self.carrier, body)
        seen = self.fields_of(clean)
        shown = {row.name: seen[row.name] for row in self.fields if row.name in seen}
        return Observation(
            id=self.id_of(body),
            fields=seen,
            outputs={**(inputs or {}), **shown, **self._made_at(body), **self.outputs_of(clean)},
            identity=identity,
            name=str(clean.get("name") or ""),
            project=next((str(body[name]) for name in _PROJECT_NAMES if body.get(name)), ""),
            owner=self.owner_of(body),
            by_cloud=self.is_by_cloud(body),
            tags=self.meter_tags(clean),
        )

    def _made_at(self, body: Body) -> dict[str, str]:
        """When it was made, where several may carry one identity: of duplicates, the first stays."""
        moment = body.get("created_at") or body.get("created")
        return {"createdAt": moment} if moment and self.carrier is not Carrier.NATURAL else {}

    # What a kind may say otherwise.

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        """What is wrong with inputs that are well-formed each by itself."""
        return ()

    def body_of(self, plain: PropertyMap) -> Body:
        """The body of the create call, without identity, of revealed inputs."""
        return rows.to_api(self.fields, plain)

    def patch_of(self, plain: PropertyMap, changes: Mapping[str, Change]) -> Body:
        """The body of the ordinary update request, of revealed inputs; {} where none is needed."""
        changed = [row for row in self.fields if row.name in changes and row.patched and not row.replaces]
        silent = [row for row in changed if plain.get(row.name) is None]
        return {row.api: None if row.default is UNSET else row.default for row in silent} | rows.to_api(changed, plain)

    def fields_of(self, body: Body) -> dict[str, Any]:
        """The managed fields that a body (identity taken out) shows."""
        return rows.from_api(self.fields, body)

    def outputs_of(self, body: Body) -> dict[str, Any]:
        """Outputs beyond the fields; a kind may add to them what no attribute of the body tells as it is."""
        return rows.from_api(self.shows, body)

    def meter_tags(self, body: Body) -> Mapping[str, str]:
        """Tags of people and meters, by key."""
        pairs = (tag.partition("=") for tag in body.get("tags") or ())
        return {key: value for key, _, value in pairs}

    def id_of(self, body: Body) -> str:
        """The id of the resource that a body shows."""
        return str(body["id"])

    def owner_of(self, body: Body) -> str:
        """The id of the resource that it is a part of."""
        return ""

    def is_by_cloud(self, body: Body) -> bool:
        """Whether the cloud made it by itself, so that it is nobody's orphan."""
        return False
