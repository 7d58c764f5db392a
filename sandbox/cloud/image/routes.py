"""The table that glance's handlers register on."""

from sandbox.cloud.routing import Router

routes = Router()
