"""The parties that act in a case. Which of them may do what stands in the city's file; here are only their names."""

from __future__ import annotations

import re
from enum import StrEnum

ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""What an account may be called: it stands in commits of the estate and in the audit trail."""


class Role(StrEnum):
    """A part that a person plays in one city.

    `OPERATOR` runs the controller and registers who there is; no regulation names it. `CONTROLLER` is the rule itself
    acting, without a person.
    """

    UNIT = "unit"
    COMPETENT_DEPARTMENT = "competent_department"
    AUTHORITY = "authority"
    CENTRE = "centre"
    VENDOR = "vendor"
    SUPERVISOR = "supervisor"
    FINANCE = "finance"
    OPERATOR = "operator"
    CONTROLLER = "controller"


CONTROLLER_ACTOR = "controller"
"""The actor of what happens by rule, such as the end of a trial; no person may sign in under this name."""
