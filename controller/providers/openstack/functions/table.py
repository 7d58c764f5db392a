"""All functions by token, for the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from controller.providers.openstack.functions import blockstorage, compute, identity, images, networking
from controller.providers.openstack.functions.function import Function

FUNCTIONS: Final[Mapping[str, Function]] = {
    function.token: function
    for function in (
        images.GET_IMAGE,
        images.GET_IMAGE_IDS,
        compute.GET_FLAVOR,
        compute.GET_KEYPAIR,
        compute.GET_INSTANCE,
        compute.GET_AVAILABILITY_ZONES,
        networking.GET_NETWORK,
        networking.GET_SUBNET,
        networking.GET_SUBNET_IDS,
        networking.GET_ROUTER,
        networking.GET_PORT,
        networking.GET_FLOATING_IP,
        networking.GET_SECURITY_GROUP,
        blockstorage.GET_VOLUME,
        identity.GET_PROJECT,
        identity.GET_AUTH_SCOPE,
    )
}
