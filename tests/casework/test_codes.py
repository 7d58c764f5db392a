"""ASCII codes of Chinese names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.casework.specifying.codes import MAX_LENGTH, code_for


@pytest.mark.parametrize(
    ("name", "taken", "code"),
    [
        ("财务管理系统", (), "caiwuguanlixitong"),
        ("财务管理系统", ("caiwuguanlixitong",), "caiwuguanlixitong-2"),
        ("财务管理系统", ("caiwuguanlixitong", "caiwuguanlixitong-2"), "caiwuguanlixitong-3"),
        ("OA 系统（二期）", (), "oa-xitong-erqi"),
        ("柳州市政务服务一体化在线平台", (), "lzszwfwythzxpt"),
        ("！！！", (), "x"),
    ],
)
def test_codes(name: str, taken: tuple[str, ...], code: str) -> None:
    assert code_for(name, taken) == code


@given(name=st.text(max_size=80), taken=st.sets(st.sampled_from(["x", "x-2", "a"])))
def test_any_name_gets_a_code_that_may_name_a_file(name: str, taken: set[str]) -> None:
    code = code_for(name, taken)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", code)
    assert len(code) <= MAX_LENGTH + 3
    assert code not in taken
