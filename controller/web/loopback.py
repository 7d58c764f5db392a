"""Pages without sign-in are for this machine alone: where they may listen, and under which names they answer."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from controller.domain.errors import Refused
from controller.settings import Settings


def require_loopback(settings: Settings) -> None:
    """Raises Refused where `serve` would listen on an address that other machines can reach."""
    if not is_loopback(settings.listen_host):
        raise Refused(
            f"pages have no sign-in yet, so they are not served on {settings.listen_host}",
            where="YUNGUAN_LISTEN_HOST",
            remedy="listen on 127.0.0.1, and let a reverse proxy on this machine ask people who they are",
        )


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address) is this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_addressed_here(host_header: str) -> bool:
    """Whether a request was addressed to this machine: a foreign name that was made to lead here is turned away."""
    try:
        return is_loopback(urlsplit(f"//{host_header}").hostname or "")
    except ValueError:
        return False
