"""The fault script: rules that say which requests go wrong, and how. Set on the admin port, asked for every request.

A rule matches by service, method, path and query (regular expressions), project (id), a substring of the body; it fires
from its `nth` match on, `count` times (`null`: for ever). What it does is its `action`:

    latency       wait `seconds` first
    status        answer `status` (409, 429 with Retry-After of `seconds`, 500, 503) as the service would; no effect
    close_before  close the connection; no effect
    lose_reply    the effect happens; the connection is closed instead of an answer
    empty_page    a list answers with nothing in it and no next page
    break_chain   a list's link to the next page is missing, although there is more
    expire_token  the caller's token is void from now on: 401
    kill          send `signal` to `pid`, `when` before the effect (which then does not happen) or after it
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

from sandbox.cloud.errors import BadRequest
from sandbox.cloud.routing import Call

ACTIONS = frozenset(
    {"latency", "status", "close_before", "lose_reply", "empty_page", "break_chain", "expire_token", "kill"}
)


@dataclass
class Fault:
    """One rule, with how often it matched and fired so far."""

    action: str
    service: str = ".*"
    method: str = ".*"
    path: str = ""
    """Searched in the path below the service's prefix."""
    query: str = ""
    """Searched in the query as sent: `marker=` names the pages after the first."""
    project: str = ""
    body: str = ""
    nth: int = 1
    count: int | None = 1
    status: int = 500
    seconds: float = 1.0
    pid: int = 0
    signal: str = "SIGKILL"
    when: str = "before"
    matched: int = field(default=0)
    fired: int = field(default=0)

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise BadRequest(f"action must be one of {', '.join(sorted(ACTIONS))}, not {self.action!r}")
        if self.when not in {"before", "after"}:
            raise BadRequest(f"when must be before or after, not {self.when!r}")
        if self.action == "kill" and self.pid <= 1:
            raise BadRequest("kill needs the pid of a process")
        for pattern in (self.service, self.method, self.path, self.query):
            try:
                re.compile(pattern)
            except re.error as error:
                raise BadRequest(f"{pattern!r} is no regular expression: {error}") from None

    def fires(self, call: Call) -> bool:
        """Whether this request is one of those the rule is for; counts the match."""
        if self.count is not None and self.fired >= self.count:
            return False
        if not (
            re.fullmatch(self.service, call.service.name)
            and re.fullmatch(self.method, call.method)
            and re.search(self.path, call.path)
            and re.search(self.query, urlencode(list(call.query.items())))
            and self.project in {"", call.caller.project_id}
            and self.body.encode() in call.content
        ):
            return False
        self.matched += 1
        if self.matched < self.nth:
            return False
        self.fired += 1
        return True


@dataclass
class FaultScript:
    """The rules in force, in the order given; every rule that fires has its effect."""

    rules: list[Fault] = field(default_factory=list)

    def extend(self, rules: Iterable[dict[str, Any]]) -> None:
        """Add rules; `BadRequest` names what is wrong with one, and then none is added."""
        try:
            self.rules.extend([Fault(**rule) for rule in rules])
        except TypeError as error:
            raise BadRequest(f"not a fault rule: {error}") from None

    def clear(self) -> None:
        """No faults any more."""
        self.rules.clear()

    def document(self) -> list[dict[str, Any]]:
        """The rules with their counts of matches and firings."""
        return [asdict(rule) for rule in self.rules]

    def firing(self, call: Call) -> list[Fault]:
        """The rules that fire for this request."""
        return [rule for rule in self.rules if rule.fires(call)]
