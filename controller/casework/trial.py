"""A trial: specified by the approval, stopped when its days are over, proposed for reclaim after its days of grace.

Rule: LZ-21-4. `clocks` counts the days, `timers` brings the end; only a person approves the reclaim (`exit`).
"""

from __future__ import annotations

from controller.casework.merging import approved, merge, merge_demand
from controller.casework.outcome import Outcome
from controller.casework.steps import Taken
from controller.domain.spec import Phase, Power


def specify_trial(taken: Taken) -> Outcome:
    """The approval: the demand is resolved and merged as a trial environment."""
    return taken.outcome(merged=merge_demand(taken, Phase.TRIAL))


def stop_trial(taken: Taken) -> Outcome:
    """The trial has run out: its servers are stopped and its data kept, by rule, without a person."""
    stopped = [spec.model_copy(update={"power": Power.STOPPED}) for spec in approved(taken)]
    return taken.outcome(merged=merge(taken, stopped))


def propose_reclaim(taken: Taken) -> Outcome:
    """The days of grace are over, or the unit gives up: a person must now approve the reclaim (invariant 4)."""
    return taken.outcome(proposed=tuple(spec.stack_name for spec in approved(taken)))
