"""`yunguan clock`: the domain clock, which a drill may let run ahead of the real one."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from controller import audit
from controller.casework.permissions import Permission, require
from controller.catalogue import cities
from controller.cli.arguments import OPERATOR, Operator, workplace
from controller.cli.output import Format, Output, print_facts, say
from controller.domain.calendar import minute_of
from controller.domain.errors import Refused
from controller.store import clock

app = typer.Typer(no_args_is_help=True, help="The domain clock; a drill may move it")


@app.command()
def show(output: Output = Format.TABLE) -> None:
    """The time that people's clocks and bills go by, and how far it is ahead of the real one."""
    with workplace() as place, place.sessions() as session:
        facts = {"now": clock.now(session), "ahead": str(clock.offset(session))}
    print_facts(facts, {"now": "NOW", "ahead": "AHEAD BY"}, output)


@app.command()
def advance(days: Annotated[int, typer.Argument(min=1, max=3660)], user: Operator = OPERATOR) -> None:
    """Lets days pass, in a home that is set up for drills (YUNGUAN_DRILL=true). There is no way back."""
    with workplace() as place, place.sessions.begin() as session:
        if not place.settings.drill:
            raise Refused("this home is not set up for drills", remedy="never in production: set YUNGUAN_DRILL=true")
        require(session, user, Permission.MOVE_CLOCK, cities=cities())
        now = clock.advance(session, timedelta(days=days))
        audit.record(session, actor=user, action="clock.advance", target="domain clock", details={"days": days})
    say(f"it is now {minute_of(now)}")
