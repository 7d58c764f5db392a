"""The table of API budgets: how many calls each cloud still bears, shared by all processes."""

from __future__ import annotations

from sqlalchemy import Float, Text
from sqlalchemy.orm import Mapped, mapped_column

from controller.store.base import Base, Instant


class ApiBudgetRow(Base):
    """The tokens of one cloud at `counted_at` (the database's clock), a purse a priority; `apply` is the common one.

    Until `paused_until` the cloud asked to be left alone.
    """

    __tablename__ = "api_budget"

    cloud: Mapped[str] = mapped_column(Text, primary_key=True)
    apply: Mapped[float] = mapped_column(Float)
    confirm: Mapped[float] = mapped_column(Float)
    drift: Mapped[float] = mapped_column(Float)
    counted_at: Mapped[Instant]
    paused_until: Mapped[Instant]
