"""openstack:loadbalancer/listener:Listener. Source: Load Balancer API v2, "Listeners".

The pool that it leads to is not among its inputs: a pool names its listener, the one way to join them.
"""

from __future__ import annotations

from typing import Any

from controller.engine.properties import PropertyMap
from controller.providers.fields import Field
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import prefix, unordered_each, words
from controller.providers.openstack.load_balancing import (
    ADMIN_STATE_UP,
    DESCRIPTION,
    NAME,
    TAGS,
    TENANT_ID,
    LoadBalancingKind,
    first_of,
)


class Listener(LoadBalancingKind):
    token = "openstack:loadbalancer/listener:Listener"  # noqa: S105
    path, key, plural = "/lbaas/listeners", "listener", "listeners"
    delete_before_replace = True  # a port of a load balancer has one listener
    fields = (
        Field("loadbalancerId", required=True, replaces=True),
        Field(
            "protocol",
            required=True,
            replaces=True,
            choices=("TCP", "HTTP", "HTTPS", "TERMINATED_HTTPS", "UDP", "SCTP", "PROMETHEUS"),
        ),
        Field("protocolPort", type=int, required=True, replaces=True),
        NAME,
        DESCRIPTION,
        ADMIN_STATE_UP,
        Field("connectionLimit", type=int, default=-1),
        Field("allowedCidrs", type=list, normal=unordered_each(prefix)),
        Field("insertHeaders", type=dict, default={}, normal=words),
        Field("timeoutClientData", type=int),
        Field("timeoutMemberConnect", type=int),
        Field("timeoutMemberData", type=int),
        Field("timeoutTcpInspect", type=int),
        Field("defaultTlsContainerRef"),
        TAGS,
    )
    shows = (
        TENANT_ID,
        Field("alpnProtocols", type=list),
        Field("clientAuthentication"),
        Field("clientCaTlsContainerRef"),
        Field("clientCrlContainerRef"),
        Field("defaultPoolId"),
        Field("hstsIncludeSubdomains", type=bool),
        Field("hstsMaxAge", type=int),
        Field("hstsPreload", type=bool),
        Field("sniContainerRefs", type=list),
        Field("tlsCiphers"),
        Field("tlsVersions", type=list),
    )

    def fields_of(self, body: Body) -> dict[str, Any]:
        return super().fields_of({**body, "loadbalancer_id": first_of(body, "loadbalancers")})

    def owner_of(self, body: Body) -> str:
        return first_of(body, "loadbalancers") or ""

    def balancer_of(self, cloud: Cloud, plain: PropertyMap) -> str | None:
        return plain.get("loadbalancerId")
