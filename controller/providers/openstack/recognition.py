"""What sign-in tells of a cloud → its fingerprint, shown to whoever remembers clouds before the first call is sent.

Used by `connection.py`. Behind a name of clouds.yaml may one day stand another project or another cloud; there, every
list would lack what is ours, and every deletion would find nothing to delete.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

Fingerprint = Mapping[str, str]
"""By what a cloud is known again: whose credentials these are, and where its services are; no secret, no user."""

Vouch = Callable[[str, Fingerprint], None]
"""Told the cloud's name and fingerprint. Raises Unfamiliar where another one is known."""

VOUCHED_SECONDS = 30.0
"""How long a fingerprint is taken as compared: meanwhile a person may have accepted another."""

_TELLING_SERVICES = ("identity", "compute", "network")


def anyone(_name: str, _fingerprint: Fingerprint) -> None:
    """Vouches for every cloud: where nothing is remembered from one use to the next."""


def fingerprint_of(access: Any, region: str | None) -> Fingerprint:
    """From keystoneauth's `AccessInfoV3`; of services, those in `region` count (None or "": in all)."""
    found = {
        "project": access.project_id or "",
        "project domain": access.project_domain_id or "",
        "user domain": access.user_domain_id or "",
    }
    for service in _TELLING_SERVICES:
        urls = access.service_catalog.get_urls(service_type=service, interface="public", region_name=region or None)
        found[f"{service} address"] = " ".join(sorted(urls))
    return found


class Recognition:
    """Asks about one cloud as often as it must, and no more."""

    def __init__(self, name: str, vouch: Vouch) -> None:
        self._name = name
        self._vouch = vouch
        self._vouched_until = 0.0

    def require(self, shown: Callable[[], Fingerprint]) -> None:
        """Raises Unfamiliar where the cloud is another one, and what signing in to it for `shown` raises."""
        if time.monotonic() < self._vouched_until:
            return
        self._vouch(self._name, shown())
        self._vouched_until = time.monotonic() + VOUCHED_SECONDS
