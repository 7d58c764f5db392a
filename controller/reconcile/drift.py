"""What follows from a scan: verdicts become drifted state, work for `apply.py`, or incidents for a person.

changed, missing            the state says so, and a look at the stack is asked for (its repair passes the guard)
there again                 the state says so: it was missing before
orphan inside one of ours   (a rule added to our security group): adopted for removal, then as above
orphan with our identity    a late call's creation: adopted for removal; what bears data, and what a state let go
                            of on purpose (retainOnDelete), goes to a person
any other orphan            an incident (GY-22a): nobody is charged for it, a person decides
nearly all missing at once  an incident: nothing is marked until a person says that it is true
unknown                     nothing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from controller import audit
from controller.domain.errors import Refused
from controller.engine.applying.approval import running
from controller.engine.plan import Op
from controller.engine.provider import Provider
from controller.reconcile import incidents, operating, work
from controller.reconcile.gone import disbelieved
from controller.reconcile.guard import Limits
from controller.reconcile.incidents import IncidentKind
from controller.reconcile.scan import ScanResult
from controller.reconcile.strangers import Stranger, adopt_for_removal
from controller.reconcile.verdict import Finding, Verdict
from controller.store.database import Sessions
from controller.store.engine import JournalRow, Provisioning, ResourceRow, StackRow
from controller.store.reconcile import ScanRow, Sort
from controller.store.vault import Vault

ACTOR = "controller"


def follow_up(
    sessions: Sessions, provider: Provider, vault: Vault, result: ScanResult, limits: Limits
) -> list[work.Subject]:
    """Makes every finding of the scan count, a transaction a stack; returns the stacks to look at.

    What was worked on since it was seen, or is being worked on, is left to the next scan. A scan of which a stack could
    not be marked does not count as followed up: raises what the database said, once the others are marked.
    """
    by_stack: dict[int, list[Finding]] = {}
    with sessions.begin() as session:
        doubted = disbelieved(session, vault, result, limits)
        for finding in result.findings:
            if finding.verdict is Verdict.UNKNOWN or (finding.verdict is Verdict.MISSING and finding.cloud in doubted):
                continue
            stack_id = _stack_of(session, finding)
            if stack_id is None or _needs_a_person(session, provider, finding):
                _report_orphan(session, vault, finding, stack_id)
            else:
                by_stack.setdefault(stack_id, []).append(finding)
        if result.sort is Sort.FULL:
            operating.note(session, result.cloud, result.findings)
            if result.complete:
                orphans = {_subject_of(one) for one in result.findings if one.verdict is Verdict.ORPHAN}
                incidents.close_vanished(session, result.cloud, orphans)
    marked, failure = [], None
    for stack_id, findings in by_stack.items():
        try:
            with sessions.begin() as session:
                if _mark(session, stack_id, findings):
                    marked.append(work.Subject.stack(stack_id))
        except DBAPIError as error:
            failure = error
    if failure is not None:
        raise failure
    with sessions.begin() as session:
        session.get_one(ScanRow, result.scan_id).followed_up = True
    return marked


def _stack_of(session: Session, finding: Finding) -> int | None:
    """The stack that a finding belongs to: its own, its owner's, or the one whose journal gave it its identity.

    None for what belongs to none, or to one that has ended: nothing is done for that any more.
    """
    if finding.stack_id is not None or not finding.identity:
        return finding.stack_id
    return session.scalar(
        select(JournalRow.stack_id)
        .join(StackRow, StackRow.id == JournalRow.stack_id)
        .where(JournalRow.identity == finding.identity, StackRow.provisioning != Provisioning.ENDED)
        .limit(1)
    )


def _needs_a_person(session: Session, provider: Provider, finding: Finding) -> bool:
    return finding.verdict is Verdict.ORPHAN and (
        provider.kind(finding.type).data_bearing or _was_ours(session, finding)
    )


def _was_ours(session: Session, finding: Finding) -> bool:
    """Whether a create's result is known to be this very thing: then no late call made it, and the state let it go."""
    made = select(JournalRow.id).where(
        JournalRow.identity == finding.identity,
        JournalRow.op == Op.CREATE,
        JournalRow.physical_id == finding.id,
    )
    return bool(finding.identity) and session.scalar(made.limit(1)) is not None


def _report_orphan(session: Session, vault: Vault, finding: Finding, stack_id: int | None) -> None:
    incidents.report(
        session,
        kind=IncidentKind.ORPHAN,
        subject=_subject_of(finding),
        cloud=finding.cloud,
        stack_id=stack_id,
        summary=f"{finding.type} {finding.name or finding.id} runs without an approved request",
        details=asdict(Stranger.found(finding)),
        vault=vault,
        rule="GY-22a",
    )


def _subject_of(orphan: Finding) -> str:
    return incidents.one_thing(orphan.cloud, orphan.type, orphan.id)


def _mark(session: Session, stack_id: int, findings: Sequence[Finding]) -> bool:
    """Writes them into the stack's state and asks for a look at it; whether there was anything to write."""
    stack = session.scalar(select(StackRow).where(StackRow.id == stack_id).with_for_update())
    if stack is None or running(session, stack_id) is not None:
        return False
    counted = [finding for finding in findings if _write(session, stack, finding)]
    if not counted:
        return False
    stack.settled_digest = ""
    work.ask(session, work.Subject.stack(stack_id), "drift")
    audit.record(
        session,
        actor=ACTOR,
        action="drift.found",
        target=stack.name,
        details={"findings": [f"{finding.verdict} {finding.urn or finding.id}" for finding in counted]},
    )
    return True


def _write(session: Session, stack: StackRow, finding: Finding) -> bool:
    """Writes one into the state, unless that has moved since: whether it did."""
    if finding.verdict is Verdict.ORPHAN:
        try:
            adopt_for_removal(session, stack, Stranger.found(finding), cloud=finding.cloud)
        except Refused:  # a stack has it by now: then it is no stranger any more
            return False
        return True
    row = session.get(ResourceRow, finding.resource_id)
    if row is None or (row.physical_id, row.version) != (finding.id, finding.version):
        return False
    row.version, row.missing = "", finding.verdict is Verdict.MISSING
    row.observed = row.observed | {path: actual for path, (_desired, actual) in finding.fields.items()}
    return True
