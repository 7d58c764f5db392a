"""Secrets are masked in whatever form they are said."""

from __future__ import annotations

import pytest

from controller.engine.program.masking import masked

KEY = "-- begin --\nMIIEow\n}\n"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"key: {KEY}.", "key: [secret]."),
        (f"key: {KEY!r}", "key: '[secret]'"),
        ("a line of it: MIIEow", "a line of it: [secret]"),
        ("{}", "{}"),
        ("abcdefabc", "[secret][secret]"),
        ("secret", "[secret]"),
    ],
)
def test_nothing_of_a_secret_is_left(text: str, left: str) -> None:
    assert masked(text, ["abc", "abcdef", KEY, "", "secret"]) == left
