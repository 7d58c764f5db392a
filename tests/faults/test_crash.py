"""The crash test: wherever a worker is killed, the next one ends with what an undisturbed run ends with.

Each point is a run of its own, named by operation, resource and phase, since ordinals vary with the threads. The points
are those of `nursery.Points`: before and after every journal write, and around every mutating request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from controller.domain.spec import SystemSpec
from sandbox.cloud.process import RunningCloud
from tests.faults.workers import Left, Workers

INSTANCE = "openstack:compute/instance:Instance"
SHARDS = 8
"""The points are dealt to so many tests, which may run side by side."""


@dataclass(frozen=True)
class Undisturbed:
    """A database with the execution started, and what it comes to when nothing happens."""

    database: str
    points: list[str]
    left: Left


@pytest.fixture
def undisturbed(workers: Workers, largest: SystemSpec, database_template: str) -> Iterator[Undisturbed]:
    with workers.database(database_template) as started:
        workers.prepare(largest)
        with workers.database(started):
            report = workers.go_on()
            assert report["state"] == "succeeded", report["failures"]
            left = workers.left()
            assert workers.unsound(left) == []
        yield Undisturbed(started, report["points"], left)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_anywhere_an_apply_ends_as_if_undisturbed(
    workers: Workers, cloud: RunningCloud, undisturbed: Undisturbed, shard: int
) -> None:
    points = sorted(undisturbed.points)[shard::SHARDS]
    assert len(points) == len(set(points)) > 20
    wrong = [failure for point in points if (failure := _killed_at(point, workers, cloud, undisturbed))]
    assert wrong == []


def _killed_at(point: str, workers: Workers, cloud: RunningCloud, undisturbed: Undisturbed) -> str:
    """What is wrong after a kill at `point` and a restart, "" where all is as it shall be."""
    cloud.ask("POST", "/reset")
    with workers.database(undisturbed.database):
        if "killed_at" not in workers.go_on(kill=point):
            return f"{point}: was not reached"
        report = workers.go_on()
        if report["state"] != "succeeded":
            return f"{point}: {report}"
        left = workers.left()
        problems = [*workers.unsound(left), *_differences(undisturbed.left.picture, left.picture)]
        return f"{point}: {'; '.join(problems)}" if problems else ""


def _differences(wanted: Mapping[str, Mapping[str, Any]], got: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Resources that only one of the runs left, and fields that they left otherwise."""
    only = [f"only one run left {urn}" for urn in sorted(wanted.keys() ^ got.keys())]
    fields = [
        f"{urn}.{name} is {got[urn].get(name)}, not {value}"
        for urn in sorted(wanted.keys() & got.keys())
        for name, value in wanted[urn].items()
        if got[urn].get(name) != value
    ]
    return only + fields


@pytest.mark.timeout(900)
def test_killed_again_and_again_applies_changes_and_destroys_end_whole(
    workers: Workers, largest: SystemSpec, database_template: str
) -> None:
    """Each worker dies at the first point that none before it died at, by operation, type of resource and phase."""
    sorts: list[str] = []
    with workers.database(database_template):
        for spec, servers in ((largest, 5), (other_than(largest), 4), (largest, 5), (None, 0)):
            workers.prepare(spec)
            sorts += _again_and_again(workers, sorts)
            left = workers.left()
            assert workers.unsound(left) == []
            assert len(left.observations[INSTANCE]) == servers
        assert left.states == []
    assert {sort.split()[0] for sort in sorts} == {"create", "update", "delete"}
    assert len({sort.split()[1] for sort in sorts}) >= 18


def _again_and_again(workers: Workers, tried: list[str]) -> list[str]:
    """Goes on until a worker lives to the end; returns where the others died."""
    died: list[str] = []
    while "killed_at" in (report := workers.go_on(tried=[*tried, *died])):
        died.append(report["killed_at"])
    assert report["state"] == "succeeded", report
    return died


def other_than(spec: SystemSpec) -> SystemSpec:
    """The system with one machine less, one bigger, and disks and the subnet changed in place."""
    web, _, big, other, data = spec.machines
    return spec.model_copy(
        update={
            "placement": spec.placement.model_copy(update={"dns": ("10.0.0.54",)}),
            "machines": (
                web,
                big.model_copy(update={"flavor": data.flavor, "vcpu": data.vcpu, "memory_gb": data.memory_gb}),
                other.model_copy(update={"system_disk_gb": 80}),
                data.model_copy(update={"data_disk_gb": 600}),
            ),
        }
    )
