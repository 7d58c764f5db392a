"""The table of least opening: for each system, exactly who may reach whom, written the way one would say it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.spec import Machine, ServerType
from stacks.openings import Direction, Opening, groups, groups_of, openings
from tests.specs import WINDOWS, machine, system

OUT = [
    "linux → 10.20.0.0/24 any",
    "linux → 169.254.169.254/32 80",
    "linux → 10.0.0.53/32 53",
    "linux → 10.0.0.53/32 53",
]
BASTION = ["10.1.1.0/28 → linux 22"]


def said(opening: Opening) -> str:
    """`other → group port`, or `group → other port` for what is let out."""
    other = opening.remote_group or opening.cidr
    ports = "any" if opening.first_port is None else f"{opening.first_port}"
    if opening.last_port != opening.first_port:
        ports += f"-{opening.last_port}"
    pair = f"{other} → {opening.group}" if opening.direction is Direction.INGRESS else f"{opening.group} → {other}"
    return f"{pair} {ports}"


def cluster(role: ServerType) -> list[Machine]:
    return [machine(f"{role.lower()}-{n}", role, cluster=f"c-{role.lower()}") for n in (1, 2)]


@pytest.mark.parametrize(
    ("machines", "expected", "why"),
    [
        (
            [machine("web-1", ServerType.WEB)],
            ["0.0.0.0/0 → web 80", "0.0.0.0/0 → web 443"],
            "a lone site is reached by the zone's clients",
        ),
        (
            cluster(ServerType.WEB),
            [
                "10.20.0.0/24 → web 80",
                "10.20.0.0/24 → web 443",
                "0.0.0.0/0 → balancer 80",
                "0.0.0.0/0 → balancer 443",
                "balancer → 10.20.0.0/24 any",
            ],
            "behind a balancer the machines themselves are closed to clients",
        ),
        ([machine("app-1", ServerType.APP)], [], "an application without a site before it is reached by nobody"),
        (
            [machine("web-1", ServerType.WEB), machine("app-1", ServerType.APP)],
            ["0.0.0.0/0 → web 80", "0.0.0.0/0 → web 443", "web → app 8080"],
            "the site reaches the application, clients do not",
        ),
        (
            [*cluster(ServerType.APP), machine("web-1", ServerType.WEB)],
            [
                "0.0.0.0/0 → web 80",
                "0.0.0.0/0 → web 443",
                "web → app 8080",
                "10.20.0.0/24 → app 8080",
                "web → balancer 8080",
                "balancer → 10.20.0.0/24 any",
            ],
            "the application's balancer is for the site",
        ),
        ([machine("dat-1", ServerType.DAT)], [], "a lone database is reached by nobody"),
        (
            [machine("dat-1", ServerType.DAT), machine("app-1", ServerType.APP), machine("web-1", ServerType.WEB)],
            [
                "app → dat 1433",
                "app → dat 1521",
                "app → dat 3306",
                "app → dat 5432",
                "web → app 8080",
                "0.0.0.0/0 → web 80",
                "0.0.0.0/0 → web 443",
            ],
            "the site does not reach the database",
        ),
        (
            cluster(ServerType.DAT),
            ["dat → dat 1433", "dat → dat 1521", "dat → dat 3306", "dat → dat 5432"],
            "clustered databases replicate among themselves",
        ),
        (
            [machine("mid-1", ServerType.MID), machine("app-1", ServerType.APP)],
            ["app → mid 2181", "app → mid 5672", "app → mid 6379", "app → mid 9092"],
            "middleware is for applications",
        ),
        (
            [machine("ftp-1", ServerType.FTP)],
            ["0.0.0.0/0 → ftp 21", "0.0.0.0/0 → ftp 50000-50099"],
            "files: control and the passive range",
        ),
        ([machine("tst-1", ServerType.TST)], [], "nothing but the bastion"),
        ([machine("oth-1", ServerType.OTH)], [], "nothing but the bastion"),
    ],
)
def test_exactly_these_are_open(machines: Sequence[Machine], expected: list[str], why: str) -> None:
    assert sorted(map(said, openings(system(*machines)))) == sorted([*expected, *BASTION, *OUT]), why


def test_windows_is_entered_by_rdp_and_linux_by_ssh_from_the_bastion_only() -> None:
    spec = system(machine("app-1", ServerType.APP), machine("oth-1", ServerType.OTH, image=WINDOWS))
    entered = [said(one) for one in openings(spec) if one.service in {"ssh", "rdp"}]
    assert entered == ["10.1.1.0/28 → linux 22", "10.1.1.0/28 → windows 3389"]


@st.composite
def _machines(draw: st.DrawFn) -> list[Machine]:
    roles = draw(st.lists(st.sampled_from(list(ServerType)), min_size=1, max_size=8))
    groups = st.sampled_from([None, "c1", "c2"])
    return [machine(f"m-{n}", role, cluster=draw(groups)) for n, role in enumerate(roles)]


@given(_machines())
def test_whatever_the_system_only_entries_face_clients(machines: list[Machine]) -> None:
    spec = system(*machines)
    rules = openings(spec)
    facing = {one.group for one in rules if one.direction is Direction.INGRESS and one.cidr == "0.0.0.0/0"}
    assert facing <= {"web", "ftp", "balancer"}
    assert all(one.first_port for one in rules if one.direction is Direction.INGRESS)
    assert not [
        one
        for one in rules
        if one.direction is Direction.EGRESS and ipaddress.ip_network(one.cidr or "").num_addresses > 256
    ]


@given(_machines())
def test_whatever_the_system_rules_name_only_groups_that_exist_and_no_two_are_alike(machines: list[Machine]) -> None:
    spec = system(*machines)
    rules, known = openings(spec), set(groups(spec))
    assert {one.group for one in rules} | {one.remote_group for one in rules if one.remote_group} <= known
    assert {group for one in spec.machines for group in groups_of(one)} <= known
    assert len({one.name for one in rules}) == len(rules)
