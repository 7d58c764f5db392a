"""What a program says → the same without secrets. Called by what shows or keeps it: run, components, dynamic/host."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

MASK: Final = "[secret]"

_SHORTEST_LINE: Final = 4
"""Characters: a shorter line of a secret would mask what has nothing to do with it."""


def masked(text: str, secrets: Iterable[str]) -> str:
    """`text` in which none of `secrets` stands: as it is, as Python quotes it, or one of its lines alone.

    The longest counts first, so that nothing is left of one that begins with another.
    """
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    if not forms:
        return text
    return re.sub("|".join(map(re.escape, sorted(forms, key=len, reverse=True))), MASK, text)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield repr(secret)[1:-1]
    for line in secret.splitlines():
        if len(line.strip()) >= _SHORTEST_LINE:
            yield line.strip()
