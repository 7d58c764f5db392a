"""Objects by the thousand, made without a call to the API: the fleet that a scan is measured on.

    {"projects": 40, "per_project": {"network": 1, "server": 50, "volume": 100},
     "fields": {"server": {"name": "s-{project}-{n}", "metadata": {"yunguan_identity": "{uuid}"}}}}

`projects` is how many new projects to make, or a list of ids of those to fill. Texts in `fields` are templates: `{n}`
counts within kind and project, `{project}` is the project's id, `{index}` its number in this call, `{uuid}` is new each
time.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.cloud.errors import BadRequest
from sandbox.cloud.world import World


def seed(world: World, order: Any) -> dict[str, Any]:
    """Make what is ordered, kinds in the order given; returns the projects' ids and the number of objects by kind."""
    if not isinstance(order, dict):
        raise BadRequest("seed takes an object with projects, per_project and fields")
    per_project: Mapping[str, int] = order.get("per_project", {})
    makers = {kind: _maker(world, kind) for kind in ("project", *per_project)}
    fields: Mapping[str, Any] = order.get("fields", {})
    projects = order.get("projects", 1)
    if isinstance(projects, int):
        prefix = uuid.uuid4().hex[:8]
        projects = [
            makers["project"](world, "", {"name": f"seed-{prefix}-{number:04}"})["id"] for number in range(projects)
        ]
    made = dict.fromkeys(per_project, 0)
    for index, project_id in enumerate(projects):
        for kind, count in per_project.items():
            template = {"name": f"{kind}-{{n:05}}", **fields.get(kind, {})}
            for number in range(count):
                words = {"n": number, "project": project_id, "index": index}
                makers[kind](world, project_id, _filled(template, words))
            made[kind] += count
    world.transitions.settle()
    return {"projects": projects, "objects": made}


def _maker(world: World, kind: str) -> Any:
    maker = world.maker(kind)
    if maker is None:
        raise BadRequest(f"no service makes objects of kind {kind!r} in bulk")
    return maker


def _filled(template: Any, words: Mapping[str, Any]) -> Any:
    """The template with every text in it filled."""
    if isinstance(template, str):
        return _text(template, words)
    if isinstance(template, dict):
        return {name: _filled(value, words) for name, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, words) for value in template]
    return template


def _text(template: str, words: Mapping[str, Any]) -> str:
    if "{" not in template:
        return template
    try:
        return template.format(**words, uuid=uuid.uuid4())
    except (KeyError, IndexError, ValueError) as error:
        raise BadRequest(f"{template!r} is no template of n, project, index and uuid: {error!r}") from None
