"""A stack's present spec and state become a plan. Called by `apply.py` for every look, and so by `yunguan stack plan`.

A repair brings a stack back to what was applied last, by the same program; all else is a change and needs a person.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

import stacks
from controller.domain.errors import Refused
from controller.domain.spec import SystemSpec
from controller.engine import storage
from controller.engine.applying.decisions import leftovers_given_up
from controller.engine.applying.means import Means
from controller.engine.applying.proven import proven_execution
from controller.engine.lookup import Lookup
from controller.engine.plan import Plan, Purpose
from controller.engine.planning.preview import make_plan
from controller.engine.program.run import ProgramFailed, run_program
from controller.engine.program.source import ProgramSource, program_version
from controller.engine.references import StoredStacks
from controller.engine.registration import Program, Registrar
from controller.store.engine import ExecutionRow, ExecutionState, PlanRow, StackRow, Wanted
from controller.store.vault import Vault

PROJECT = "yunguan"
"""The project of the systems' program, as the Pulumi.yaml in the source tree says it; an installed release has none."""

SPEC_CONFIG = f"{PROJECT}:spec"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SystemProgram:
    """The program in `stacks/`, which makes a system of any spec."""

    source: ProgramSource

    @classmethod
    def installed(cls) -> SystemProgram:
        """The program that this version of the controller brings along."""
        folder = Path(stacks.__file__).parent
        return cls(ProgramSource(folder.parent, PROJECT, folder.name))

    @cached_property
    def version(self) -> str:
        """Digest of the program's files and SDKs: a plan made under another version is made anew."""
        return program_version(self.source)

    def settled_digest(self, spec_digest: str) -> str:
        """What a stack's `settled_digest` is while neither its spec nor its program changed since it was settled."""
        return hashlib.sha256(f"{spec_digest} {self.version}".encode()).hexdigest()

    def preview(self, stack: StackRow) -> Program:
        """Runs the program for `stack`, to foretell."""
        return lambda registrar: self._run(stack, registrar, preview=True)

    def apply(self, stack: StackRow, stopping: threading.Event) -> Program:
        """Runs the program for `stack`, for real, until it ends or `stopping` is set."""
        return lambda registrar: self._run(stack, registrar, preview=False, cancelled=stopping)

    def _run(
        self, stack: StackRow, registrar: Registrar, *, preview: bool, cancelled: threading.Event | None = None
    ) -> None:
        config: Mapping[str, str] = {SPEC_CONFIG: json.dumps(stack.spec, ensure_ascii=False)}
        try:
            run_program(
                self.source, stack=stack.name, config=config, registrar=registrar, preview=preview, cancelled=cancelled
            )
        except ProgramFailed as error:
            for line in (*error.log, *error.traceback.splitlines()):
                log.warning("%s: %s", stack.name, line)
            raise


def plan_of(means: Means, program: SystemProgram, stack: StackRow) -> Plan:
    """The plan that the stack needs now. Raises Refused for what is protected or malformed, ProgramFailed."""
    _refuse_forged_spec(stack)
    with means.sessions() as session:
        states = storage.load_state(session, stack.id, means.vault)
        purpose = _purpose(session, program, stack, means.vault)

    def make(purpose: Purpose) -> Plan:
        return make_plan(
            stack=stack.name,
            purpose=purpose,
            states=states,
            provider=means.provider,
            lookup=Lookup(means.provider, stack.cloud, StoredStacks(means.sessions, means.vault, stack.name)),
            spec_digest=stack.spec_digest,
            program_version=program.version,
            program=None if purpose is Purpose.DESTROY else program.preview(stack),
        )

    try:
        return make(purpose)
    except Refused:
        if purpose is not Purpose.REPAIR:
            raise
        return make(Purpose.APPLY)  # a repair may not do it, so a person has to approve it as a change


def _refuse_forged_spec(stack: StackRow) -> None:
    """Raises Refused where the row's specification is not the one that was approved (invariant 1)."""
    if stack.spec is not None and SystemSpec.model_validate(stack.spec).digest != stack.spec_digest:
        raise Refused(
            "the specification is not the one that was approved",
            where=stack.name,
            remedy=f"find out who changed it in the database; the estate has the approved one at {stack.spec_commit}",
        )


def _purpose(session: Session, program: SystemProgram, stack: StackRow, vault: Vault) -> Purpose:
    if stack.wanted == Wanted.ABSENT:
        return Purpose.DESTROY
    if leftovers_given_up(session, stack.id, vault):  # a repair may not remove what bears data
        return Purpose.APPLY
    applied = applied_plan(session, stack.id, vault)
    as_applied = stack.applied_digest == stack.spec_digest
    if as_applied and applied is not None and applied.program_version == program.version:
        return Purpose.REPAIR
    return Purpose.APPLY


def applied_plan(session: Session, stack_id: int, vault: Vault) -> Plan | None:
    """The plan that was approved and applied last: what a repair may go back to (invariant 1)."""
    applied = (PlanRow.purpose == Purpose.APPLY, ExecutionRow.state == ExecutionState.SUCCEEDED)
    proven = proven_execution(session, stack_id, vault, *applied)
    return proven.plan if proven is not None else None
