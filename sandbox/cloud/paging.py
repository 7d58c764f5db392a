"""One page of a list: `limit` and `marker` of the query, and the address of the next page."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.cloud.errors import BadRequest
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document


@dataclass(frozen=True)
class Page:
    """The documents of this page, and where the next one is (nothing on the last)."""

    documents: Sequence[Document]
    next_url: str | None

    @property
    def links(self) -> list[dict[str, str]]:
        """`[{"rel": "next", "href": …}]` or empty, as nova, cinder, neutron and octavia write it."""
        return [{"rel": "next", "href": self.next_url}] if self.next_url else []


def cut(call: Call, documents: Sequence[Document], *, maximum: int = 1000, key: str = "id") -> Page:
    """The page that `limit` and `marker` ask for, of documents already filtered and sorted.

    `maximum` is the server's own limit; a marker that is not in the list is `BadRequest`, as in every service.
    """
    limit = min(_limit(call), maximum)
    start = 0
    marker = call.query.get("marker")
    if marker:
        start = next((place + 1 for place, document in enumerate(documents) if document[key] == marker), -1)
        if start < 0:
            raise BadRequest(f"marker [{marker}] not found")
    chosen = documents[start : start + limit]
    if start + limit >= len(documents) or not chosen:
        return Page(chosen, None)
    query = [(name, value) for name, value in call.query.items() if name != "marker"]
    return Page(chosen, f"{call.url}?{urlencode([*query, ('marker', chosen[-1][key])])}")


def _limit(call: Call) -> int:
    text = call.query.get("limit")
    if not text:
        return 10**9
    try:
        limit = int(text)
    except ValueError:
        raise BadRequest("limit param must be an integer") from None
    if limit < 0:
        raise BadRequest("limit param must be positive")
    return limit or 10**9
