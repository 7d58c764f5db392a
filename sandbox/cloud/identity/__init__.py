"""Keystone v3: who may ask (tokens, application credentials), where services live, and the resources behind both."""

from sandbox.cloud.errors import keystone_dialect
from sandbox.cloud.identity import applications, assignments, endpointgroups, grouping, resources, tokens, versions  # noqa: F401  importing registers their routes
from sandbox.cloud.identity.routes import routes
from sandbox.cloud.identity.seed import make_project, seed
from sandbox.cloud.identity.state import IdentityState
from sandbox.cloud.service import Service

IDENTITY = Service(
    name="identity",
    type="identity",
    prefix="identity",
    endpoint="identity",
    routes=routes,
    dialect=keystone_dialect,
    state=IdentityState,
    seed=seed,
    makers={"project": make_project},
)
