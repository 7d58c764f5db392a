"""openstack:identity/getProject and getAuthScope. Source: Identity API v3, "Projects" and "Authentication"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.domain.errors import Refused
from controller.engine.properties import PropertyMap
from controller.engine.provider import Incomplete, NoAnswer
from controller.providers.openstack.connection import Body, Cloud, NotAllowed
from controller.providers.openstack.functions.function import Filter, equals

_FILTERS: Final[Mapping[str, Filter]] = {
    "projectId": equals("id"),
    "name": equals("name"),
    "domainId": equals("domain_id"),
    "enabled": equals("enabled"),
    "isDomain": lambda body, value: bool(body.get("is_domain", False)) is value,
    "parentId": equals("parent_id"),
}


@dataclass(frozen=True)
class _Project:
    token: str = "openstack:identity/getProject:getProject"  # noqa: S105
    arguments: frozenset[str] = frozenset(_FILTERS)

    def answer(self, cloud: Cloud, args: PropertyMap) -> dict[str, Any]:
        found = [body for body in _projects(cloud) if all(_FILTERS[name](body, args[name]) for name in args)]
        if len(found) != 1:
            text = f"the query returned {len(found) or 'no'} projects: change what it asks for"
            raise NoAnswer(text, where=self.token)
        [body] = found
        return {
            "id": body["id"],
            "projectId": body["id"],
            "name": body["name"],
            "description": body.get("description") or "",
            "domainId": body["domain_id"],
            "enabled": body["enabled"],
            "isDomain": bool(body.get("is_domain", False)),
            "parentId": body.get("parent_id") or "",
            "tags": body.get("tags") or [],
        }


def _projects(cloud: Cloud) -> list[Body]:
    """All projects where the role may list them, else those that the credentials may enter."""
    try:
        answer = cloud.get("identity", "/projects")
    except NotAllowed:
        answer = cloud.get("identity", "/auth/projects")
    if answer is None or not isinstance(answer.get("projects"), list):
        raise Incomplete("the list of projects could not be read", where=cloud.name)
    return list(answer["projects"])


@dataclass(frozen=True)
class _AuthScope:
    """Whom the credentials stand for. The token itself is never told: it would lie in plans and states."""

    token: str = "openstack:identity/getAuthScope:getAuthScope"  # noqa: S105
    arguments: frozenset[str] = frozenset({"name", "setTokenId"})

    def answer(self, cloud: Cloud, args: PropertyMap) -> dict[str, Any]:
        if args.get("setTokenId"):
            raise Refused(
                "setTokenId is not supported by this engine", where=self.token, remedy="sign in by clouds.yaml"
            )
        access = cloud.access
        return {
            "id": args["name"],
            "name": args["name"],
            "userId": access.user_id,
            "userName": access.username,
            "userDomainId": access.user_domain_id,
            "userDomainName": access.user_domain_name,
            "domainId": access.domain_id or "",
            "domainName": access.domain_name or "",
            "projectId": access.project_id or "",
            "projectName": access.project_name or "",
            "projectDomainId": access.project_domain_id or "",
            "projectDomainName": access.project_domain_name or "",
            "roles": [
                {"roleId": id, "roleName": name} for id, name in zip(access.role_ids, access.role_names, strict=True)
            ],
            "serviceCatalogs": [_service(entry) for entry in access.service_catalog.catalog],
            "tokenId": "",
        }


def _service(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": entry.get("id") or "",
        "name": entry.get("name") or "",
        "type": entry["type"],
        "endpoints": [
            {
                "id": endpoint.get("id") or "",
                "interface": endpoint["interface"],
                "region": endpoint.get("region") or "",
                "regionId": endpoint.get("region_id") or "",
                "url": endpoint["url"],
            }
            for endpoint in entry["endpoints"]
        ],
    }


GET_PROJECT: Final = _Project()
GET_AUTH_SCOPE: Final = _AuthScope()
