"""Which services a machine of each server type offers, and to whom: the table of least opening, pure data.

`openings.py` makes rules of it, `slb.py` listeners. What does not stand here is closed. Reasons:

    WEB  a government site: HTTP and HTTPS, for the zone's clients, or only for its load balancer where it has one
    APP  the application's HTTP port, for WEB of the same system and its load balancer; never for clients directly
    DAT  databases (SQL Server, Oracle, MySQL, PostgreSQL), for APP and MID; among themselves where clustered
    MID  caches, queues and registries, for APP and WEB; among themselves where clustered
    FTP  control and a narrow passive range, for the zone's clients and APP
    TST, OTH  nothing but the bastion: what they need is asked for by a change
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from controller.domain.spec import ServerType


class Source(Enum):
    """Who may reach a service, other than a server type of the same system."""

    CLIENTS = "clients"
    BALANCER = "balancer"
    PEERS = "peers"


@dataclass(frozen=True)
class Service:
    """A TCP port, or range of ports, that a server type answers on; `protocol` is what a load balancer calls it."""

    name: str
    first_port: int
    last_port: int
    sources: tuple[ServerType | Source, ...]
    protocol: str = "TCP"


_TO_DATABASES = (ServerType.APP, ServerType.MID, Source.PEERS)
_TO_MIDDLEWARE = (ServerType.APP, ServerType.WEB, Source.PEERS)
_TO_FILES = (ServerType.APP, Source.CLIENTS)

SERVICES: dict[ServerType, tuple[Service, ...]] = {
    ServerType.WEB: (
        Service("http", 80, 80, (Source.CLIENTS, Source.BALANCER), "HTTP"),
        Service("https", 443, 443, (Source.CLIENTS, Source.BALANCER), "HTTPS"),
    ),
    ServerType.APP: (Service("app", 8080, 8080, (ServerType.WEB, Source.BALANCER), "HTTP"),),
    ServerType.DAT: (
        Service("mssql", 1433, 1433, _TO_DATABASES),
        Service("oracle", 1521, 1521, _TO_DATABASES),
        Service("mysql", 3306, 3306, _TO_DATABASES),
        Service("postgresql", 5432, 5432, _TO_DATABASES),
    ),
    ServerType.MID: (
        Service("registry", 2181, 2181, _TO_MIDDLEWARE),
        Service("amqp", 5672, 5672, _TO_MIDDLEWARE),
        Service("redis", 6379, 6379, _TO_MIDDLEWARE),
        Service("kafka", 9092, 9092, _TO_MIDDLEWARE),
    ),
    ServerType.FTP: (
        Service("ftp", 21, 21, _TO_FILES),
        Service("ftp-passive", 50000, 50099, _TO_FILES),
    ),
    ServerType.TST: (),
    ServerType.OTH: (),
}
