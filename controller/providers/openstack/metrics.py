"""What this process's calls to clouds come to, as Prometheus metrics. Counted by `gate.py` and `connection.py`; what
serves them is `serve.py`. Labels name clouds, services and methods, never a unit or a resource.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each was first counted tells nobody anything

CALLS = Counter(
    "yunguan_cloud_calls",
    "Calls to a cloud's services by HTTP status; status none: the reply was lost",
    ["cloud", "service", "method", "status"],
)
CALL_SECONDS = Histogram(
    "yunguan_cloud_call_seconds",
    "From sending a call to its reply",
    ["cloud", "service", "method"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
CALLS_WAITING = Gauge("yunguan_cloud_calls_waiting", "Calls that wait for a token or a place", ["cloud", "priority"])
PAUSES = Counter("yunguan_cloud_pauses", "Pauses that a cloud asked for by Retry-After", ["cloud"])
PAUSE_SECONDS = Counter("yunguan_cloud_pause_seconds", "How long those pauses were asked to be, together", ["cloud"])


@dataclass
class Reply:
    """The HTTP status that a call was answered with."""

    status: str = "none"


@contextmanager
def counted(cloud: str, service: str, method: str) -> Iterator[Reply]:
    """Counts and times the call in the block, which tells how it was answered."""
    reply = Reply()
    try:
        with CALL_SECONDS.labels(cloud, service, method).time():
            yield reply
    finally:
        CALLS.labels(cloud, service, method, reply.status).inc()
