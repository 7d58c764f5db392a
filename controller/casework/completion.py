"""A reclaim is complete when its stacks have ended and a whole list shows nothing left: then the case goes on, by rule.

Called by the sweep of every worker; one of them takes a reclaim at a time. Where something is left nothing is closed:
the log says so, and it is looked for again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import catalogue
from controller.casework.casefile.steps import Act, locked_case
from controller.casework.certificate.issue import keep_search
from controller.casework.conduct import perform
from controller.casework.consequences import follow
from controller.casework.ports import Ports
from controller.casework.specifying.inventory import stacks_of
from controller.domain.errors import YunguanError
from controller.domain.lifecycle import Effect
from controller.domain.roles import CONTROLLER_ACTOR
from controller.engine.applying.means import Means
from controller.reconcile import work
from controller.reconcile.leftovers import look_for
from controller.reconcile.work import Subject
from controller.store.casework import CaseRow
from controller.store.certificate import ReclaimSearchRow
from controller.store.database import Sessions
from controller.store.engine import Provisioning

RETRY = timedelta(minutes=5)
"""After that a reclaim that was not completed is tried again, whether it could not be or its worker died over it."""

log = logging.getLogger(__name__)


def complete_reclaims(sessions: Sessions, ports: Ports, means: Means) -> None:
    """Completes every reclaim whose stacks have ended; one that cannot be completed stays, and is tried again."""
    with sessions() as session:
        ready = _ended(session)
    for number, action, stacks in ready:
        with sessions.begin() as session:
            if not work.take(session, _reclaim(number), "its stacks have ended", hold=RETRY):
                continue
        try:
            complete(sessions, ports, means, number=number, action=action, stacks=stacks)
        except YunguanError as error:
            log.warning("%s cannot be completed yet: %s", number, error)


def complete(
    sessions: Sessions, ports: Ports, means: Means, *, number: str, action: str, stacks: Sequence[str]
) -> None:
    """Looks for what is left; keeps what was looked at and takes the step, with all that follows, in one transaction.

    Raises Incomplete where the cloud could not be listed whole, Refused where something is left.
    """
    leftovers = look_for(means, stacks)
    with sessions.begin() as session:
        case = locked_case(session, number)
        work.done(session, _reclaim(number), work.asked(session, _reclaim(number)))
        if session.scalar(select(ReclaimSearchRow.id).where(ReclaimSearchRow.case_id == case.id)) is not None:
            return  # another worker was first
        keep_search(session, number, leftovers)
        outcome = perform(session, Act(case=number, action=action, actor=CONTROLLER_ACTOR), ports)
        follow(session, outcome, ports)


def _reclaim(number: str) -> Subject:
    return Subject("reclaim", number)


def _ended(session: Session) -> list[tuple[str, str, Sequence[str]]]:
    """Cases that wait for the completion of a reclaim and whose stacks have all ended: number, action, stacks."""
    found: list[tuple[str, str, Sequence[str]]] = []
    for case in session.scalars(select(CaseRow).where(CaseRow.closed_at.is_(None)).order_by(CaseRow.id)).unique():
        stage = catalogue.city(case.city).procedure(case.procedure).stage(case.stage)
        action = next((one.name for one in stage.actions if one.effect is Effect.RELEASE), None)
        if action is None:
            continue
        stacks = stacks_of(session, case.system)
        if stacks and all(row.provisioning == Provisioning.ENDED for row in stacks):
            found.append((case.number, action, [row.name for row in stacks]))
    return found
