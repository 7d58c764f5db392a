"""One cloud of clouds.yaml: a call goes in, the answer's body or one of the engine's errors comes out.

The SDK's proxies serve as adapters (authentication, discovery, microversions, one new token after a 401); its Resource
objects are not built, since they cost a hundred times the parsing of the body. Nothing repeats a request that changes
something: keystoneauth's own retries are switched off, and a reply that was lost becomes `Uncertain`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Any

import requests
from keystoneauth1 import exceptions
from openstack.exceptions import SDKException

from controller.domain.place import Place
from controller.engine.provider import Incomplete, Rejected, Uncertain, Unfamiliar, about_to_send, rest
from controller.providers.openstack.accounts import Accounts, OwnAccounts
from controller.providers.openstack.budget import LONGEST_PAUSE, CloudLimits, Priority
from controller.providers.openstack.gate import Gate
from controller.providers.openstack.metrics import counted
from controller.providers.openstack.recognition import Recognition, Vouch, anyone, fingerprint_of
from controller.providers.openstack.signin import signed_in
from controller.providers.openstack.transport import Transport
from controller.providers.openstack.trees import Trees
from controller.providers.openstack.waiting import looks

Body = dict[str, Any]

_READ_ATTEMPTS = 5
_SIGN_IN_ATTEMPTS = 3

_PROXIES = {"block-storage": "block_storage", "load-balancer": "load_balancer"}


_LISTS_ALL = "admin"
"""The role that the services' own policies let list every project."""


class NotAllowed(Incomplete):
    """The role of these credentials may not read this (403)."""


@dataclass(frozen=True)
class ProviderSettings:
    """How the provider treats its clouds. Times in seconds.

    `patience` is how long a conflict that may pass (409) and a service that asks for a pause (429) are waited for;
    `retry_seconds` the pause before a read that failed is tried again, doubled with each further try. `limits` are
    those of entries of clouds.yaml that `limits_of` does not name.
    """

    request_timeout: float = 60.0
    settle_seconds: float = 30.0
    patience: float = 60.0
    retry_seconds: float = 0.2
    limits: CloudLimits = field(default_factory=CloudLimits)
    limits_of: Mapping[str, CloudLimits] = field(default_factory=dict)

    def gate(self, entry: str, accounts: Accounts) -> Gate:
        """The way to an entry of clouds.yaml, for all its regions and projects."""
        return Gate(entry, self.limits_of.get(entry, self.limits), accounts)


