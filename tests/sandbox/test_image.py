"""Glance: data in and out unchanged, who sees an image, and what may be changed of it."""

from __future__ import annotations

import hashlib

import pytest
from openstack import exceptions
from openstack.connection import Connection

from tests.sandbox.conftest import Connect


def _upload(connection: Connection, content: bytes, **fields: object) -> object:
    wanted = {"name": "i", "disk_format": "raw", "container_format": "bare", **fields}
    return connection.image.create_image(data=content, **wanted)


def test_the_seed_has_what_the_annexes_name(member: Connection) -> None:
    images = {image.name: image for image in member.image.images()}
    assert {"CentOS 7.0", "CentOS 7.9", "openEuler 22.03", "Kylin V10", "Ubuntu 22.04", "Windows Server 2019"} <= set(
        images
    )
    assert all(image.status == "active" and image.visibility == "public" for image in images.values())
    assert images["Windows Server 2019"].min_disk == 60


def test_data_come_back_as_they_went(member: Connection) -> None:
    content = bytes(range(256)) * 8192  # 2 MiB: more than a body may have elsewhere
    image = member.image.get_image(_upload(member, content).id)
    assert image.status == "active"
    assert image.size == len(content)
    assert image.checksum == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert member.image.download_image(image).content == content


def test_an_image_takes_data_once(member: Connection) -> None:
    image = _upload(member, b"first")
    answer = member.image.put(f"/images/{image.id}/file", data=b"second", raise_exc=False)
    assert answer.status_code == 409
    assert member.image.download_image(image).content == b"first"


def test_a_private_image_is_the_projects_own(member: Connection, connect: Connect) -> None:
    image = _upload(member, b"x", visibility="private")
    other = connect("sandbox-alt")
    with pytest.raises(exceptions.NotFoundException):
        other.image.get_image(image.id)
    assert image.id not in {one.id for one in other.image.images()}
    with pytest.raises(exceptions.ForbiddenException):
        member.image.update_image(image, visibility="public")


def test_a_shared_image_is_listed_once_it_is_accepted(member: Connection, connect: Connect) -> None:
    image = _upload(member, b"x", visibility="shared")
    other = connect("sandbox-alt")
    member.image.add_member(image, member=other.current_project_id)
    assert other.image.get_image(image.id).id == image.id
    assert image.id not in {one.id for one in other.image.images()}
    other.image.update_member(other.current_project_id, image, status="accepted")
    assert image.id in {one.id for one in other.image.images()}


def test_a_public_image_is_not_a_members_to_change(member: Connection) -> None:
    image = member.image.find_image("CentOS 7.9")
    with pytest.raises(exceptions.ForbiddenException):
        member.image.update_image(image, name="mine")
    with pytest.raises(exceptions.ForbiddenException):
        member.image.delete_image(image)


def test_a_protected_image_is_not_deleted(member: Connection) -> None:
    image = _upload(member, b"x", is_protected=True)
    with pytest.raises(exceptions.ForbiddenException):
        member.image.delete_image(image)
    member.image.update_image(image, is_protected=False)
    member.image.delete_image(image)
    assert member.image.find_image(image.id) is None


def test_lists_are_filtered_sorted_and_paged(member: Connection) -> None:
    for name, tags in (("b", ["x"]), ("a", ["x", "y"]), ("c", [])):
        _upload(member, name.encode(), name=name, tags=tags)
    own = member.current_project_id
    names = [image.name for image in member.image.images(owner=own, sort="name:asc", limit=1)]
    assert names == ["a", "b", "c"]
    assert {image.name for image in member.image.images(tag=["x", "y"])} == {"a"}
    assert [image.name for image in member.image.images(owner=own, name="c")] == ["c"]


def test_properties_are_added_and_removed(member: Connection) -> None:
    image = _upload(member, b"x", properties={"colour": "red"})
    member.image.update_image(image, colour="blue", shape="round")
    assert member.image.get_image(image.id).properties["colour"] == "blue"
    step = [{"op": "remove", "path": "/shape"}]
    headers = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    assert "shape" not in member.image.patch(f"/images/{image.id}", json=step, headers=headers).json()
    answer = member.image.patch(f"/images/{image.id}", json=step, headers=headers, raise_exc=False)
    assert answer.status_code == 409
