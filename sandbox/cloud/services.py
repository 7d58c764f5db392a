"""The services of this cloud, in the order they are seeded. A new service is one line here."""

from sandbox.cloud.compute import COMPUTE
from sandbox.cloud.identity import IDENTITY
from sandbox.cloud.image import IMAGE
from sandbox.cloud.loadbalancer import LOAD_BALANCER_SERVICE
from sandbox.cloud.network import NETWORK_SERVICE
from sandbox.cloud.service import Service
from sandbox.cloud.volume import VOLUME_SERVICE

SERVICES: tuple[Service, ...] = (IDENTITY, IMAGE, COMPUTE, NETWORK_SERVICE, VOLUME_SERVICE, LOAD_BALANCER_SERVICE)
