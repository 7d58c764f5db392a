"""Nova v2.1, microversions to 2.96: servers and all that hangs on them.

What it needs of neutron and cinder it asks of `network.plugging` and `volume.attaching`.
"""

from sandbox.cloud.compute import (  # noqa: F401  importing registers their routes
    actions,
    attachments,
    flavors,
    groups,
    hosts,
    images,
    interfaces,
    keypairs,
    metadata,
    quotas,
    reports,
    servers,
    versions,
)
from sandbox.cloud.compute.create import make_server
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.compute.seed import make_keypair, make_server_group, seed
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.compute.versions import MICROVERSIONS
from sandbox.cloud.errors import nova_dialect
from sandbox.cloud.service import Service

COMPUTE = Service(
    name="compute",
    type="compute",
    prefix="compute",
    endpoint="compute/v2.1",
    routes=routes,
    dialect=nova_dialect,
    state=ComputeState,
    microversions=MICROVERSIONS,
    seed=seed,
    makers={"server": make_server, "keypair": make_keypair, "server_group": make_server_group},
)
