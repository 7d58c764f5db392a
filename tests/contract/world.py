"""The world of a contract test: a provider on the simulated cloud, and what it made and will remove again."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from controller.engine.provider import Kind, Observation, Scope
from controller.providers.openstack.catalogue import CloudCatalogue
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry
from sandbox.cloud.process import RunningCloud

Inputs = Mapping[str, Any]


class World:
    """Makes resources through the kinds, each with an identity of its own."""

    def __init__(self, simulated: RunningCloud) -> None:
        self.simulated = simulated
        settings = ProviderSettings(request_timeout=5.0, settle_seconds=1.0, patience=5.0, retry_seconds=0.01)
        self.provider = Registry(settings)
        self.cloud = self.provider.cloud("sandbox")
        self.catalogue = CloudCatalogue(self.cloud)
        self._made: list[tuple[Kind, str, Inputs]] = []
        self._shared: dict[str, Observation] = {}
        self._count = 0

    def identity(self) -> str:
        self._count += 1
        digest = hashlib.sha256(str(self._count).encode()).digest()
        return "yg-" + base64.b32encode(digest).decode().lower()[:26]

    def make(self, token: str, inputs: Inputs, identity: str | None = None) -> Observation:
        """Checked and created; removed again by `clear`."""
        kind = self.provider.kind(token)
        checked = kind.check(inputs)
        assert not checked.failures
        made = kind.create(self.cloud, checked.inputs, identity or self.identity())
        self.owns(kind, made.id, checked.inputs)
        return made

    def owns(self, kind: Kind, id: str, inputs: Inputs) -> None:
        self._made.append((kind, id, inputs))

    def shared(self, name: str, token: str, inputs: Inputs) -> Observation:
        """A prerequisite, made once a test."""
        if name not in self._shared:
            self._shared[name] = self.make(token, inputs)
        return self._shared[name]

    def clear(self) -> None:
        for kind, id, inputs in reversed(self._made):
            kind.delete(self.cloud, id, inputs)

    def fault(self, **rule: Any) -> None:
        self.simulated.ask("POST", "/faults", [rule])

    def faults_fired(self) -> int:
        return sum(rule["fired"] for rule in self.simulated.ask("GET", "/faults"))

    def everything(self, kind: Kind) -> list[Observation]:
        """The whole list of the project, whose last page must prove that it is whole."""
        pages = list(kind.list(self.cloud, Scope()))
        assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
        return [item for page in pages for item in page.items]

    def objects(self) -> dict[str, int]:
        """How many objects of each sort the cloud holds, without the default groups that it makes at first use."""
        counts: dict[str, int] = self.simulated.ask("GET", "/status")["objects"]
        groups = self.simulated.ask("GET", "/objects?kind=security_group")
        named = sum(group["name"] != "default" for group in groups)
        return {**{noun: counts[noun] for noun in _COUNTED}, "security_group": named}


_COUNTED = (
    "network",
    "subnet",
    "router",
    "port",
    "floating_ip",
    "server",
    "server_group",
    "keypair",
    "volume",
    "attachment",
    "loadbalancer",
    "listener",
    "pool",
    "member",
    "healthmonitor",
)
