"""Keystone: who gets a token, in which scope, and what it lets them see."""

from __future__ import annotations

import openstack
import pytest
from keystoneauth1 import exceptions as keystone
from keystoneauth1 import session
from keystoneauth1.identity import v3
from openstack import exceptions
from openstack.connection import Connection

from sandbox.cloud.process import RunningCloud
from tests.sandbox.conftest import Connect


def test_a_wrong_password_gets_no_token(connect: Connect) -> None:
    with pytest.raises(openstack.exceptions.SDKException, match="requires authentication"):
        connect("sandbox", auth={"password": "wrong"}).authorize()


def test_a_member_sees_their_own_project_only(connect: Connect) -> None:
    member, other = connect("sandbox"), connect("sandbox-alt")
    assert [project.name for project in member.identity.projects()] == ["demo"]
    with pytest.raises(exceptions.ForbiddenException):
        member.identity.get_project(other.current_project_id)
    with pytest.raises(exceptions.ForbiddenException):
        list(member.identity.users())


@pytest.mark.parametrize("name", ["sandbox-admin", "sandbox-system-admin"])
def test_administrators_see_all_projects(connect: Connect, name: str) -> None:
    names = {project.name for project in connect(name).identity.projects()}
    assert {"admin", "demo", "alt_demo"} <= names


def test_an_application_credential_logs_in_until_it_is_deleted(cloud: RunningCloud, member: Connection) -> None:
    made = member.identity.create_application_credential(user=member.current_user_id, name="robot")

    def log_in() -> Connection:
        address = f"{cloud.url}/identity"
        proof = {"application_credential_id": made.id, "application_credential_secret": made.secret}
        return Connection(session=session.Session(v3.ApplicationCredential(address, **proof)), region_name="RegionOne")

    robot = log_in()
    assert list(robot.compute.servers()) == []
    assert robot.current_project_id == member.current_project_id
    member.identity.delete_application_credential(member.current_user_id, made)
    for attempt in (robot, log_in()):
        with pytest.raises(keystone.Unauthorized):
            list(attempt.compute.servers())


def test_a_secret_is_shown_once(member: Connection) -> None:
    made = member.identity.create_application_credential(user=member.current_user_id, name="robot")
    assert made.secret
    shown = member.identity.get(f"/users/{member.current_user_id}/application_credentials/{made.id}").json()
    assert "secret" not in shown["application_credential"]


def test_every_service_of_the_catalogue_answers(member: Connection) -> None:
    services = {entry["type"] for entry in member.service_catalog}
    assert {"identity", "compute", "image", "network"} <= services
    assert member.compute.get_endpoint_data().max_microversion == (2, 96)


def test_a_role_given_to_a_group_reaches_its_members(admin: Connection) -> None:
    user = admin.identity.create_user(name="clerk", password="x" * 12, domain_id="default")
    group = admin.identity.create_group(name="clerks", domain_id="default")
    project = admin.identity.create_project(name="office", domain_id="default")
    role = admin.identity.find_role("member")
    admin.identity.add_user_to_group(user, group)
    admin.identity.assign_project_role_to_group(project, group, role)
    clerk = admin.connect_as(username="clerk", password="x" * 12, project_id=project.id)
    assert clerk.current_project_id == project.id
    admin.identity.remove_user_from_group(user, group)
    with pytest.raises(openstack.exceptions.SDKException):
        admin.connect_as(username="clerk", password="x" * 12, project_id=project.id).authorize()


def test_a_revoked_token_is_void_and_the_client_fetches_another(member: Connection) -> None:
    token = member.auth_token
    member.identity.delete("/auth/tokens", headers={"X-Subject-Token": token})
    assert list(member.compute.servers()) == []
    assert member.auth_token != token


def test_names_are_unique_in_their_domain(admin: Connection) -> None:
    with pytest.raises(exceptions.ConflictException):
        admin.identity.create_project(name="demo", domain_id="default")
