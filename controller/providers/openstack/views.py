"""An entry of clouds.yaml → the sign-ins by which a scan sees all that its credentials reach. Called by `registry.py`.

A role that may list all projects needs one for each region; any other one for each project in each region.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from controller.domain.place import Place
from controller.engine.provider import Incomplete, View
from controller.providers.openstack.connection import Cloud

_EVERYWHERE = {"": frozenset[str]()}


def views_of(home: Cloud, regions: Sequence[str], names: Collection[str]) -> Sequence[View]:
    """Each with those of `names`, places of the entry, that its lists tell of; `home` is the entry's own place.

    A name that none of them covers is one by itself: signing in to it tells what is the matter.
    Raises Incomplete where the cloud does not tell what the credentials reach.
    """
    entry, own = home.place.entry, home.project_id
    projects = _EVERYWHERE if home.sees_all_projects else _reached(home, own)
    views = []
    for region in regions:
        there = [one for one in map(Place.parse, names) if (one.region or regions[0]) == region]
        for project, known_as in projects.items():
            covered = [str(one) for one in there if not known_as or one.project in known_as]
            shown = Place(entry, project, region if len(regions) > 1 else "")
            views.append(View(str(shown), frozenset(covered)))
    left = set(names).difference(*(view.names for view in views))
    return [*views, *(View(name, frozenset([name])) for name in sorted(left))]


def _reached(home: Cloud, own_id: str) -> Mapping[str, frozenset[str]]:
    """The projects by what a place calls them, each with all that it may be called; the own one is called ""."""
    access = home.access
    own = {"": frozenset({"", own_id, access.project_name})}
    if access.application_credential_id:
        return own  # it stands for its own project alone, whatever its user reaches
    answer = home.get("identity", "/auth/projects")
    if answer is None or not isinstance(answer.get("projects"), list):
        raise Incomplete("the projects that the credentials reach could not be read", where=home.name)
    others = [one for one in answer["projects"] if one["enabled"] and one["id"] != own_id]
    return own | {
        one["name"] if one["domain_id"] == access.project_domain_id else one["id"]: frozenset({one["name"], one["id"]})
        for one in others
    }
