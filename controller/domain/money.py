"""Amounts of money: exact values become Decimal yuan in fen, half up, once a line. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError(f"write {str(value)!r} as text: floating point is not exact")  # noqa: TRY004 pydantic wants it
    return value


Exact = Annotated[
    Decimal,
    Field(ge=0, max_digits=30, decimal_places=12),
    BeforeValidator(_exact),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": r"^\d+(\.\d{1,12})?$"}, {"type": "integer", "minimum": 0}]}
    ),
]
"""A price or quantity as files carry it: decimal, not negative, never by way of floating point."""


def to_fen(value: Fraction) -> Decimal:
    """`value` yuan rounded to fen, half up (away from zero), from the exact fraction: there is no second rounding."""
    doubled = abs(value) * 200
    fen = (doubled.numerator // doubled.denominator + 1) // 2
    return (Decimal(fen) if value >= 0 else Decimal(-fen)).scaleb(-2)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum of amounts that stand in fen already; 0.00 for none."""
    return sum(amounts, Decimal("0.00"))


def plain(number: Decimal) -> str:
    """`number` without exponent: the form in which files and bills carry quantities, prices and amounts."""
    return f"{number:f}"
