"""A step of a case from the command line: taken with all that follows from it; then its stacks are woken."""

from __future__ import annotations

from controller.casework.casefile.outcome import CaseOutcome
from controller.casework.casefile.steps import Act
from controller.casework.conduct import perform
from controller.casework.consequences import follow
from controller.casework.specifying.publishing import publish_due
from controller.domain.errors import Refused
from controller.domain.roles import CONTROLLER_ACTOR
from controller.workplace import Workplace


def do(place: Workplace, act: Act) -> CaseOutcome:
    """Does a person's `act` in one transaction. Raises what `perform` raises; nothing of it is left then."""
    if act.actor == CONTROLLER_ACTOR:
        raise Refused(f"{CONTROLLER_ACTOR} 是规则自身的名义，任何人不得以此办理", where=act.case)
    with place.sessions.begin() as session:
        outcome = perform(session, act, place.ports)
        subjects = follow(session, outcome, place.ports)
    publish_due(place.sessions, place.ports.forge)
    for subject in subjects:
        place.queue.wake(subject)
    return outcome
