"""The state in the database: a row a resource becomes a `ResourceState` and back, secrets sealed on the way.

Called by `journal.py` inside its transactions, and by whoever reads a stack's state (preview, reconcile, cli).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.domain.errors import Refused
from controller.engine.sealing import opened, sealed
from controller.engine.state import Holding, ResourceState
from controller.store.engine import ResourceRow, StackRow
from controller.store.locks import Lock, stand_in_line
from controller.store.vault import Vault

# Built once: writing values into a statement costs several times what it costs to send it.
_TABLE = ResourceRow.metadata.tables[ResourceRow.__tablename__]
_INSERT = insert(_TABLE)
_SAVE = _INSERT.on_conflict_do_update(
    index_elements=["stack_id", "urn", "generation"],
    set_={column.name: _INSERT.excluded[column.name] for column in _TABLE.columns if column.name != "id"},
)

_SEALED = ("inputs", "outputs", "observed", "replacement_trigger", "import_id")
_PLAIN = tuple(item.name for item in fields(ResourceState) if item.name not in {"id", *_SEALED})

_STATE = (
    select(*(_TABLE.c[name] for name in (*_PLAIN, *_SEALED, "physical_id")))
    .where(_TABLE.c.stack_id == bindparam("of_stack"))
    .order_by(_TABLE.c.position, _TABLE.c.urn, _TABLE.c.generation)
)


def to_document(state: ResourceState, vault: Vault) -> dict[str, Any]:
    """`state` as JSON in which every secret is sealed."""
    plain = {name: getattr(state, name) for name in _PLAIN}
    plain["dependencies"] = list(state.dependencies)
    plain["secret_outputs"] = list(state.secret_outputs)
    plain["timeouts"] = dict(state.timeouts)
    plain["delete_hooks"] = {point: list(names) for point, names in state.delete_hooks.items()}
    plain["property_dependencies"] = {path: list(urns) for path, urns in state.property_dependencies.items()}
    return {**plain, "id": state.id, **{name: sealed(getattr(state, name), vault) for name in _SEALED}}


def from_document(document: Mapping[str, Any], vault: Vault) -> ResourceState:
    """The state that `to_document` made `document` of."""
    return ResourceState(
        **{
            **document,
            **{name: opened(document[name], vault) for name in _SEALED if name in document},
            "dependencies": tuple(document["dependencies"]),
            "property_dependencies": {path: tuple(urns) for path, urns in document["property_dependencies"].items()},
            "delete_hooks": {point: tuple(names) for point, names in document.get("delete_hooks", {}).items()},
            "secret_outputs": tuple(document["secret_outputs"]),
        }
    )


def refuse_held_elsewhere(session: Session, stack: str, claimed: Mapping[Holding, str]) -> None:
    """Raises Refused where another stack holds something that `stack` claims under a URN of its own.

    Two owners would undo each other's work. What lies on no cloud is nobody else's. Until the transaction ends nobody
    else is answered: what two claim at once the second sees as the first has written it.
    """
    asked = {holding: urn for holding, urn in claimed.items() if holding.id and holding.cloud}
    if not asked:
        return
    stand_in_line(session, Lock.OWNERS)
    held = (
        select(ResourceRow.type, ResourceRow.physical_id, ResourceRow.cloud, StackRow.name)
        .join(StackRow, StackRow.id == ResourceRow.stack_id)
        .where(
            StackRow.name != stack,
            ResourceRow.external.is_(False),
            ResourceRow.physical_id.in_({holding.id for holding in asked}),
        )
        .order_by(ResourceRow.id)
    )
    for type_, id, cloud, holder in session.execute(held):
        if (holding := Holding(type_, id, cloud)) in asked:
            raise Refused(
                f"what has the id {id} belongs to the stack {holder}",
                where=asked[holding],
                remedy="read it instead of taking it over, or give it up there first (retain_on_delete)",
            )


def load_state(session: Session, stack_id: int, vault: Vault) -> list[ResourceState]:
    """All rows of a stack, what is needed before what needs it; those that wait for removal among them."""
    return [from_row(row, vault) for row in session.execute(_STATE, {"of_stack": stack_id})]


def save(session: Session, stack_id: int, states: Iterable[ResourceState], vault: Vault) -> None:
    """Writes each row. Those that wait for removal come first, since a URN has one live row at any time."""
    for state in sorted(states, key=lambda one: not one.pending_delete):
        document = to_document(state, vault)
        values = {
            **{name: value for name, value in document.items() if name != "id"},
            "stack_id": stack_id,
            "physical_id": state.id,
            "version": state.version,
            "changed_at": real_now(),
        }
        session.execute(_SAVE, values)


def remove(session: Session, stack_id: int, states: Iterable[ResourceState]) -> None:
    """Removes the rows of `states`."""
    for state in states:
        session.execute(
            delete(ResourceRow).where(
                ResourceRow.stack_id == stack_id,
                ResourceRow.urn == state.urn,
                ResourceRow.generation == state.generation,
            )
        )


def from_row(row: ResourceRow | Row[Any], vault: Vault) -> ResourceState:
    """The state that a row holds."""
    return from_document({name: getattr(row, name) for name in (*_PLAIN, *_SEALED)} | {"id": row.physical_id}, vault)
