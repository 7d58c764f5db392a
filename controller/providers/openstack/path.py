"""The path of a request: what is asked for by its id or name is one segment of it, whatever characters it has.

Called by every kind and function that does. Source: RFC 3986, 3.3 and 5.2.4.
"""

from __future__ import annotations

from urllib.parse import quote

from controller.engine.provider import Rejected


def path_to(collection: str, *segments: str) -> str:
    """`collection` and, below it, each of `segments`: an id that holds `?` names nothing else than itself.

    Raises Rejected, nothing being sent, for what no server can be asked for by: `.` and `..` are taken out on the way,
    and many servers take an escaped `/` for one.
    """
    for segment in segments:
        if segment in ("", ".", "..") or "/" in segment:
            raise Rejected(f"{segment!r} is no id", status=404, where=collection)
    return "/".join((collection, *(quote(segment, safe="") for segment in segments)))
