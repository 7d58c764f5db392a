"""The program of the systems asks for nothing that the kinds refuse."""

from __future__ import annotations

import asyncio

import pulumi.runtime
import pytest

from controller.domain.spec import Power, ServerType
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry
from stacks.system import program
from tests.specs import machine, system
from tests.stacks.recording import Recording


@pytest.mark.parametrize("power", list(Power))
def test_every_registration_of_a_system_passes_the_check_of_its_kind(power: Power) -> None:
    machines = [
        machine("web1", ServerType.WEB, cluster="web"),
        machine("web2", ServerType.WEB, cluster="web"),
        machine("app1", ServerType.APP),
        machine("db1", ServerType.DAT, data_disk_gb=100),
        machine("ftp1", ServerType.FTP),
    ]
    recording = Recording()
    asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi.runtime.set_mocks(recording, project="yunguan", stack="test")
    pulumi.runtime.set_all_config({"yunguan:spec": system(*machines, power=power).model_dump_json(by_alias=True)})
    pulumi.runtime.test(program)()
    provider = Registry(ProviderSettings())
    registered = [one for one in recording.resources if one.type.startswith("openstack:")]
    refused = {one.name: provider.kind(one.type).check(one.inputs).failures for one in registered}
    assert {one.type for one in registered} >= {kind.token for kind in provider.kinds()} - UNUSED
    assert not any(refused.values()), refused


UNUSED = {"openstack:compute/keypair:Keypair"}
"""Kinds that the systems' program does not use."""
