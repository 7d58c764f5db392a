"""python-openstackclient, unchanged, lists what an applied system made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.domain.spec import ServerType
from controller.store.database import Sessions
from controller.store.vault import Vault
from sandbox.cloud.process import RunningCloud
from tests.reconcile.site import Site

OPENSTACK = Path(sys.executable).with_name("openstack")


@pytest.fixture
def site(simulated: RunningCloud, sessions: Sessions, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(simulated.clouds_yaml))
    monkeypatch.setenv("OS_CLOUD", "sandbox")
    simulated.ask("POST", "/reset")
    yield Site(simulated, sessions, vault)
    simulated.ask("POST", "/reset")


def openstack(*words: str) -> Any:
    """What the client prints as JSON."""
    done = subprocess.run([OPENSTACK, *words, "-f", "json"], env=dict(os.environ), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


LISTED = {
    "server list": ("instance:Instance", "ID"),
    "network list": ("network:Network", "ID"),
    "subnet list": ("subnet:Subnet", "ID"),
    "router list": ("router:Router", "ID"),
    "port list": ("port:Port", "ID"),
    "security group list": ("secGroup:SecGroup", "ID"),
    "volume list": ("volume:Volume", "ID"),
    "loadbalancer list": ("loadBalancer:LoadBalancer", "id"),
    "loadbalancer listener list": ("listener:Listener", "id"),
    "loadbalancer pool list": ("pool:Pool", "id"),
    "server group list": ("serverGroup:ServerGroup", "ID"),
    "floating ip list": ("floatingIp:FloatingIp", "ID"),
}


@pytest.mark.timeout(600)
def test_the_client_lists_what_the_controller_made(site: Site) -> None:
    web = [site.machine(f"web-{number}", ServerType.WEB, cluster="web") for number in (1, 2)]
    stack = site.applied(site.system(*web, site.machine("db-1", ServerType.DAT, data=100)))
    for words, (kind, key) in LISTED.items():
        made = {row.physical_id for row in site.resources(stack, kind)}
        assert made, kind
        listed = {row[key] for row in openstack(*words.split())}
        assert made <= listed, words
    servers = {row["Name"]: row["Status"] for row in openstack("server", "list")}
    assert set(servers.values()) == {"ACTIVE"}
    assert {name.rpartition("internet-")[2] for name in servers} == {"web-1", "web-2", "db-1"}
    balancer = site.resource(stack, "loadBalancer:LoadBalancer").physical_id
    shown = openstack("loadbalancer", "show", balancer)
    assert (shown["provisioning_status"], shown["operating_status"]) == ("ACTIVE", "ONLINE")
    volume = site.resource(stack, "volume:Volume", "db-1-data").physical_id
    assert openstack("volume", "show", volume)["size"] == 100
