"""The table that nova's handlers register on."""

from sandbox.cloud.routing import Router

routes = Router()
