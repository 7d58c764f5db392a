"""openstack:loadbalancer/monitor:Monitor. Source: Load Balancer API v2, "Health monitors"."""

from __future__ import annotations

from typing import Any

from controller.engine.properties import PropertyMap
from controller.providers.fields import Field
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import upper
from controller.providers.openstack.load_balancing import (
    ADMIN_STATE_UP,
    NAME,
    TENANT_ID,
    LoadBalancingKind,
    balancer_of_pool,
    first_of,
)


class Monitor(LoadBalancingKind):
    token = "openstack:loadbalancer/monitor:Monitor"  # noqa: S105
    path, key, plural = "/lbaas/healthmonitors", "healthmonitor", "healthmonitors"
    delete_before_replace = True  # a pool has one
    fields = (
        Field("poolId", required=True, replaces=True),
        Field(
            "type",
            required=True,
            replaces=True,
            choices=("PING", "TCP", "HTTP", "HTTPS", "TLS-HELLO", "SCTP", "UDP-CONNECT"),
        ),
        Field("delay", type=int, required=True),
        Field("timeout", type=int, required=True),
        Field("maxRetries", type=int, required=True),
        Field("maxRetriesDown", type=int, default=3),
        Field("urlPath"),
        Field("httpMethod", normal=upper),
        Field("expectedCodes"),
        NAME,
        ADMIN_STATE_UP,
    )
    shows = (
        TENANT_ID,
        Field("domainName"),
        Field("httpVersion"),
    )

    def fields_of(self, body: Body) -> dict[str, Any]:
        return super().fields_of({**body, "pool_id": first_of(body, "pools")})

    def owner_of(self, body: Body) -> str:
        return first_of(body, "pools") or ""

    def balancer_of(self, cloud: Cloud, plain: PropertyMap) -> str | None:
        return balancer_of_pool(cloud, plain.get("poolId"))
