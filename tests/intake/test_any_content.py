"""Whatever stands in the cells, a reading ends in a whole request or in problems: no traceback, no row lost."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.exceptions import IllegalCharacterError

from controller.intake.columns import Column
from tests.intake.forms import CONTACTS, FIRST, TITLES, UNIT, form, machine, read

NUMBERS = ["8", "８", "٣", "-1", "1e5", "x2", "2台", "13800000000"]
WORDS = ["公共网络区", "APP", "张三、李四", "a@example.com", "是", "否", "集群1", "/", "、", "a" * 300 + "@example.com"]
LINES = ["填写说明：", "申请单位：", "申请单位联系人", "示例", "以下空白"]
SIGNS = ["\u3000", "\u200b", "\ufffe", "=1+1", "#REF!"]
FRAGMENTS = [*NUMBERS, *WORDS, *LINES, *SIGNS, *TITLES]
texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=4).map("".join)
values = (
    st.none()
    | texts
    | st.booleans()
    | st.integers(-10, 200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.datetimes()
)


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    changes=st.lists(st.dictionaries(st.sampled_from(list(Column)), values, max_size=4), min_size=1, max_size=3),
    lines=st.sampled_from([(UNIT, CONTACTS)]) | st.tuples(texts, texts),
)
def test_a_reading_is_a_whole_request_or_problems(changes: list[dict[Column, object]], lines: tuple[str, str]):
    try:
        workbook = form(*(machine(change) for change in changes))
        workbook.worksheets[0]["A1"], workbook.worksheets[0]["A2"] = lines
    except IllegalCharacterError:
        return  # no file can hold it
    reading = read(workbook)
    assert (reading.request is None) == bool(reading.problems)
    if reading.request is not None:
        passed_over = sum(
            "未作为申请读取" in warning.message or "未读取" in warning.message for warning in reading.warnings
        )
        rows = [row.row for system in reading.request.systems for row in system.machines]
        assert len(rows) + passed_over == len(changes)
        assert set(rows) <= set(range(FIRST, FIRST + len(changes)))
