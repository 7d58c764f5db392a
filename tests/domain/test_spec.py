"""What a SystemSpec says beyond its fields: clusters, entries, names, digest; and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.domain.spec import Phase, ServerType, SystemSpec
from tests.specs import machine, placement, system

WEB_CLUSTER = (machine("web-1", ServerType.WEB, cluster="c1"), machine("web-2", ServerType.WEB, cluster="c1"))


def test_a_cluster_group_of_two_types_is_two_clusters() -> None:
    spec = system(*WEB_CLUSTER, machine("dat-1", ServerType.DAT, cluster="c1"), machine("app-1", ServerType.APP))
    assert [(one.name, len(one.machines)) for one in spec.clusters] == [("c1-dat", 1), ("c1-web", 2)]
    assert [one.name for one in spec.balanced_clusters] == ["c1-web"]


@pytest.mark.parametrize(
    ("external", "floating_ips", "entries"),
    [(True, True, ("web-9", "c1-web")), (True, False, ()), (False, True, ())],
)
def test_entries_have_an_address_outside_where_the_zone_gives_them(
    external: bool, floating_ips: bool, entries: tuple[str, ...]
) -> None:
    machines = (*WEB_CLUSTER, machine("web-9", ServerType.WEB), machine("app-1", ServerType.APP))
    spec = system(*machines, place=placement(outside=external, floating_ips=floating_ips))
    assert spec.floating_ip_entries == entries


def test_the_stack_is_named_by_city_unit_system_and_zone() -> None:
    assert system(machine("a", ServerType.OTH)).stack_name == "liuzhou/caizhengju/caiwu.internet"


def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="machine names stand twice: a"):
        system(machine("a", ServerType.OTH), machine("a", ServerType.WEB))


@pytest.mark.parametrize("change", [{"note": 1}, {"apiVersion": "yunguan/v2"}, {"machines": []}, {"phase": "forever"}])
def test_what_is_not_in_the_contract_is_refused(change: dict[str, object]) -> None:
    document = system(machine("a", ServerType.OTH)).model_dump(mode="json", by_alias=True)
    assert SystemSpec.model_validate(document)
    with pytest.raises(ValidationError):
        SystemSpec.model_validate({**document, **change})


@given(st.sampled_from(ServerType), st.integers(0, 999), st.sampled_from(Phase))
def test_a_spec_read_back_is_equal_and_has_the_same_digest(role: ServerType, data_gb: int, phase: Phase) -> None:
    spec = system(machine("a", role, data_disk_gb=data_gb), phase=phase)
    assert SystemSpec.model_validate_json(spec.model_dump_json(by_alias=True)) == spec
    assert SystemSpec.model_validate_json(spec.model_dump_json(by_alias=True)).digest == spec.digest


@given(st.integers(0, 999), st.integers(0, 999))
def test_specs_that_differ_have_different_digests(one: int, other: int) -> None:
    digests = {system(machine("a", ServerType.DAT, data_disk_gb=size)).digest for size in (one, other)}
    assert len(digests) == len({one, other})
