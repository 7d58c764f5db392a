"""The name by which a stack is kept ↔ the name that Pulumi, and so its URNs and its program, know. Pure.

`city/unit/system.zone` is a system's stack; `program/<project>/<stack>` that of a program from anywhere.
"""

from __future__ import annotations

import re
from typing import Final

from controller.domain.errors import WrongUse

_PROGRAMS: Final = "program/"
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")


def program_stack(project: str, stack: str) -> str:
    """The name by which the stack of a program from anywhere is kept: `program/<project>/<stack>`.

    Raises WrongUse for names that Pulumi does not allow.
    """
    for part in (project, stack):
        if not _NAME.fullmatch(part):
            raise WrongUse(f"{part!r} is no name of a project or stack", remedy="use letters, digits, and . - _")
    return f"{_PROGRAMS}{project}/{stack}"


def is_program_stack(stack: str) -> bool:
    """Whether `stack` is that of a program from anywhere, which belongs to no case."""
    return stack.startswith(_PROGRAMS)


def project_of(stack: str) -> str | None:
    """The project that the name of a program's stack tells; None for a system's, which all are of one project."""
    return stack.removeprefix(_PROGRAMS).rpartition("/")[0] if is_program_stack(stack) else None


def pulumi_stack_name(stack: str) -> str:
    """The name of `city/unit/system.zone` as Pulumi allows it: `/` becomes `_`, which no code of ours contains.

    The stack of a program from anywhere keeps its own. Raises WrongUse for a name with other characters than Pulumi's.
    """
    name = stack.rpartition("/")[2] if is_program_stack(stack) else stack.replace("/", "_")
    if not _NAME.fullmatch(name):
        raise WrongUse(f"{stack!r} is no stack name", remedy="use letters, digits, and . - _ /")
    return name
