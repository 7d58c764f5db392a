"""Columns that hold names of places (`domain.place`), asked for all places of one entry of clouds.yaml."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute


def lies_on(column: InstrumentedAttribute[str], entry: str) -> ColumnElement[bool]:
    """Whether a column names a place of `entry`."""
    beyond = (column.startswith(f"{entry}{mark}", autoescape=True) for mark in "/@")
    return or_(column == entry, *beyond)
