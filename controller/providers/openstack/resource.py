"""RestKind: the calls of a kind over a collection of a REST API. A kind overrides what it must.

A call that changes something is sent once. What comes after a create call only waits, or ends as `Unsettled` with what
was seen, so that the engine always learns the id of what it made.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.engine.properties import PropertyMap, revealed
from controller.engine.provider import (
    Change,
    Incomplete,
    Observation,
    Page,
    Rejected,
    Scope,
    Uncertain,
    Unsettled,
)
from controller.providers.openstack import identity as carriers
from controller.providers.openstack.budget import Priority
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.paging import Answer, Fetch, Place, walk
from controller.providers.openstack.path import path_to
from controller.providers.openstack.shape import Shape
from controller.providers.openstack.waiting import looks

_LASTING_CONFLICT = re.compile(r"quota|exist|already|overlap|duplicate|not enough|no more", re.IGNORECASE)


_LOOKS_BEFORE_GONE = 6
"""A cloud's databases may lag behind the answer to a create by a moment."""

Finish = Callable[[Cloud, Body, PropertyMap], Body]


class RestKind(Shape):
    """A kind whose resources are the entries of a collection."""

    def create(self, cloud: Cloud, inputs: PropertyMap, identity: str) -> Observation:
        """One POST that carries `identity`; then waits until it is ready."""
        plain = revealed(inputs)
        body = self.request_of(carriers.signed(self.carrier, self.body_of(plain), identity), plain)
        made = self._send(cloud, "POST", self.collection(plain), body, plain)
        return self._settled(cloud, self.entry_of(made, plain), inputs, self.create_timeout, self.finish)

    def read(self, cloud: Cloud, id: str, inputs: PropertyMap) -> Observation | None:
        """As the cloud shows it; None only after an answer that it does not exist."""
        body = self._look(cloud, id)
        return None if body is None else self.observe(body, inputs)

    def update(self, cloud: Cloud, id: str, inputs: PropertyMap, changes: Mapping[str, Change]) -> Observation:
        """The ordinary update request where one is needed, then what the kind amends; waits until it is ready."""
        plain = revealed(inputs)
        patch = self.patch_of(plain, changes)
        try:
            if patch:
                body = {self.key: self._still_signed(cloud, id, patch)}
                self._send(cloud, self.update_method, self.member(id), body, plain)
            self.amend(cloud, id, plain, changes)
        except Rejected as refusal:
            self._tell_what_was_taken(cloud, id, inputs, changes, refusal)
            raise
        return self._settled(cloud, self.bare(id), inputs, self.update_timeout)

    def delete(self, cloud: Cloud, id: str, inputs: PropertyMap) -> None:
        """One DELETE; waits until the cloud no longer knows it. One that is gone already is done."""
        plain = revealed(inputs)
        try:
            self._send(cloud, "DELETE", self.member(id), None, plain)
        except Rejected as error:
            if error.status == 404:
                return
            raise
        if self.lifecycle is not None:
            self.await_parents(cloud, plain, self.delete_timeout)
            self._await_gone(cloud, id)

    def find(self, cloud: Cloud, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        """All in this project that carry `identity`, from a complete list."""
        plain = revealed(inputs)
        query = {**self.whose(cloud, Scope(cloud.project_id)), **self.narrowing(plain)}
        bodies = self.bodies(cloud, query, Priority.APPLY)
        return [self.observe(body, inputs) for body in bodies if carriers.unsigned(self.carrier, body)[1] == identity]

    def list(self, cloud: Cloud, scope: Scope) -> Iterator[Page]:
        """Everything of this kind in `scope`, by page."""
        for bodies in self.pages_in(cloud, scope):
            yield Page([self.observe(body) for body in bodies], last=False)
        yield Page((), last=True)

    # What a kind may say otherwise.

    update_method = "PUT"

    def collection(self, plain: PropertyMap) -> str:
        """The path of the collection that a resource with these inputs stands in."""
        return self.path

    def member(self, id: str) -> str:
        """The path of one resource."""
        return path_to(self.path, id)

    def bare(self, id: str) -> Body:
        """A body that tells only the id."""
        return {"id": id}

    def request_of(self, body: Body, plain: PropertyMap) -> Body:
        """The create request that holds `body`."""
        return {self.key: body}

    def entry_of(self, answer: Body, plain: PropertyMap) -> Body:
        """The resource's body in the answer of a call."""
        body: Body = answer[self.key]
        return body

    def entries_of(self, answer: Body) -> Sequence[Body]:
        """The bodies in the answer of a list."""
        entries: Sequence[Body] = answer[self.plural]
        return entries

    def marker_of(self, body: Body) -> str:
        """What a list goes on behind."""
        return str(body["id"])

    def is_gone(self, body: Body) -> bool:
        """Whether a body shows what is, to this kind, no resource (any more)."""
        return self.lifecycle is not None and body.get(self.lifecycle.status) in self.lifecycle.gone

    def whose(self, cloud: Cloud, scope: Scope) -> dict[str, Any]:
        """The query that narrows a list to `scope`."""
        if scope.project is None:
            return dict(self.everywhere) if cloud.sees_all_projects else {}
        return {} if scope.project == cloud.project_id else {**self.everywhere, "project_id": scope.project}

    def changes_of(self, since: datetime) -> dict[str, Any]:
        """The query for what was made or changed at `since` (UTC) or later."""
        return {}

    def narrowing(self, plain: PropertyMap) -> dict[str, Any]:
        """The query that `find` may add: parents, which never change."""
        return {}

    def finish(self, cloud: Cloud, body: Body, plain: PropertyMap) -> Body:
        """What a create needs beyond its call, such as tags; gives the body as it is then."""
        return body

    def amend(self, cloud: Cloud, id: str, plain: PropertyMap, changes: Mapping[str, Change]) -> None:
        """The part of an update that is no ordinary request."""

    def passes(self, refusal: Rejected) -> bool:
        """Whether a refusal may pass by itself, so that it is worth asking again."""
        return refusal.status == 409 and not _LASTING_CONFLICT.search(refusal.message)

    def await_parents(self, cloud: Cloud, plain: PropertyMap, timeout: float) -> None:
        """What is waited for, up to `timeout` seconds, before a refused call is sent again and after one was taken."""

    def bodies(self, cloud: Cloud, query: Mapping[str, Any], priority: Priority) -> Iterator[Body]:
        """The bodies of a complete list."""
        return (body for page in self.pages(cloud, query, priority) for body in page)

    def pages(
        self, cloud: Cloud, query: Mapping[str, Any], priority: Priority, path: str = ""
    ) -> Iterator[Sequence[Body]]:
        """The bodies of the list at `path` (the kind's own), by page."""
        fetch = self.fetch_from(cloud, path or self.path + self.detail, query, priority)
        # Filtered only here: a page that is shortened before looks like the last one.
        for page in walk(fetch, self.marker_of):
            yield [body for body in page if not self.is_gone(body)]

    def microversion_for(self, query: Mapping[str, Any]) -> str | None:
        """The one that a list with this query is asked for in."""
        return self.microversion

    def fetch_from(self, cloud: Cloud, path: str, query: Mapping[str, Any], priority: Priority) -> Fetch:
        """How one page is asked for: by limit and marker."""

        def fetch(limit: int, place: Place) -> Answer:
            marker = {} if place.marker is None else {"marker": place.marker}
            return self.page(cloud, path, {**query, "limit": limit, **marker}, priority)

        return fetch

    def page(self, cloud: Cloud, path: str, query: Mapping[str, Any], priority: Priority) -> Answer:
        """One page of the list."""
        microversion = self.microversion_for(query)
        answer = cloud.get(self.service, path, query=query, microversion=microversion, priority=priority)
        if answer is None or not isinstance(answer.get(self.plural), builtins.list):
            raise Incomplete(f"the list of {self.plural} could not be read", where=cloud.name)
        return Answer(self.entries_of(answer), bool(answer.get(f"{self.plural}_links")))

    # The rest is the same for all.

    def _send(self, cloud: Cloud, method: str, path: str, body: object, plain: PropertyMap) -> Body:
        """Sends once; a refusal that may pass is tried again within the cloud's patience."""
        microversion = self.create_microversion if method == "POST" else None
        refusal: Rejected | None = None
        for _ in looks(cloud.settings.patience):
            if refusal is not None:
                self.await_parents(cloud, plain, cloud.settings.patience)
            try:
                return cloud.send(self.service, method, path, body, microversion=microversion or self.microversion)
            except Rejected as error:
                if not self.passes(error):
                    raise
                refusal = error
        assert refusal is not None  # noqa: S101  looks() gives at least one try
        raise refusal

    def _look(self, cloud: Cloud, id: str) -> Body | None:
        answer = cloud.get(self.service, self.member(id), microversion=self.microversion)
        if answer is None:
            return None
        body: Body = {**self.bare(id), **answer[self.key]}
        return None if self.is_gone(body) else body

    def _still_signed(self, cloud: Cloud, id: str, patch: Body) -> Body:
        """`patch` with the identity that the resource carries, where the patch would overwrite it."""
        if carriers.attribute(self.carrier) not in patch:
            return patch
        body = self._look(cloud, id)
        identity = None if body is None else carriers.unsigned(self.carrier, body)[1]
        return patch if identity is None else carriers.signed(self.carrier, patch, identity)

    def _tell_what_was_taken(
        self, cloud: Cloud, id: str, inputs: PropertyMap, changes: Mapping[str, Change], refusal: Rejected
    ) -> None:
        """Raises Unsettled with what is there where the cloud took a part of an update before it refused the rest."""
        body = self._look(cloud, id)
        if body is None:
            return
        now = self.observe(body, inputs)
        if any(name in now.fields and now.fields[name] != change.old for name, change in changes.items()):
            text = f"a part of it was changed before the cloud refused the rest: {refusal.message}"
            raise Unsettled(text, observation=now, where=cloud.name) from refusal

    def _settled(
        self, cloud: Cloud, body: Body, inputs: PropertyMap, timeout: float, finish: Finish | None = None
    ) -> Observation:
        """The observation once the resource is ready and finished; Unsettled with what was seen otherwise."""
        try:
            body = self._await_ready(cloud, body, inputs, timeout)
            if finish is not None:
                body = finish(cloud, body, revealed(inputs))
        except (Rejected, Uncertain, Incomplete) as error:
            raise Unsettled(error.message, observation=self.observe(body, inputs), where=cloud.name) from error
        return self.observe(body, inputs)

    def _await_ready(self, cloud: Cloud, body: Body, inputs: PropertyMap, timeout: float) -> Body:
        if self.is_ready(body):
            return body
        self.await_parents(cloud, revealed(inputs), timeout)
        return self.await_state(cloud, self.id_of(body), self.is_ready, timeout, inputs)

    def await_state(
        self,
        cloud: Cloud,
        id: str,
        reached: Callable[[Body], bool],
        timeout: float,
        inputs: PropertyMap | None = None,
    ) -> Body:
        """Looks until `reached`. Raises Unsettled with what was seen last where that takes longer than `timeout`."""
        body, problem = self.bare(id), "it did not reach the state that was asked for in time"
        unseen = 0
        for _ in looks(timeout):
            try:
                found = self._look(cloud, id)
            except Incomplete as error:
                problem = error.message
                continue
            body, unseen = (found, 0) if found is not None else (body, unseen + 1)
            if found is not None and reached(body):
                return body
            if unseen == _LOOKS_BEFORE_GONE:
                problem = "the cloud does not know it"
                break
            if self._is_broken(body):
                problem = f"the cloud gave it up{_fault_of(body)}"
                break
        raise Unsettled(
            f"{self.key} {id}: {problem}",
            observation=self.observe(body, inputs),
            where=cloud.name,
            broken=self._is_broken(body),
        )

    def _await_gone(self, cloud: Cloud, id: str) -> None:
        body = self.bare(id)
        for _ in looks(self.delete_timeout):
            try:
                found = self._look(cloud, id)
            except Incomplete:
                continue
            if found is None:
                return
            body = found
            if self.lifecycle is not None and body.get(self.lifecycle.status) in self.lifecycle.stuck:
                break
        text = f"{self.key} {id} was not removed{_fault_of(body)}"
        raise Unsettled(text, observation=self.observe(body), where=cloud.name)

    def is_ready(self, body: Body) -> bool:
        """Whether a body shows a resource that is as a create or update promised."""
        if self.lifecycle is None:
            return body.keys() > self.bare("").keys()
        return body.get(self.lifecycle.status) in self.lifecycle.ready

    def _is_broken(self, body: Body) -> bool:
        return self.lifecycle is not None and body.get(self.lifecycle.status) in self.lifecycle.broken

    def pages_in(self, cloud: Cloud, scope: Scope) -> Iterator[Sequence[Body]]:
        """The bodies of everything in `scope`, by page; the end of the pages proves that the list was whole."""
        changes = self.changes_of(scope.changed_since) if scope.changed_since is not None else {}
        yield from self.pages(cloud, {**self.whose(cloud, scope), **changes}, Priority.DRIFT)


def _fault_of(body: Body) -> str:
    fault = body.get("fault") or {}
    return f": {fault['message']}" if fault.get("message") else ""
