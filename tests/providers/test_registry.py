"""A walk through all kinds: each is complete, documented and under contract."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from controller.domain.errors import WrongUse
from controller.engine.provider import Kind
from controller.providers.fields import UNSET
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.openstack.shape import Shape
from controller.providers.registry import KINDS, Registry
from tests.contract.cases import CASES
from tests.providers.otherwise import differing

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.token.rpartition(":")[2])
GUIDE = Path(__file__).parents[2] / "docs" / "adding-a-kind.md"

WITHOUT_A_CHANGE = {
    ("Network", "external"): "only administrators may",
    ("Network", "shared"): "only administrators may",
    ("Router", "enableSnat"): "only administrators may",
    ("Subnet", "noGateway"): "contradicts the case's gateway: test_ways_of_their_own.py",
    ("SecGroup", "deleteDefaultRules"): "the case begins with it: test_ways_of_their_own.py",
    ("Port", "noFixedIp"): "contradicts the case's addresses: test_ways_of_their_own.py",
    ("Port", "noSecurityGroups"): "contradicts the case's groups: test_ways_of_their_own.py",
    ("Port", "portSecurityEnabled"): "contradicts the case's groups: test_ways_of_their_own.py",
    ("Volume", "enableOnlineResize"): "says how the program means a resize; Cinder grows volumes in use anyway",
    ("FloatingIpAssociate", "fixedIp"): "the case's port has one address",
    ("Listener", "defaultTlsContainerRef"): "needs a key manager, which the simulated cloud does not offer",
}
"""Inputs that change in place, but not in the kind's case, with the reason."""


def test_every_token_stands_once_and_leads_to_its_kind() -> None:
    provider = Registry(ProviderSettings())
    assert [provider.kind(kind.token) for kind in provider.kinds()] == list(KINDS)
    assert len({kind.token for kind in KINDS}) == len(KINDS)


def test_an_unknown_token_is_named() -> None:
    with pytest.raises(WrongUse, match="openstack:dns/zone:Zone"):
        Registry(ProviderSettings()).kind("openstack:dns/zone:Zone")


@each_kind
def test_it_is_complete(kind: Shape) -> None:
    assert kind.service
    assert kind.path.startswith("/")
    assert kind.fields
    assert min(kind.create_timeout, kind.update_timeout, kind.delete_timeout) > 0
    names = [row.name for row in kind.fields]
    assert len(set(names)) == len(names)
    assert kind.replace_on == {row.name for row in kind.fields if row.replaces}
    assert not [row.name for row in kind.fields if row.required and row.default is not UNSET]


@each_kind
def test_its_module_names_its_token_and_its_source(kind: Kind) -> None:
    text = importlib.import_module(type(kind).__module__).__doc__ or ""
    assert kind.token in text
    assert re.search(r"Source: \w+", text)
    assert kind.token.rpartition(":")[2] in GUIDE.read_text(encoding="utf-8")


@each_kind
def test_every_change_in_place_is_under_contract(kind: Shape) -> None:
    case = CASES[kind.token]
    in_place = {row.name for row in kind.fields if not row.replaces}
    assert in_place - (case.changes.keys() | case.later.keys()) == differing(WITHOUT_A_CHANGE, kind)
