"""Cinder's documents → what a reply shows: links, fields by microversion, pages.

`Kind` names how a collection appears on the wire; `listed`, `shown` and `found` do for every kind what cinder does
for each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sandbox.cloud.errors import BadRequest, NotFound
from sandbox.cloud.paging import cut
from sandbox.cloud.routing import Call, Microversion
from sandbox.cloud.store import Collection, Document
from sandbox.cloud.volume.state import VolumeState


@dataclass(frozen=True)
class Kind:
    """A kind on the wire: its names, which fields came with which microversion, and where it shows its project."""

    singular: str
    plural: str
    collection: Callable[[VolumeState], Collection]
    since: Mapping[str, Microversion] = field(default_factory=dict)
    project_field: str = ""
    summary: tuple[str, ...] = ("id", "name")
    """The fields of a list without details."""

    def of(self, call: Call) -> Collection:
        return self.collection(call.world[VolumeState])


def found(call: Call, kind: Kind, identifier: str) -> Document:
    """The document, where it is the caller's; `NotFound` otherwise."""
    document = kind.of(call).get(identifier)
    if document is None or not call.caller.owns(document):
        raise NotFound(f"{kind.singular.replace('_', ' ').capitalize()} {identifier} could not be found.")
    return document


def shown(call: Call, kind: Kind, document: Document) -> Document:
    """One document in full, as the microversion asked for has it."""
    hidden = {name for name, version in kind.since.items() if call.microversion < version} | {"project_id"}
    view = {name: value for name, value in document.items() if name not in hidden and name[0] != "_"}
    if kind.project_field and call.microversion >= kind.since.get(kind.project_field, (3, 0)):
        view[kind.project_field] = document["project_id"]
    view["links"] = links(call, kind, document)
    return view


def summarised(call: Call, kind: Kind, document: Document) -> Document:
    """One document of a list without details."""
    return {name: document[name] for name in kind.summary} | {"links": links(call, kind, document)}


def links(call: Call, kind: Kind, document: Document) -> list[dict[str, str]]:
    """Where the document answers."""
    tail = f"{call.params['project_id']}/{kind.plural}/{document['id']}"
    return [
        {"rel": "self", "href": f"{call.root}/v3/{tail}"},
        {"rel": "bookmark", "href": f"{call.root}/{tail}"},
    ]


def visible(call: Call, kind: Kind) -> Sequence[Document]:
    """The project's documents; those of all projects for an administrator who says `all_tenants`."""
    if call.caller.is_admin and call.flag("all_tenants"):
        wanted = call.query.get("project_id")
        return kind.of(call).where(project_id=wanted) if wanted else list(kind.of(call))
    return kind.of(call).where(project_id=call.caller.project_id)


def listed(call: Call, kind: Kind, *, detail: bool) -> dict[str, Any]:
    """A page of the kind, filtered and sorted as the query asks."""
    chosen = _sorted(call, [each for each in visible(call, kind) if _fits(call, each)])
    page = cut(call, chosen[_offset(call) :])
    view = shown if detail else summarised
    document: dict[str, Any] = {kind.plural: [view(call, kind, each) for each in page.documents]}
    if page.links:
        document[f"{kind.plural}_links"] = page.links
    if call.flag("with_count") and "with_count" in call.query:
        document["count"] = len(chosen)
    return document


_NOT_FILTERS = frozenset(
    {"limit", "marker", "offset", "sort", "sort_key", "sort_dir", "all_tenants", "project_id", "with_count"}
)


def _fits(call: Call, document: Document) -> bool:
    for name, text in call.query.items():
        if name in _NOT_FILTERS:
            continue
        if name == "metadata":
            if not _asked_metadata(text).items() <= document.get("metadata", {}).items():
                return False
        elif name in {"created_at", "updated_at"} and call.microversion >= (3, 60):
            if not _is_then(document[name] or document["created_at"], text):
                return False
        elif name.endswith("~"):
            if text not in str(document.get(name[:-1])):
                return False
        elif name in document and str(document[name]).lower() != text.lower():
            return False
    return True


_COMPARED = {"gt": gt, "gte": ge, "eq": eq, "neq": ne, "lt": lt, "lte": le}


def _is_then(stamp: str, text: str) -> bool:
    """Whether a time fits `gte:2026-09-28T08:00:00` and its like, several of them with commas between."""
    for part in text.split(","):
        operator, _, moment = part.partition(":")
        try:
            fits = _COMPARED[operator](datetime.fromisoformat(stamp), datetime.fromisoformat(moment))
        except (KeyError, ValueError):
            raise BadRequest(f"Invalid input received: {text} is no comparison with a time.") from None
        if not fits:
            return False
    return True


def _asked_metadata(text: str) -> dict[str, str]:
    """`{'a': 'b'}` as clients write it (Python's or JSON's quotes)."""
    pairs = (part.partition(":") for part in text.strip("{} ").split(",") if part.strip())
    return {name.strip(" '\"").removeprefix("u'"): value.strip(" '\"") for name, _, value in pairs}


def _sorted(call: Call, documents: list[Document]) -> list[Document]:
    """`sort=name:asc,created_at:desc`; without it the newest first, as cinder does."""
    keys = [part.partition(":") for part in call.query.get("sort", "").split(",") if part]
    if not keys:
        return documents[::-1]
    for key, _, direction in reversed(keys):
        if documents and key not in documents[0]:
            raise BadRequest(f"Invalid input received: Sort key {key} is not valid.")
        documents.sort(key=lambda each: str(each[key]), reverse=direction == "desc")
    return documents


def _offset(call: Call) -> int:
    text = call.query.get("offset", "0")
    if not text.isdigit():
        raise BadRequest("offset param must be an integer")
    return int(text)
