"""openstack:networking/router:Router. Source: Networking API v2.0, "Routers"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller.engine.properties import PropertyMap
from controller.engine.provider import Change, Failure
from controller.providers.fields import Field, unordered
from controller.providers.openstack.connection import Body
from controller.providers.openstack.networking import ADMIN_STATE_UP, DESCRIPTION, NAME, TAGS, TENANT_ID, NetworkingKind


class Router(NetworkingKind):
    """Its gateway stands in the body as one object, in the inputs as two."""

    token = "openstack:networking/router:Router"  # noqa: S105
    path, key, plural = "/routers", "router", "routers"
    fields = (
        NAME,
        DESCRIPTION,
        ADMIN_STATE_UP,
        Field("externalNetworkId", default=None),
        Field("enableSnat", type=bool),
        Field("distributed", type=bool, replaces=True),
        Field("availabilityZoneHints", type=list, replaces=True, normal=unordered),
        TAGS,
    )
    shows = (
        TENANT_ID,
        Field("externalFixedIps", type=list, members={"subnetId": "subnet_id", "ipAddress": "ip_address"}),
    )

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        if inputs.get("enableSnat") is not None and inputs.get("externalNetworkId") is None:
            return (Failure("enableSnat", "needs externalNetworkId"),)
        return ()

    def body_of(self, plain: PropertyMap) -> Body:
        return self._with_gateway(super().body_of(plain), plain)

    def patch_of(self, plain: PropertyMap, changes: Mapping[str, Change]) -> Body:
        patch = super().patch_of(plain, changes)
        if not changes.keys() & {"externalNetworkId", "enableSnat"}:
            return patch
        return {"external_gateway_info": None, **self._with_gateway(patch, plain)}

    def fields_of(self, body: Body) -> dict[str, object]:
        gateway = body.get("external_gateway_info") or {}
        flat = {**body, "external_network_id": gateway.get("network_id")}
        return super().fields_of({**flat, "enable_snat": gateway.get("enable_snat")})

    def outputs_of(self, body: Body) -> dict[str, object]:
        return super().outputs_of({**body, **(body.get("external_gateway_info") or {})})

    def _with_gateway(self, body: Body, plain: PropertyMap) -> Body:
        for name in ("external_network_id", "enable_snat"):
            body.pop(name, None)
        if plain.get("externalNetworkId") is None:
            return body
        gateway = {"network_id": plain["externalNetworkId"]}
        if plain.get("enableSnat") is not None:
            gateway["enable_snat"] = plain["enableSnat"]
        return {**body, "external_gateway_info": gateway}
