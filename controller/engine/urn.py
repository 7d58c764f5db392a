"""A resource's URN: text ↔ its parts. Pure; whatever reads, makes or changes a URN does it here.

Pulumi's grammar (https://www.pulumi.com/docs/iac/concepts/resources/names/#urns):

    urn:pulumi:<stack>::<project>::<parent's qualified type>$<type>::<name>

The qualified type names the types of the parents, the topmost first and the stack's left out, then the resource's own.
Neither stack nor project nor type contains `::`, and no type contains `$`. A name may contain both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from controller.domain.errors import WrongUse

STACK_TYPE: Final = "pulumi:pulumi:Stack"
"""Type of the resource that stands for the whole stack."""

_SCHEME: Final = "urn:pulumi:"
_BETWEEN: Final = "::"
_BELOW: Final = "$"


@dataclass(frozen=True)
class Urn:
    """One URN; `str` writes it. `stack` is Pulumi's name of the stack (`stack_names.py`)."""

    stack: str
    project: str
    qualified_type: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Urn:
        """The URN in `text`. Raises WrongUse where that is none."""
        parts = text.removeprefix(_SCHEME).split(_BETWEEN, 3)
        if not text.startswith(_SCHEME) or len(parts) < 4:
            raise WrongUse(f"{text!r} is no URN", remedy=f"write {_SCHEME}STACK::PROJECT::TYPE::NAME")
        return cls(*parts)

    @classmethod
    def of_stack(cls, project: str, stack: str) -> Urn:
        """That of the resource that stands for the whole stack."""
        return cls(stack, project, STACK_TYPE, f"{project}-{stack}")

    @property
    def type(self) -> str:
        """The resource's own type, its token."""
        return self.qualified_type.rpartition(_BELOW)[2]

    def child(self, type_: str, name: str) -> Urn:
        """The URN of a resource below this one."""
        qualified = type_ if self.type == STACK_TYPE else f"{self.qualified_type}{_BELOW}{type_}"
        return replace(self, qualified_type=qualified, name=name)

    def __str__(self) -> str:
        return _SCHEME + _BETWEEN.join((self.stack, self.project, self.qualified_type, self.name))


@dataclass(frozen=True)
class ProviderReference:
    """How a resource names its explicit provider: `<urn>::<id>`, "" for none. An id contains no `::`."""

    urn: str
    id: str

    @classmethod
    def parse(cls, text: str) -> ProviderReference:
        """The reference in `text`; both parts are "" where there is none."""
        urn, _, id = text.rpartition(_BETWEEN)
        return cls(urn, id)

    def __str__(self) -> str:
        return f"{self.urn}{_BETWEEN}{self.id}" if self.urn else ""
