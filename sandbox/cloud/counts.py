"""How often each service was called, by method and project: what tests and figures of the controller rest on."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass
class Counts:
    """Calls by (service, method, project id); a call without a token counts under an empty project."""

    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    first_mutation: float | None = None
    """When the first mutating call came in (seconds since the epoch)."""

    def add(self, service: str, method: str, project_id: str) -> None:
        """Count one call, whatever becomes of it."""
        self.calls[service, method, project_id] += 1
        if self.first_mutation is None and _is_mutating(service, method):
            self.first_mutation = time.time()

    def clear(self) -> None:
        """Start again at nothing."""
        self.calls.clear()
        self.first_mutation = None

    def document(self) -> dict[str, Any]:
        """`{"total", "mutating", "first_mutation", "by_service", "calls"}`.

        A call is `{"service", "method", "project", "count"}`. Identity's POSTs are log-ins, which change nothing of a
        project: what is mutating leaves identity out.
        """
        by_service: Counter[str] = Counter()
        for (service, _, _), count in self.calls.items():
            by_service[service] += count
        return {
            "total": sum(self.calls.values()),
            "mutating": sum(
                count for (service, method, _), count in self.calls.items() if _is_mutating(service, method)
            ),
            "first_mutation": self.first_mutation,
            "by_service": dict(by_service),
            "calls": [
                {"service": service, "method": method, "project": project, "count": count}
                for (service, method, project), count in sorted(self.calls.items())
            ],
        }


def _is_mutating(service: str, method: str) -> bool:
    return method in MUTATING and service != "identity"
