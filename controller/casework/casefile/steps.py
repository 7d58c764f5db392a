"""One step of a case, whatever it is: locked, checked against the city's procedure, written down with its evidence.

`conduct` calls `take`, then what the step sets going, then the audit trail, all in the caller's transaction. Two who
act at once stand in line on the case's row; the second finds the case where the first has left it, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import catalogue
from controller.casework.casefile.clocks import CaseClock
from controller.casework.casefile.evidence import OTHER, EvidenceStore, HandedIn
from controller.casework.casefile.outcome import CaseOutcome, Confirmed, Merged
from controller.casework.people import is_known, roles_on
from controller.casework.ports import Ports
from controller.domain.city import City
from controller.domain.errors import Refused, WrongUse
from controller.domain.lifecycle import Attempt, Procedure, Stage, Standing, Step, advance
from controller.domain.roles import Role
from controller.store import clock
from controller.store.casework import CaseEventRow, CaseRow, EventKind, EvidenceRow


@dataclass(frozen=True)
class Act:
    """What someone wants to do: `actor` is an account, `case` a number; `on` is the day that a confirmation names.

    `expected_stage` is where the actor saw the case; a case that has moved on since is refused.
    """

    case: str
    action: str
    actor: str
    evidence: tuple[HandedIn, ...] = ()
    reason: str = ""
    days: int | None = None
    on: date | None = None
    expected_stage: str | None = None


@dataclass(frozen=True)
class Taken:
    """A step that has been written down in `session`, not committed yet."""

    session: Session
    ports: Ports
    act: Act
    case: CaseRow
    city: City
    stage: Stage
    step: Step
    at: datetime

    def outcome(self, *, merged: Merged | None = None, confirmed: Confirmed | None = None) -> CaseOutcome:
        """What the step has set going."""
        return CaseOutcome(self.case.number, self.case.stage, self.step.completed, merged, confirmed)


def take(session: Session, act: Act, ports: Ports) -> Taken:
    """Writes the step that `act` makes: case, evidence, timeline, clock. Raises Refused or WrongUse."""
    case = locked_case(session, act.case)
    city = catalogue.city(case.city)
    procedure = city.procedure(case.procedure)
    stage = procedure.stage(case.stage)
    if act.expected_stage not in (None, case.stage):
        raise Refused(
            f"案件已由他人办理，现处于“{stage.title}”", where=case.number, remedy="请刷新后再办理", rule=stage.rule
        )
    if not is_known(session, act.actor):
        raise Refused(
            f"没有账号 {act.actor}",
            where=case.number,
            remedy="用 yunguan user list 查看各账号及其角色",
            rule=stage.rule,
        )
    check_documents(procedure, act.evidence)
    now = clock.now(session)
    step = advance(procedure, standing_of(case), _attempt(session, case, act))
    handed = keep_evidence(session, case, act.evidence, act.actor, ports.evidence)
    _write(case, procedure, step, now)
    taken = Taken(session, ports, act, case, city, stage, step, now)
    session.add(_event(taken, handed))
    _move_clock(session, case, procedure, step, now)
    session.flush()
    return taken


def locked_case(session: Session, number: str) -> CaseRow:
    """The case of that number, its row locked until the end of the transaction. Raises WrongUse for an unknown one."""
    case = session.scalar(
        select(CaseRow)
        .where(CaseRow.number == number)
        .with_for_update(of=CaseRow)
        .execution_options(populate_existing=True)
    )
    if case is None:
        raise WrongUse(f"没有案件 {number}", remedy="用 yunguan request list 查看所有案件")
    return case


def standing_of(case: CaseRow) -> Standing:
    """Where the case stands, as the stage machine knows it."""
    return Standing(case.stage, case.paused, frozenset(Role(role) for role in case.given))


def exceptions_of(session: Session, case: CaseRow) -> frozenset[str]:
    """Ids of the rules for which an exception was recorded in this case."""
    rules = select(CaseEventRow.rule).where(CaseEventRow.case_id == case.id, CaseEventRow.kind == EventKind.EXCEPTION)
    return frozenset(session.scalars(rules))


def check_documents(procedure: Procedure, files: Iterable[HandedIn]) -> None:
    """Raises WrongUse for a document that the procedure does not know."""
    known = procedure.documents
    for file in files:
        if file.document not in (*known, OTHER):
            listed = "、".join(f"{code}（{title}）" for code, title in known.items())
            raise WrongUse(f"没有材料 {file.document}", remedy=f"可用：{listed}、{OTHER}（其他）")


def keep_evidence(
    session: Session, case: CaseRow, files: Iterable[HandedIn], actor: str, store: EvidenceStore
) -> list[dict[str, str]]:
    """Stores files in the case file; returns document and hash of each, for the timeline.

    Their documents were checked before. Raises what `EvidenceStore.put` raises.
    """
    handed: list[dict[str, str]] = []
    for file in files:
        kept = store.put(file.path)
        session.add(
            EvidenceRow(
                case_id=case.id,
                document=file.document,
                sha256=kept.sha256,
                size=kept.size,
                file_name=kept.file_name,
                handed_by=actor,
                handed_at=clock.now(session),
            )
        )
        handed.append({"document": file.document, "sha256": kept.sha256})
    return handed


def _attempt(session: Session, case: CaseRow, act: Act) -> Attempt:
    kept = session.scalars(select(EvidenceRow.document).where(EvidenceRow.case_id == case.id))
    return Attempt(
        action=act.action,
        roles=roles_on(session, act.actor, case.system.unit),
        facts=case.facts,
        documents=frozenset(kept) | {file.document for file in act.evidence},
        exceptions=exceptions_of(session, case),
        days=act.days,
        reason=act.reason,
    )


def _write(case: CaseRow, procedure: Procedure, step: Step, now: datetime) -> None:
    case.stage, case.paused = step.after.stage, step.after.paused
    case.given = sorted(role.value for role in step.after.given)
    if procedure.stage(case.stage).is_final:
        case.closed_at = now


def _move_clock(session: Session, case: CaseRow, procedure: Procedure, step: Step, now: datetime) -> None:
    moved = CaseClock(session, case, catalogue.work_calendar(case.city), now)
    if step.enters:
        moved.stop()
        moved.start(procedure.stage(step.after.stage), step.days)
    elif step.action.pauses:
        moved.pause()
    elif step.action.resumes:
        moved.resume()


def _event(taken: Taken, handed: list[dict[str, str]]) -> CaseEventRow:
    act, step = taken.act, taken.step
    details: dict[str, object] = {"evidence": handed} if handed else {}
    if step.days is not None:
        details["days"] = step.days
    if act.on is not None:
        details["on"] = act.on.isoformat()
    return CaseEventRow(
        case_id=taken.case.id,
        at=taken.at,
        kind=EventKind.ACTION.value,
        actor=act.actor,
        role=step.role.value,
        action=act.action,
        before=step.before.stage,
        after=step.after.stage,
        rule=taken.stage.rule,
        reason=act.reason,
        details=details,
    )
