"""openstack:loadbalancer/loadBalancer:LoadBalancer. Source: Load Balancer API v2, "Load balancers"."""

from __future__ import annotations

from collections.abc import Sequence

from controller.engine.properties import PropertyMap
from controller.engine.provider import Failure
from controller.providers.fields import Field
from controller.providers.openstack.forms import address
from controller.providers.openstack.load_balancing import (
    ADMIN_STATE_UP,
    DESCRIPTION,
    NAME,
    TAGS,
    TENANT_ID,
    LoadBalancingKind,
)

_PLACES = ("vipSubnetId", "vipNetworkId", "vipPortId")


class LoadBalancer(LoadBalancingKind):
    """Security groups belong on the port that `vipPortId` names."""

    token = "openstack:loadbalancer/loadBalancer:LoadBalancer"  # noqa: S105
    path, key, plural = "/lbaas/loadbalancers", "loadbalancer", "loadbalancers"
    delete_before_replace = True  # its port serves one load balancer at a time
    fields = (
        NAME,
        DESCRIPTION,
        ADMIN_STATE_UP,
        Field("vipSubnetId", replaces=True),
        Field("vipNetworkId", replaces=True),
        Field("vipPortId", replaces=True),
        Field("vipAddress", replaces=True, normal=address),
        Field("flavorId", replaces=True),
        Field("availabilityZone", replaces=True),
        Field("loadbalancerProvider", "provider", replaces=True),
        TAGS,
    )
    shows = (
        TENANT_ID,
        Field("securityGroupIds", "vip_sg_ids", type=list),
        Field("vipQosPolicyId"),
    )

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        given = [name for name in _PLACES if inputs.get(name) is not None]
        return () if len(given) == 1 else (Failure("vipPortId", f"exactly one of {', '.join(_PLACES)} is required"),)
