"""Cinder's routes, on which each module of the package registers its own; all but the versions lie below a project."""

from sandbox.cloud.routing import Router

PROJECT = "/v3/{project_id}"

routes = Router()
