"""The one door to a case: an act is taken, what it sets going is done, the audit trail is written; the caller commits.

The command line, the pages and the timers all come through `perform`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from controller import audit
from controller.casework import change, exit, opening, trial
from controller.casework.casefile.confirming import check_confirmation
from controller.casework.casefile.outcome import CaseOutcome
from controller.casework.casefile.steps import Act, Taken, take
from controller.casework.ports import Ports
from controller.domain.lifecycle import Effect

EFFECTS: Mapping[Effect, Callable[[Taken], CaseOutcome]] = {
    Effect.SPECIFY_TRIAL: trial.specify_trial,
    Effect.SPECIFY_SERVICE: opening.specify_service,
    Effect.SPECIFY_CHANGE: change.specify_change,
    Effect.RESTORE: change.restore,
    Effect.STOP_TRIAL: trial.stop_trial,
    Effect.START_TRIAL: trial.start_trial,
    Effect.RECLAIM: exit.reclaim,
    Effect.RELEASE: exit.release,
    Effect.CONFIRM_OPENING: opening.confirm_opening,
    Effect.CONFIRM_CHANGE: change.confirm_change,
    Effect.CONFIRM_RESTORED: change.confirm_restored,
    Effect.CONFIRM_END: exit.confirm_end,
}

CONFIRMATIONS = frozenset({Effect.CONFIRM_OPENING, Effect.CONFIRM_CHANGE, Effect.CONFIRM_END})
"""What the ledger follows: each party's word is checked, the first as well as the one that completes it."""


def perform(session: Session, act: Act, ports: Ports) -> CaseOutcome:
    """Does `act` in the session's transaction, which the caller commits. Raises Refused, WrongUse, Failed or Unknown.

    After a refusal the caller rolls back: nothing of the act is left but files of evidence that no case names.
    """
    taken = take(session, act, ports)
    effect = taken.step.action.effect
    if effect in CONFIRMATIONS:
        check_confirmation(taken)
    outcome = EFFECTS[effect](taken) if effect and taken.step.completed else taken.outcome()
    audit.record(
        session,
        actor=act.actor,
        action=f"{taken.case.procedure}.{act.action}",
        target=act.case,
        details={
            "role": taken.step.role.value,
            "before": taken.step.before.stage,
            "after": taken.step.after.stage,
            "rule": taken.stage.rule,
            "commit": outcome.merged.commit if outcome.merged else None,
        },
    )
    return outcome
