"""The release that a program demands: ranges as Pulumi writes them, and what a program hears where it is another."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused
from controller.engine.program.demand import is_among
from tests.engine.runs import Notes, run


@pytest.mark.parametrize(
    ("demanded", "fits"),
    [
        (">=3.0.0", True),
        (">=3.0.0 <3.10.0", False),
        ("3.20.1", True),
        ("!3.20.1", False),
        ("<3.4.0 || >3.8.0", True),
        ("<3.4.0 || >=3.8.0 !=3.20.1", False),
        ("==3.20.1 || ==3.20.2", True),
        (">3.9.9", True),
    ],
)
def test_a_release_is_among_those_demanded_or_not(demanded: str, fits: bool) -> None:
    assert is_among("3.20.1", demanded) is fits


def test_what_is_no_range_is_refused() -> None:
    with pytest.raises(Refused, match="'newest' is no comparison"):
        is_among("3.20.1", "newest")


def test_a_program_that_demands_another_release_is_not_run() -> None:
    notes = Notes()
    run("pulumi.require_pulumi_version('>=3.0.0'); Thing('a')", notes)
    assert "a" in notes.registrations
    with pytest.raises(Refused, match=r"demands Pulumi >=99.0.0"):
        run("pulumi.require_pulumi_version('>=99.0.0'); Thing('b')", Notes())


@pytest.mark.parametrize(
    "body",
    [
        "pulumi.CustomResource('openstack:x/net:Net', 'a', {}, ResourceOptions(version='4.1.0'))",
        "pulumi.CustomResource('openstack:x/net:Net', 'a', {}, ResourceOptions(version='newest'))",
        "pulumi.ProviderResource('openstack', 'a', {}, ResourceOptions(version='4.1.0'))",
        "pulumi.CustomResource('openstack:x/net:Net', 'a', {}, ResourceOptions(version='4.1.0', id='7'))",
        "pulumi.runtime.invoke('openstack:x/get:get', {}, pulumi.InvokeOptions(version='4.1.0'))",
        "from pulumi.runtime.proto import resource_pb2\npulumi.runtime.settings.get_monitor().ExistsResource("
        "resource_pb2.ExistsResourceRequest(type='openstack:x/net:Net', id='7', version='4.1.0'))",
    ],
)
def test_a_provider_of_another_major_release_is_refused(body: str) -> None:
    with pytest.raises(
        Refused, match=r"release (4\.1\.0|newest) of the provider openstack is demanded.*of 5\."
    ) as refusal:
        run(body, notes := Notes())
    assert refusal.value.remedy == "use pulumi-openstack 5, or take the option version out"
    assert "a" not in notes.registrations


def test_a_provider_of_the_same_major_release_is_that_of_here() -> None:
    run("pulumi.CustomResource('openstack:x/net:Net', 'a', {}, ResourceOptions(version='5.0.1'))", notes := Notes())
    assert "a" in notes.registrations