class Cloud:
    """The connection to one place by its name, shared by threads. It connects at its first call."""

    def __init__(self, name: str, settings: ProviderSettings, gate: Gate | None = None, vouch: Vouch = anyone) -> None:
        self.name = name
        self.place = Place.parse(name)
        self.settings = settings
        self.trees = Trees()
        self._recognition = Recognition(name, vouch)
        self._gate = gate or settings.gate(self.place.entry, OwnAccounts())
        self._lock = Lock()
        self._connection: Any = None
        self._services: dict[str, Any] = {}
        self._turns: dict[str, Lock] = {}

    @property
    def calls_made(self) -> int:
        """How many requests this process has sent to the services of the entry, in all its regions and projects."""
        return self._gate.calls

    @property
    def project_id(self) -> str:
        """The project that the credentials stand for.

        Raises Incomplete where the cloud cannot tell, or is not the one that was known.
        """
        problem = ""
        for attempt in range(_SIGN_IN_ATTEMPTS):
            if attempt and not rest(self.settings.retry_seconds * 2 ** (attempt - 1)):
                break
            try:
                self._require_known()
                return str(self._connected().session.get_project_id() or "")
            except Unfamiliar as error:
                raise Incomplete(error.message, where=self.name, remedy=error.remedy) from error
            except exceptions.ClientException as error:
                problem = str(error)
        raise Incomplete(f"the cloud did not let us in: {problem}", where=self.name)

    @property
    def access(self) -> Any:
        """Whom the credentials stand for, and the services' catalogue: keystoneauth's `AccessInfoV3`.

        Raises Incomplete where the cloud cannot tell.
        """
        try:
            session = self._connected().session
            return session.auth.get_access(session)
        except exceptions.ClientException as error:
            raise Incomplete(f"the cloud did not let us in: {error}", where=self.name) from error

    @property
    def region(self) -> str:
        """The region of the services, "" where the cloud's entry in clouds.yaml names none. Raises Incomplete."""
        try:
            return str(self._connected().config.region_name or "")
        except exceptions.ClientException as error:
            raise Incomplete(f"the cloud did not let us in: {error}", where=self.name) from error

    @property
    def sees_all_projects(self) -> bool:
        """Whether the role may list what lies in projects of others. Raises Incomplete."""
        return _LISTS_ALL in self.access.role_names

    def recognise(self) -> None:
        """Raises Unfamiliar where this is not the cloud that was known; one that does not answer is not judged."""
        with suppress(exceptions.ClientException, SDKException):
            self._require_known()

    def get(
        self,
        service: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        microversion: str | None = None,
        priority: Priority = Priority.CONFIRM,
    ) -> Body | None:
        """The body at `path`, or None after an answer that there is none (404).

        Raises NotAllowed for a 403, and Incomplete for any other refusal and where several tries brought no answer.
        """
        problem = ""
        for attempt in range(_READ_ATTEMPTS):
            if attempt and not rest(self.settings.retry_seconds * 2 ** (attempt - 1)):
                break
            try:
                answer = self._call(service, "GET", path, None, query, microversion, priority)
            except Unfamiliar as error:
                raise Incomplete(error.message, where=self.name, remedy=error.remedy) from error
            except (exceptions.ConnectionError, Rejected) as error:
                problem = str(error)
                continue
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return None
            if answer.ok:
                try:
                    return dict(answer.json())
                except ValueError:
                    problem = "the answer is not JSON"
                    continue
            problem = f"HTTP {answer.status_code}: {message_of(answer)}"
            if answer.status_code == HTTPStatus.FORBIDDEN:
                raise NotAllowed(f"{service} may not be read: GET {path}: {problem}", where=self.name)
            if answer.status_code < 500 and answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                break
        raise Incomplete(f"{service} could not be read: GET {path}: {problem}", where=self.name)

    def send(
        self, service: str, method: str, path: str, body: object = None, *, microversion: str | None = None
    ) -> Body:
        """Sends a request that changes something, once, and gives the body of the answer ({} where it has none).

        Raises Rejected where the cloud refused (nothing was changed), Uncertain where the reply was lost or is a 5xx.
        """
        for _ in looks(self.settings.patience):
            try:
                answer = self._call(service, method, path, body, None, microversion, Priority.APPLY)
            except exceptions.ConnectionError as error:
                raise Uncertain(f"no reply to {method} {path} of {service}: {error}", where=self.name) from error
            if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                break
        if answer.status_code >= 500:
            text = f"{service} failed on {method} {path}: HTTP {answer.status_code}: {message_of(answer)}"
            raise Uncertain(text, where=self.name)
        if not answer.ok:
            raise self._rejected(service, method, path, answer)
        return _body_of(answer)

    def remove(self, service: str, path: str, *, microversion: str | None = None) -> None:
        """Sends a DELETE; what is gone already (404) is done. Raises as `send`."""
        try:
            self.send(service, "DELETE", path, microversion=microversion)
        except Rejected as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def _call(
        self,
        service: str,
        method: str,
        path: str,
        body: object,
        query: Mapping[str, Any] | None,
        microversion: str | None,
        priority: Priority,
    ) -> requests.Response:
        try:
            self._require_known()
            adapter = self._service(service)
            request = partial(
                adapter.request,
                path,
                method,
                json=body,
                params=dict(query or {}),
                microversion=microversion,
                timeout=self.settings.request_timeout,
                connect_retries=0,
                status_code_retries=0,
                log=False,
            )
            with self._gate.call(service, priority):
                if method != "GET":
                    about_to_send()
                with counted(self.place.entry, service, method) as reply:
                    answer: requests.Response = request()
                    if answer.status_code == HTTPStatus.UNAUTHORIZED:
                        # keystoneauth renews the token of one thread only, when several find it void at once.
                        if method != "GET":
                            about_to_send()
                        answer = request()
                    reply.status = str(answer.status_code)
        except exceptions.ConnectionError:
            raise
        except (exceptions.ClientException, SDKException) as error:
            # The service's own answers come back as responses: this is sign-in or discovery, before anything was sent.
            status = getattr(error, "http_status", None) or HTTPStatus.SERVICE_UNAVAILABLE
            raise Rejected(f"the cloud did not let us in: {error}", status=status, where=self.name) from error
        pause = _pause_asked_by(answer)
        if pause:
            self._gate.pause(pause)
        return answer

    def _require_known(self) -> None:
        connection = self._connected()
        session, region = connection.session, connection.config.region_name
        self._recognition.require(lambda: fingerprint_of(session.auth.get_access(session), region))

    def _service(self, service: str) -> Any:
        """The service's adapter. Building it asks for versions, for which other services do not wait."""
        if service not in self._services:
            connection = self._connected()
            with self._lock:
                turn = self._turns.setdefault(service, Lock())
            with turn:
                if service not in self._services:
                    self._services[service] = getattr(connection, _PROXIES.get(service, service))
        return self._services[service]

    def _connected(self) -> Any:
        with self._lock:
            if self._connection is None:
                connection = signed_in(self.place)
                connection.session.session = Transport(2 * self._gate.concurrency)
                self._connection = connection
            return self._connection

    def _rejected(self, service: str, method: str, path: str, answer: requests.Response) -> Rejected:
        text = f"{service} refused {method} {path}: HTTP {answer.status_code}: {message_of(answer)}"
        return Rejected(text, status=answer.status_code, where=self.name)


def message_of(answer: requests.Response) -> str:
    """What the service said was wrong, from whichever form it gives its errors."""
    try:
        document = answer.json()
    except ValueError:
        return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())[:300]
    if isinstance(document, dict):
        for part in (document, *document.values()):
            if isinstance(part, str):
                return part
            if isinstance(part, dict):
                text = part.get("message") or part.get("faultstring")
                if text:
                    return str(text)
    return json.dumps(document, ensure_ascii=False)[:300]


def _body_of(answer: requests.Response) -> Body:
    if not answer.content:
        return {}
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _pause_asked_by(answer: requests.Response) -> float:
    """Seconds for which the service wants no more calls (RFC 9110, Retry-After), 0 where it asks for none."""
    if answer.status_code not in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return 0.0
    default = "1" if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS else "0"
    text = answer.headers.get("Retry-After", default)
    try:
        seconds = float(text) if text.isdigit() else (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        seconds = float(default)
    return min(max(seconds, 0.0), LONGEST_PAUSE)
