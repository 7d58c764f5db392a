"""The kinds of resources of the model cloud as data: `cloud.py` obeys it, `kinds.py` tells it to the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Property:
    """An input. `of`: the kind whose id it is. A `write_only` one is never shown by the cloud."""

    replaces: bool = False
    of: str = ""
    write_only: bool = False


@dataclass(frozen=True)
class Schema:
    """A kind. `key` names the inputs that are its natural key, where it has one."""

    properties: Mapping[str, Property]
    data_bearing: bool = False
    key: Sequence[str] = ()

    @property
    def plain(self) -> Sequence[str]:
        """The inputs that are neither another resource nor part of the key."""
        return [name for name, one in self.properties.items() if not one.of and name not in self.key]


NETWORK, SUBNET, DISK = "model:net:Network", "model:net:Subnet", "model:disk:Disk"
SERVER, ATTACHMENT, KEY = "model:host:Server", "model:host:Attachment", "model:host:Key"

SCHEMAS: Mapping[str, Schema] = {
    NETWORK: Schema({"cidr": Property(replaces=True), "label": Property()}),
    SUBNET: Schema({"network": Property(replaces=True, of=NETWORK), "label": Property()}),
    DISK: Schema({"size": Property(), "medium": Property(replaces=True)}, data_bearing=True),
    SERVER: Schema(
        {
            "network": Property(replaces=True, of=NETWORK),
            "image": Property(replaces=True),
            "flavor": Property(),
            "password": Property(write_only=True),
        },
    ),
    ATTACHMENT: Schema(
        {"server": Property(replaces=True, of=SERVER), "disk": Property(replaces=True, of=DISK)},
        key=("server", "disk"),
    ),
    KEY: Schema({"title": Property(replaces=True), "public": Property(replaces=True)}, key=("title",)),
}
