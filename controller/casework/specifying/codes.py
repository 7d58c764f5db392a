"""Chinese names become ASCII codes for files and stacks: 财务管理系统 → caiwuguanlixitong, numbered if taken."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count

MAX_LENGTH = 30
FALLBACK = "x"


def code_for(name: str, taken: Collection[str]) -> str:
    """A code for `name` that is not among `taken`: pinyin, or its initials where that is longer than 30 letters."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 its dictionaries take 55 MB and half a second, and few need them

    syllables = [re.sub(r"[^a-z0-9]+", "-", part.lower()) for part in lazy_pinyin(name)]
    code = _trimmed("".join(syllables))
    if len(code) > MAX_LENGTH:
        code = _trimmed("".join(syllable if len(syllable) == 1 else syllable[0] for syllable in syllables)[:MAX_LENGTH])
    code = code or FALLBACK
    candidates = (code if number == 1 else f"{code}-{number}" for number in count(1))
    return next(candidate for candidate in candidates if candidate not in taken)


def _trimmed(code: str) -> str:
    return re.sub(r"-+", "-", code).strip("-")
