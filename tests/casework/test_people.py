"""Who is registered stands once, whoever else registers at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from controller.casework.people import register_unit
from controller.domain.errors import WrongUse
from controller.domain.funding import UnitKind
from controller.store.casework import UnitRow
from controller.store.database import Sessions

NAME = "柳州市教育局"


def register(sessions: Sessions, kind: UnitKind = UnitKind.MUNICIPAL_ORGAN) -> str:
    with sessions.begin() as session:
        return register_unit(session, city="liuzhou", name=NAME, kind=kind, by="operator").code


def test_two_operators_register_the_same_unit_at_once(sessions: Sessions) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = {future.result() for future in [pool.submit(register, sessions) for _ in range(8)]}
    with sessions() as session:
        assert codes == set(session.scalars(select(UnitRow.code)))
    assert len(codes) == 1


def test_a_unit_is_not_registered_as_another_kind(sessions: Sessions) -> None:
    register(sessions)
    with pytest.raises(WrongUse, match="已登记为"):
        register(sessions, UnitKind.FULLY_FUNDED_INSTITUTION)
