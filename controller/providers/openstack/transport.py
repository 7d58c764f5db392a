"""The HTTP session of a cloud: connections kept open, and the environment's proxies and certificates looked up once.

`connection.py` puts it below keystoneauth's session. requests itself goes through all environment variables and
~/.netrc at every request, which costs as much as the rest of sending it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from keystoneauth1.session import TCPKeepAliveAdapter


class Transport(requests.Session):
    """As requests would do it, with what the environment says about a host kept. Shared by threads."""

    def __init__(self, connections: int) -> None:
        super().__init__()
        self.trust_env = False
        self._by_host: dict[Any, dict[str, Any]] = {}
        adapter = TCPKeepAliveAdapter(pool_maxsize=connections)
        for scheme in ("http://", "https://"):
            self.mount(scheme, adapter)

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Proxies, certificates and streaming of one request; what a plain session finds is kept by host."""
        asked = (*urlsplit(url)[:2], verify, cert)
        if asked not in self._by_host:
            self._by_host[asked] = requests.Session().merge_environment_settings(url, proxies, stream, verify, cert)
        return {**self._by_host[asked], "stream": stream}
