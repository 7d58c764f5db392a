"""openstack:loadbalancer/pool:Pool. Source: Load Balancer API v2, "Pools"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controller.engine.properties import PropertyMap
from controller.engine.provider import Failure
from controller.providers.fields import Field
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import members
from controller.providers.openstack.load_balancing import (
    ADMIN_STATE_UP,
    DESCRIPTION,
    NAME,
    TAGS,
    TENANT_ID,
    LoadBalancingKind,
    balancer_of_listener,
    first_of,
)

_PARENTS = ("listenerId", "loadbalancerId")


class Pool(LoadBalancingKind):
    token = "openstack:loadbalancer/pool:Pool"  # noqa: S105
    path, key, plural = "/lbaas/pools", "pool", "pools"
    delete_before_replace = True  # a listener leads to one pool
    fields = (
        Field("listenerId", replaces=True),
        Field("loadbalancerId", replaces=True),
        Field(
            "protocol",
            required=True,
            replaces=True,
            choices=("TCP", "HTTP", "HTTPS", "PROXY", "PROXYV2", "UDP", "SCTP"),
        ),
        Field(
            "lbMethod",
            "lb_algorithm",
            required=True,
            choices=("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP", "SOURCE_IP_PORT"),
        ),
        NAME,
        DESCRIPTION,
        ADMIN_STATE_UP,
        Field(
            "persistence",
            "session_persistence",
            type=dict,
            replaces=True,
            members={"type": "type", "cookieName": "cookie_name"},
            normal=members(),
        ),
        TAGS,
    )
    shows = (
        TENANT_ID,
        Field("alpnProtocols", type=list),
        Field("caTlsContainerRef"),
        Field("crlContainerRef"),
        Field("tlsCiphers"),
        Field("tlsContainerRef"),
        Field("tlsEnabled", type=bool),
        Field("tlsVersions", type=list),
    )

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        given = [name for name in _PARENTS if inputs.get(name) is not None]
        return () if len(given) == 1 else (Failure("listenerId", f"exactly one of {', '.join(_PARENTS)} is required"),)

    def fields_of(self, body: Body) -> dict[str, Any]:
        parents = {"listener_id": first_of(body, "listeners"), "loadbalancer_id": first_of(body, "loadbalancers")}
        return super().fields_of({**body, **parents})

    def owner_of(self, body: Body) -> str:
        return first_of(body, "loadbalancers") or ""

    def balancer_of(self, cloud: Cloud, plain: PropertyMap) -> str | None:
        return plain.get("loadbalancerId") or balancer_of_listener(cloud, plain.get("listenerId"))
