"""`yunguan kinds`: it lists every kind, and what it says must be set is what the kind refuses to be without."""

from __future__ import annotations

from controller.engine.provider import Kind
from controller.providers.registry import KINDS, RANDOM_KINDS
from tests.cli.typed import CommandLine

ALL: list[Kind] = [*KINDS, *(kind() for kind in RANDOM_KINDS)]


def test_every_kind_is_listed(typed: CommandLine) -> None:
    assert [one["type"] for one in typed.well("kinds", "-o", "json").document] == [kind.token for kind in ALL]


def test_what_must_be_set_is_what_a_kind_refuses_to_be_without(typed: CommandLine) -> None:
    told = {one["type"]: one["inputs"] for one in typed.well("kinds", "-o", "json").document}
    for kind in ALL:
        failures = kind.check({"name": "given"} if kind.autonamed else {}).failures
        missing = {one.path for one in failures if one.reason == "is required"}
        assert {row["name"] for row in told[kind.token] if row["required"]} == missing, kind.token


def test_one_kind_is_shown_by_its_last_word(typed: CommandLine) -> None:
    shown = typed.well("kinds", "Instance").out
    assert "active, shutoff, paused, shelved_offloaded" in shown
    assert "may be read, too: created, updated" in shown
    assert "flavorName: give flavorId" in shown


def test_one_that_there_is_not_is_refused(typed: CommandLine) -> None:
    refused = typed("kinds", "Instances")
    assert (refused.code, refused.out) == (2, "")
    assert "there is no kind Instances" in refused.err
