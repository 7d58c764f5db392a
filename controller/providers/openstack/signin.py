"""A place becomes a connection of the SDK: an entry of clouds.yaml, in one of its regions, for one of its projects.

Used by `connection.py`; `registry.py` asks first whether clouds.yaml has the place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import openstack
from keystoneauth1 import exceptions
from openstack.config import OpenStackConfig
from openstack.exceptions import ConfigException
from pydantic import BaseModel, ValidationError

from controller.domain.errors import WrongUse
from controller.domain.place import Place
from controller.domain.validation import wrongs

_ID = re.compile(r"[0-9a-f]{32}")
"""How Keystone makes ids."""


_REMEDY = "correct the file; OS_CLIENT_CONFIG_FILE names it"


class _Region(BaseModel):
    name: str


class _Auth(BaseModel):
    auth_url: str | None = None


class _Entry(BaseModel):
    """What the SDK takes for granted of an entry; the rest is the identity service's to refuse."""

    auth: _Auth = _Auth()
    region_name: str | None = None
    regions: list[_Region | str] | None = None


def regions_of(entry: str) -> Sequence[str]:
    """The regions that clouds.yaml gives an entry, the first one first; [""] where it names none.

    Raises WrongUse where there is no such entry, or one that the SDK could make nothing of.
    """
    file, clouds = _read()
    if entry not in clouds:
        raise WrongUse(
            f"there is no cloud {entry} in clouds.yaml",
            remedy=f"known: {', '.join(sorted(clouds))}; OS_CLIENT_CONFIG_FILE names the file",
        )
    try:
        known = _Entry.model_validate(clouds[entry])
    except ValidationError as error:
        first = wrongs(error)[0]
        raise WrongUse(f"{file}: {first.what}", where=f"clouds.{entry}.{first.where}", remedy=_REMEDY) from None
    return [one.name if isinstance(one, _Region) else one for one in known.regions or [known.region_name or ""]]


def _read() -> tuple[str, Mapping[str, Any]]:
    """Where clouds.yaml is, and its entries by name; the SDK itself looks at little of what it reads."""
    named = os.environ.get("OS_CLIENT_CONFIG_FILE", "clouds.yaml")
    try:
        config = OpenStackConfig()
    except ConfigException as error:
        raise WrongUse(f"{named} cannot be read: {error}", remedy=_REMEDY) from None
    except (AttributeError, TypeError):
        raise WrongUse(f"{named}: must hold the clouds by their names", where="clouds", remedy=_REMEDY) from None
    return config.config_filename or named, config.cloud_config["clouds"]


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
