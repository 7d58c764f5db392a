"""A place becomes a connection of the SDK: an entry of clouds.yaml, in one of its regions, for one of its projects.

Used by `connection.py`; `registry.py` asks first whether clouds.yaml has the place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import openstack
from keystoneauth1 import exceptions
from openstack.config import OpenStackConfig
from openstack.exceptions import ConfigException

from controller.domain.errors import WrongUse
from controller.domain.place import Place

_ID = re.compile(r"[0-9a-f]{32}")
"""How Keystone makes ids."""


def regions_of(entry: str) -> Sequence[str]:
    """The regions that clouds.yaml gives an entry, the first one first; [""] where it names none.

    Raises WrongUse where there is no such entry.
    """
    try:
        clouds = OpenStackConfig().cloud_config.get("clouds") or {}
    except ConfigException as error:
        raise WrongUse(f"clouds.yaml cannot be read: {error}", remedy="see OS_CLIENT_CONFIG_FILE") from None
    if entry not in clouds:
        raise WrongUse(
            f"there is no cloud {entry} in clouds.yaml",
            remedy=f"known: {', '.join(sorted(clouds))}; OS_CLIENT_CONFIG_FILE names the file",
        )
    listed = clouds[entry].get("regions") or [clouds[entry].get("region_name") or ""]
    return [str(one["name"]) if isinstance(one, dict) else str(one) for one in listed]


def require_place(place: Place) -> None:
    """Raises WrongUse where clouds.yaml has no such entry, or does not give it that region."""
    regions = regions_of(place.entry)
    if place.region and place.region not in regions:
        raise WrongUse(
            f"clouds.yaml gives {place.entry} no region {place.region}",
            where=str(place),
            remedy=f"known: {', '.join(filter(None, regions)) or 'none'}; add it under `regions`",
        )


def signed_in(place: Place) -> Any:
    """The SDK's connection. Only a place that names a project is signed in to at once.

    Raises keystoneauth's ClientException where the credentials do not reach that project.
    """
    connection = openstack.connect(cloud=place.entry, region_name=place.region or None)
    if not place.project:
        return connection
    connection = connection.connect_as(**_scope(connection, place.project))
    reached = _access(connection)
    if place.project not in {reached.project_id, reached.project_name}:
        raise exceptions.AuthorizationFailure(f"the credentials of {place.entry} do not reach {place.project}")
    return connection


def _scope(connection: Any, project: str) -> Mapping[str, str]:
    if _ID.fullmatch(project):
        return {"project_id": project}
    return {"project_name": project, "project_domain_id": _access(connection).project_domain_id}


def _access(connection: Any) -> Any:
    return connection.session.auth.get_access(connection.session)
