"""Unit and centre confirm the same thing as of the same day: both rows of the timeline become one `Confirmed`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.casework.casefile.outcome import Confirmation, Confirmed
from controller.casework.casefile.steps import Taken
from controller.casework.specifying.inventory import approved_specs, stacks_of
from controller.domain.calendar import day_of
from controller.domain.errors import Refused
from controller.domain.spec import SystemSpec
from controller.store.casework import CaseEventRow, EventKind
from controller.store.engine import Provisioning, StackRow, Wanted


def check_confirmation(taken: Taken) -> None:
    """Raises Refused where what is confirmed is not carried out yet: the ledger counts from the first party's day; and
    where the day lies ahead, is not the other party's, or one person confirms for both.
    """
    require_carried_out(taken)
    rows = _confirmations(taken)
    agreed = _day(rows[0])
    today, opened = day_of(taken.at), day_of(taken.case.opened_at)
    rule = taken.stage.rule
    if not opened <= agreed <= today:
        raise Refused(f"确认日期 {agreed} 应在 {opened} 至 {today} 之间", rule=rule)
    if taken.act.on not in (None, agreed):
        raise Refused(f"双方确认的日期不一致：{agreed} 与 {taken.act.on}", remedy="请协商后确认同一日期", rule=rule)
    if len({row.actor for row in rows}) < len(rows):
        raise Refused("双方须由不同人员确认", rule=rule)


def require_carried_out(taken: Taken) -> None:
    """Raises Refused where what is approved does not stand yet, or what was taken out has not ended."""
    session, system, rule = taken.session, taken.case.system, taken.stage.rule
    require_ready(session, list(approved_specs(session, system).values()), rule)
    require_ended([row for row in stacks_of(session, system) if row.wanted == Wanted.ABSENT], rule)


def require_ready(session: Session, specs: Sequence[SystemSpec], rule: str) -> None:
    """Raises Refused where a stack does not yet stand as its approved spec says."""
    ready = set(
        session.scalars(
            select(StackRow.name).where(
                StackRow.name.in_([spec.stack_name for spec in specs]),
                StackRow.spec_digest.in_([spec.digest for spec in specs]),
                StackRow.provisioning == Provisioning.READY,
            )
        )
    )
    if lacking := [spec.stack_name for spec in specs if spec.stack_name not in ready]:
        raise Refused(f"资源尚未就绪：{'、'.join(lacking)}", remedy="请等待配置完成（yunguan stack list）", rule=rule)


def require_ended(stacks: Iterable[StackRow], rule: str) -> None:
    """Raises Refused where one of `stacks` has not ended yet."""
    if waiting := [row.name for row in stacks if row.provisioning != Provisioning.ENDED]:
        raise Refused(f"资源尚未回收：{'、'.join(waiting)}", remedy="请等待回收完成（yunguan stack list）", rule=rule)


def confirmed(taken: Taken, what: Confirmation, specs: Sequence[SystemSpec]) -> Confirmed:
    """What the parties have confirmed, the step `taken` being the last party's."""
    rows = _confirmations(taken)
    unit, system = taken.case.system.unit, taken.case.system
    return Confirmed(
        what=what,
        case=taken.case.number,
        system=f"{unit.city}/{unit.code}/{system.code}",
        on=_day(rows[0]),
        by=tuple(row.actor for row in rows),
        specs=tuple(specs),
        payer=taken.case.payer,
    )


def _confirmations(taken: Taken) -> Sequence[CaseEventRow]:
    """Those since the case last came into the stage: a stage that was left and entered again is confirmed anew."""
    stage = taken.step.before.stage
    steps = (CaseEventRow.case_id == taken.case.id, CaseEventRow.kind == EventKind.ACTION.value)
    entered = select(func.max(CaseEventRow.id)).where(*steps, CaseEventRow.after == stage, CaseEventRow.before != stage)
    return taken.session.scalars(
        select(CaseEventRow)
        .where(
            *steps,
            CaseEventRow.before == stage,
            CaseEventRow.id > entered.scalar_subquery(),
            CaseEventRow.action == taken.act.action,
        )
        .order_by(CaseEventRow.id)
    ).all()


def _day(row: CaseEventRow) -> date:
    return date.fromisoformat(row.details["on"]) if "on" in row.details else day_of(row.at)
