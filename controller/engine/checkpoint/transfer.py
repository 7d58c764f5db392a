"""A stack's state out of the database as a checkpoint, and a checkpoint into an empty stack.

Called by `yunguan stack export` and `import`; the caller commits. `document.py` turns checkpoints into files.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller import audit
from controller.clock import real_now
from controller.domain.errors import Refused
from controller.engine import storage
from controller.engine.applying import approval, journal
from controller.engine.applying.journal import Ending
from controller.engine.checkpoint.document import Checkpoint, Pending, Times
from controller.engine.integrity import verify_integrity
from controller.engine.lookup import STACK_REFERENCE
from controller.engine.order import Key
from controller.engine.plan import Op
from controller.engine.planning import imports
from controller.engine.provider import Provider
from controller.engine.provider_resource import is_provider_type
from controller.engine.references import as_read
from controller.engine.sealing import sealed
from controller.engine.stack_names import project_of, pulumi_stack_name
from controller.engine.state import ResourceState
from controller.engine.urn import STACK_TYPE, Urn
from controller.engine.wire import without_references
from controller.store.engine import JournalRow, ResourceRow, StackRow
from controller.store.vault import Vault


def export_stack(session: Session, stack: StackRow, vault: Vault, *, by: str) -> Checkpoint:
    """All that is known of the stack, as of one moment: `session` must read at REPEATABLE READ."""
    checkpoint = Checkpoint(
        made_at=real_now(),
        cloud=stack.cloud,
        states=storage.load_state(session, stack.id, vault),
        pending=[
            Pending(Op(row.op), storage.from_document(row.target, vault))
            for row in journal.open_rows(session, stack.id)
        ],
        times=_times(session, stack.id),
    )
    audit.record(
        session,
        actor=by,
        action="stack.exported",
        target=stack.name,
        details={"resources": len(checkpoint.states), "pending": len(checkpoint.pending)},
    )
    return checkpoint


def import_stack(
    session: Session, stack: StackRow, checkpoint: Checkpoint, provider: Provider, vault: Vault, *, by: str
) -> None:
    """Makes the checkpoint the state of `stack`, which must have none.

    Raises Refused where the stack has a state or is being worked on, where the file is another stack's or another
    cloud's, where calls are pending in it, where its resources do not fit together, and where another stack holds one
    of them; WrongUse for an unknown kind.
    """
    _refuse_unless_empty(session, stack)
    _refuse_foreign(stack, checkpoint)
    if checkpoint.pending:
        raise Refused(
            "calls are pending whose results are not known",
            where=", ".join(sorted(one.target.urn for one in checkpoint.pending)),
            remedy="let the engine that made the file resolve them, and export again",
        )
    states = [_at_home(_placed(one, stack, provider), vault) for one in checkpoint.states]
    wrong = verify_integrity(states)
    if wrong:
        raise Refused("; ".join(wrong), where=stack.name, remedy="the state must be mended where it was exported")
    storage.refuse_held_elsewhere(session, stack.name, {one.holding: one.urn for one in states if one.managed})
    storage.save(session, stack.id, states, vault)
    root = next((one for one in checkpoint.states if one.type == STACK_TYPE), None)
    if root is not None:
        stack.outputs = sealed(without_references(root.outputs), vault)
    stack.settled_digest, stack.changed_at = "", real_now()
    audit.record(
        session,
        actor=by,
        action="stack.imported",
        target=stack.name,
        details={"resources": len(checkpoint.states), "made_at": checkpoint.made_at.isoformat()},
    )


def _placed(state: ResourceState, stack: StackRow, provider: Provider) -> ResourceState:
    """`state` on the cloud where it lies: the stack's where the file does not tell.

    Raises WrongUse for an unknown kind, Refused for an explicit provider with other settings than a cloud.
    """
    if not state.managed:
        return state
    kind = provider.kind(state.type)
    if is_provider_type(state.type) and (failures := kind.check(state.inputs).failures):
        raise Refused("; ".join(f"{one.path}: {one.reason}" for one in failures), where=state.urn)
    cloud = (state.cloud or stack.cloud) if kind.service else ""
    return replace(state, cloud=cloud, import_id=imports.import_id(state.import_id, kind))


def _at_home(state: ResourceState, vault: Vault) -> ResourceState:
    """`state`; of another stack's outputs, as this home would have read them: each has its own version for them."""
    if state.type != STACK_REFERENCE:
        return state
    return replace(
        state,
        inputs={**state.inputs, "id": state.id},
        observed=as_read(state.outputs.get("outputs", {}), vault).fields,
    )


def _times(session: Session, stack_id: int) -> dict[Key, Times]:
    """From the journal, when a row was made; from the row, when it last changed."""
    created = select(JournalRow.urn, JournalRow.generation, func.min(JournalRow.closed_at)).where(
        JournalRow.stack_id == stack_id,
        JournalRow.op == Op.CREATE,
        JournalRow.outcome.in_([Ending.DONE, Ending.ADOPTED]),
    )
    made = {
        (urn, generation): at
        for urn, generation, at in session.execute(created.group_by(JournalRow.urn, JournalRow.generation))
    }
    rows = session.execute(
        select(ResourceRow.urn, ResourceRow.generation, ResourceRow.changed_at).where(ResourceRow.stack_id == stack_id)
    )
    return {(urn, generation): Times(made.get((urn, generation)), at) for urn, generation, at in rows}


def _refuse_unless_empty(session: Session, stack: StackRow) -> None:
    held = session.scalar(select(func.count()).where(ResourceRow.stack_id == stack.id))
    if held or journal.has_open(session, stack.id):
        raise Refused("the stack has a state already", where=stack.name, remedy="import it into an empty stack")
    if approval.running(session, stack.id) is not None:
        raise Refused("the stack is being worked on", where=stack.name, remedy="wait until that has ended")


def _refuse_foreign(stack: StackRow, checkpoint: Checkpoint) -> None:
    urns = [Urn.parse(one.urn) for one in checkpoint.states]
    name, project = pulumi_stack_name(stack.name), project_of(stack.name)
    if others := {urn.stack for urn in urns} - {name}:
        raise Refused(f"the file is of the stack {min(others)}", where=stack.name, remedy=f"it must be of {name}")
    if project is not None and (others := {urn.project for urn in urns} - {project}):
        remedy = f"name the stack program/{min(others)}/{name}, or take a file of {project}"
        raise Refused(f"the file is of the project {min(others)}", where=stack.name, remedy=remedy)
    if checkpoint.cloud not in {"", stack.cloud}:
        raise Refused(f"the file's resources stand on {checkpoint.cloud}", where=stack.name, remedy="name that cloud")
