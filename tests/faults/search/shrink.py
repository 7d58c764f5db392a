"""A failing case → a smaller one that fails, too: versions, stops, faults, hands and resources are left out in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.faults.search.case import Case, Version, without


def shrink(case: Case, fails: Callable[[Case], bool], *, attempts: int = 150) -> Case:
    """The smallest case that was found with so many runs; `fails` runs one."""
    smaller = _smaller(case)
    for _ in range(attempts):
        candidate = next(smaller, None)
        if candidate is None:
            return case
        if fails(candidate):
            case, smaller = candidate, _smaller(candidate)
    return case


def _smaller(case: Case) -> Iterator[Case]:
    """Each with one thing less, the largest things first."""
    if len(case.versions) > 1:
        for at in range(len(case.versions)):
            yield replace(case, versions=(*case.versions[:at], *case.versions[at + 1 :]))
    for at, version in enumerate(case.versions):
        for less in _smaller_version(version):
            yield replace(case, versions=(*case.versions[:at], less, *case.versions[at + 1 :]))
    names = dict.fromkeys(want.name for version in case.versions for want in version.wants)
    for name in names:
        yield replace(
            case, versions=tuple(replace(one, wants=tuple(without(one.wants, name))) for one in case.versions)
        )


def _smaller_version(version: Version) -> Iterator[Version]:
    if version.faults:
        yield replace(version, faults={})
    if version.scans:
        yield replace(version, scans=False)
    for at in range(len(version.stops)):
        yield replace(version, stops=(*version.stops[:at], *version.stops[at + 1 :]))
    for at in range(len(version.by_hand)):
        yield replace(version, by_hand=(*version.by_hand[:at], *version.by_hand[at + 1 :]))
    for number in version.faults if len(version.faults) > 1 else ():
        yield replace(version, faults={key: fault for key, fault in version.faults.items() if key != number})
