"""A trial: specified by the approval, stopped when its days are over, proposed for reclaim after its days of grace.

Rule: LZ-21-4. `clocks` counts the days, `timers` brings the end; only a person approves the reclaim (`exit`).
"""

from __future__ import annotations

from controller.casework.casefile.confirming import require_ready
from controller.casework.casefile.outcome import CaseOutcome
from controller.casework.casefile.steps import Taken
from controller.casework.specifying.merging import approved, merge, merge_demand
from controller.domain.spec import Phase, Power


def specify_trial(taken: Taken) -> CaseOutcome:
    """The approval: the demand is resolved and merged as a trial environment."""
    return taken.outcome(merged=merge_demand(taken, Phase.TRIAL))


def stop_trial(taken: Taken) -> CaseOutcome:
    """The trial has run out: its servers are stopped and its data kept, by rule, without a person."""
    stopped = [spec.model_copy(update={"power": Power.STOPPED}) for spec in approved(taken)]
    return taken.outcome(merged=merge(taken, stopped))


def start_trial(taken: Taken) -> CaseOutcome:
    """The trial is handed over, and its days begin: not before every stack stands ready."""
    require_ready(taken.session, approved(taken), taken.stage.rule)
    return taken.outcome()
