"""A whole list of a collection as bodies, identity taken out. For what is looked up; `resource.py` lists kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.engine.provider import Carrier, Incomplete
from controller.providers.openstack import identity as carriers
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.paging import Answer, Place, walk


def _itself(entry: Body) -> Body:
    return entry


@dataclass(frozen=True)
class Listing:
    """Where a collection is. `entry` takes the body out of an entry of the list, `marker` names its key."""

    service: str
    path: str
    plural: str
    carrier: Carrier = Carrier.NATURAL
    microversion: str | None = None
    entry: Callable[[Body], Body] = _itself
    marker: str = "id"

    def all(self, cloud: Cloud, query: Mapping[str, Any]) -> Iterator[Body]:
        """Everything that the credentials see and that `query` lets through. Raises Incomplete."""

        def fetch(limit: int, place: Place) -> Answer:
            marker = {} if place.marker is None else {"marker": place.marker}
            answer = cloud.get(
                self.service, self.path, query={**query, "limit": limit, **marker}, microversion=self.microversion
            )
            if answer is None or not isinstance(answer.get(self.plural), list):
                raise Incomplete(f"the list of {self.plural} could not be read", where=cloud.name)
            return Answer(answer[self.plural], bool(answer.get(f"{self.plural}_links") or answer.get("next")))

        for page in walk(fetch, lambda entry: str(self.entry(entry)[self.marker])):
            for entry in page:
                yield carriers.unsigned(self.carrier, self.entry(entry))[0]
