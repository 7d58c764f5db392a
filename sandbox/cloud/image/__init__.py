"""Glance v2: images with their data, members and tags; metadata definitions; schemas."""

from sandbox.cloud.errors import glance_dialect
from sandbox.cloud.image import data, definitions, images, members, schemas, versions  # noqa: F401  importing registers their routes
from sandbox.cloud.image.images import make_image, seed
from sandbox.cloud.image.routes import routes
from sandbox.cloud.image.state import ImageState
from sandbox.cloud.service import Service

IMAGE = Service(
    name="image",
    type="image",
    prefix="image",
    endpoint="image",
    routes=routes,
    dialect=glance_dialect,
    state=ImageState,
    seed=seed,
    makers={"image": make_image},
)
