"""Cinder's routes; each module of the package registers its own here. All but the version documents lie below a project."""

from sandbox.cloud.routing import Router

PROJECT = "/v3/{project_id}"

routes = Router()
