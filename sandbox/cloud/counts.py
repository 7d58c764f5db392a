"""How often each service was called, by method and project: what tests and figures of the controller rest on."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass
class Counts:
    """Calls by (service, method, project id); a call without a token counts under an empty project."""

    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, service: str, method: str, project_id: str) -> None:
        """Count one call, whatever becomes of it."""
        self.calls[service, method, project_id] += 1

    def clear(self) -> None:
        """Start again at nothing."""
        self.calls.clear()

    def document(self) -> dict[str, Any]:
        """`{"total", "mutating", "by_service", "calls": [{"service", "method", "project", "count"}]}`.

        Identity's POSTs are log-ins, which change nothing of a project: `mutating` leaves identity out.
        """
        by_service: Counter[str] = Counter()
        for (service, _, _), count in self.calls.items():
            by_service[service] += count
        return {
            "total": sum(self.calls.values()),
            "mutating": sum(
                count
                for (service, method, _), count in self.calls.items()
                if method in MUTATING and service != "identity"
            ),
            "by_service": dict(by_service),
            "calls": [
                {"service": service, "method": method, "project": project, "count": count}
                for (service, method, project), count in sorted(self.calls.items())
            ],
        }
