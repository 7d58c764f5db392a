"""A list request's query → which documents, in which order, with which fields (neutron's list conventions)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.errors import BadRequest
from sandbox.cloud.paging import Page, cut
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document

_NOT_FILTERS = frozenset({"limit", "marker", "page_reverse", "sort_key", "sort_dir", "fields"})
_TAGS: dict[str, Callable[[set[str], set[str]], bool]] = {
    "tags": lambda has, asked: asked <= has,
    "tags-any": lambda has, asked: bool(asked & has),
    "not-tags": lambda has, asked: not asked <= has,
    "not-tags-any": lambda has, asked: not asked & has,
}
MAXIMUM = 1000


def page(call: Call, documents: Sequence[Document]) -> Page:
    """Filter, sort and cut; a filter on a field that the kind does not have is passed over, as neutron does."""
    chosen = cut(call, _sorted(call, _filtered(call, documents)), maximum=MAXIMUM)
    names = _all(call, "fields")
    if not names:
        return chosen
    return Page([narrowed(each, names) for each in chosen.documents], chosen.next_url)


def narrowed(document: Document, names: Sequence[str]) -> Document:
    """The document with the fields named (`fields=id&fields=name`)."""
    return {name: document[name] for name in names if name in document} if names else document


def fields_of(call: Call) -> list[str]:
    """The fields asked for, or none for all."""
    return _all(call, "fields")


def _filtered(call: Call, documents: Sequence[Document]) -> list[Document]:
    remaining = list(documents)
    for name in dict.fromkeys(call.query):
        if name in _NOT_FILTERS:
            continue
        asked = set(_all(call, name))
        if name in _TAGS:
            fits, tags = _TAGS[name], {tag for text in asked for tag in text.split(",")}
            remaining = [each for each in remaining if fits(set(each.get("tags", ())), tags)]
        elif name == "changed_since":
            since = _moment(call.query[name])
            remaining = [each for each in remaining if datetime.fromisoformat(each["updated_at"]) >= since]
        elif name == "fixed_ips":
            remaining = [each for each in remaining if _has_address(each, asked)]
        else:
            remaining = [each for each in remaining if name not in each or _equals(each[name], asked)]
    return remaining


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise BadRequest(f"Invalid input for changed_since: {text} is no time.", kind="BadRequest") from None


def _equals(value: Any, asked: set[str]) -> bool:
    if isinstance(value, bool):
        return any((text.lower() in {"true", "1"}) is value for text in asked)
    if isinstance(value, list):
        return any(text in value for text in asked)
    return ("" if value is None else str(value)) in asked


def _has_address(port: Document, asked: set[str]) -> bool:
    """`fixed_ips=subnet_id=…` and `fixed_ips=ip_address=…`: both, where both are asked for, of one address."""
    pairs = [text.partition("=") for text in asked]
    return any(all(address.get(name) == value for name, _, value in pairs) for address in port.get("fixed_ips", ()))


def _sorted(call: Call, documents: list[Document]) -> list[Document]:
    keys, directions = _all(call, "sort_key"), _all(call, "sort_dir")
    for place, key in reversed(list(enumerate(keys))):
        direction = directions[place] if place < len(directions) else "asc"
        if documents and key not in documents[0]:
            raise BadRequest(
                f"Invalid input for operation: '{key}' is an invalid attribute for sort keys.", kind="BadRequest"
            )
        documents.sort(key=lambda each: (each[key] is None, each[key]), reverse=direction == "desc")
    return documents


def _all(call: Call, name: str) -> list[str]:
    return list(call.query.getall(name, []))  # type: ignore[attr-defined]
