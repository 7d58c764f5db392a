"""The family of errors that a person reads. Everything else that is raised is a defect.

YunguanError              carries a headline, where it is, and what to do; the CLI and the pages print it as it is
├── Refused               a rule or an invariant says no (exit code 1); names the rule id where one applies
├── Failed                something that was tried did not work (exit code 1)
├── WrongUse              the call itself is off: unknown name, missing argument (exit code 2)
├── Unknown               the cloud could not be read completely, so nothing can be concluded (exit code 3)
└── Stopped               it was told to end; what was begun has ended and is kept (exit code 130)
"""

from __future__ import annotations


class YunguanError(Exception):
    """What went wrong, where, and what to do about it.

    `rule` is an id of the regulations' rules (for example "LZ-21-4"), where one applies.
    """

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", remedy: str = "", rule: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy
        self.rule = rule

    def __str__(self) -> str:
        head = f"[{self.rule}] {self.message}" if self.rule else self.message
        at = f" ({self.where})" if self.where else ""
        todo = f"\n  → {self.remedy}" if self.remedy else ""
        return f"{head}{at}{todo}"


class Refused(YunguanError):
    """A rule of the regulation or an invariant of the controller says no."""


class Failed(YunguanError):
    """Something that was tried did not work; nothing half-done is left unrecorded."""


class WrongUse(YunguanError):
    """The call itself is off: an unknown name, a missing or contradictory argument."""

    exit_code = 2


class Unknown(YunguanError):
    """The cloud could not be read completely: nothing may be concluded from what was seen."""

    exit_code = 3


class Stopped(YunguanError):
    """The process was told to end: what was in flight has ended and is recorded, nothing else was begun."""

    exit_code = 130
