"""The text of a PDF that `certificate.paper` made, page by page: its streams inflated, its strings decoded."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator

_CHINESE_FONT = re.compile(rb"/Encoding /UniGB-UCS2-H /Name /(F\d+)")
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\) Tj|(?<=\s)([qQ])(?=\s)", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, in the order in which it is drawn; words are not parted from each other."""
    (chinese,) = _CHINESE_FONT.findall(pdf)
    streams = (base64.a85decode(found.strip().removesuffix(b"~>")) for found in _STREAM.findall(pdf))
    return ["".join(_strings(zlib.decompress(stream), chinese)) for stream in streams]


def _strings(content: bytes, chinese: bytes) -> Iterator[str]:
    font, saved = b"", [b""]
    for selected, shown, state in _SHOWN.findall(content):
        if selected:
            font = selected
        elif state == b"q":
            saved.append(font)
        elif state == b"Q":
            font = saved.pop()
        else:
            yield _ESCAPED.sub(_plain, shown).decode("utf-16-be" if font == chinese else "cp1252")


def _plain(escape: re.Match[bytes]) -> bytes:
    what = escape.group(1)
    return bytes([int(what, 8)]) if what[:1].isdigit() else _CONTROLS.get(what, what)
