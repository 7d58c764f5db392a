"""Documents of one kind, kept as the API shows them, found by id and by a few indexed fields.

Handlers change a document's plain fields in place; fields that are indexed change through `Collection.change`.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.cloud.errors import NotFound

Document = dict[str, Any]


class Collection:
    """Documents by id in order of creation; `project_id` is always indexed.

    `noun` is the kind's name: what errors call it and what the admin port's `kind` asks for.
    """

    def __init__(self, noun: str, *indexed: str) -> None:
        self.noun = noun
        self._documents: dict[str, Document] = {}
        self._indexes: dict[str, dict[Any, dict[str, Document]]] = {name: {} for name in ("project_id", *indexed)}

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._documents.values()))

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._documents

    def __getitem__(self, identifier: str) -> Document:
        """The document; `NotFound` (404) where there is none."""
        try:
            return self._documents[identifier]
        except KeyError:
            name = self.noun.replace("_", " ").capitalize()
            kind = "".join(word.capitalize() for word in self.noun.split("_")) + "NotFound"
            raise NotFound(f"{name} {identifier} could not be found.", kind=kind) from None

    def get(self, identifier: str | None) -> Document | None:
        """The document or nothing."""
        return None if identifier is None else self._documents.get(identifier)

    def add(self, document: Document) -> Document:
        """Keep a document under its `id`."""
        identifier = document["id"]
        self._documents[identifier] = document
        for name, index in self._indexes.items():
            index.setdefault(document.get(name), {})[identifier] = document
        return document

    def remove(self, identifier: str) -> Document:
        """Forget a document; `NotFound` where there is none."""
        document = self[identifier]
        del self._documents[identifier]
        for name, index in self._indexes.items():
            index[document.get(name)].pop(identifier, None)
        return document

    def change(self, document: Document, **fields: Any) -> Document:
        """Set fields, keeping the indexes true."""
        identifier = document["id"]
        for name, value in fields.items():
            index = self._indexes.get(name)
            if index is not None:
                index[document.get(name)].pop(identifier, None)
                index.setdefault(value, {})[identifier] = document
            document[name] = value
        return document

    def where(self, **equal: Any) -> list[Document]:
        """The documents whose fields equal all of these, in order of creation; indexed fields narrow first."""
        remaining = dict(equal)
        source: dict[str, Document] = self._documents
        for name in equal:
            if name in self._indexes:
                source = self._indexes[name].get(remaining.pop(name), {})
                break
        if not remaining:
            return list(source.values())
        return [
            document
            for document in source.values()
            if all(document.get(name) == value for name, value in remaining.items())
        ]

    def first(self, **equal: Any) -> Document | None:
        """The oldest document that `where` finds, or nothing."""
        return next(iter(self.where(**equal)), None)
