"""The table that keystone's handlers register on."""

from sandbox.cloud.routing import Router

routes = Router()
