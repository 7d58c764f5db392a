"""Each bench at a small size: its keys, that it measured what it says, and that it leaves nothing behind."""

from __future__ import annotations

import pstats
import signal
from collections.abc import Callable

import pytest

from tests.bench.conftest import Bench, Run

pytestmark = pytest.mark.world


def test_a_scan_finds_what_was_planted_in_every_project(bench: Bench) -> None:
    figures = bench("scan", "--objects", "500", "--projects", "2")
    assert figures.keys() >= {"objects", "seconds", "api_calls", "member_calls", "rss_mb", "verdicts", "complete"}
    assert figures["objects"] >= 500
    assert figures["complete"] is True
    verdicts = figures["verdicts"]
    assert (verdicts["changed"], verdicts["missing"], verdicts["unknown"]) == (2, 2, 0)
    assert verdicts["same"] == figures["state_rows"] - 4


def test_the_calls_of_a_scan_do_not_grow_with_what_the_pages_hold(bench: Bench) -> None:
    few, many = (bench("scan", "--objects", count, "--projects", "2") for count in ("250", "1000"))
    assert many["objects"] > 3 * few["objects"]
    assert many["api_calls"] == few["api_calls"]


def test_systems_are_applied_alone_and_together_and_a_second_pass_changes_nothing(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    profile = tmp_path_factory.mktemp("profile") / "apply.prof"
    figures = bench("apply", "--systems", "2", "--machines", "1", "--profile", str(profile))
    table = figures["profile"]
    assert all(one.keys() == {"function", "calls", "own_ms", "total_ms"} for one in table)
    assert [one["own_ms"] for one in table] == sorted((one["own_ms"] for one in table), reverse=True)
    functions = {name for _, _, name in pstats.Stats(str(profile)).stats}  # type: ignore[attr-defined]
    assert {"look", "create", "RegisterResource"} <= functions, "workers, calls and the protocol run in other threads"
    assert figures["resources"] == 2 * figures["alone"]["resources"] > 0
    assert figures["per_second"] == pytest.approx(figures["resources"] / figures["seconds"], rel=0.01)
    assert figures["mutating_calls_of_a_second_pass"] == 0


def test_a_program_is_planned_and_the_planner_names_what_was_changed(bench: Bench) -> None:
    figures = bench("plan", "--resources", "90", "--registrations", "300")
    assert figures["resources"] == 90
    assert figures["sdk_seconds"] > 0
    assert figures["engine_seconds"] > 0
    planner = figures["planner"]
    assert planner["registrations"] == 300
    assert 0 < planner["changed"] <= 30
    assert planner["new"].keys() == planner["drifted"].keys() == {"planning", "digest", "document", "rendering"}


def test_systems_that_need_nothing_are_looked_at_without_running_the_program(bench: Bench) -> None:
    figures = bench("noop", "--systems", "20")
    assert figures["systems"] == 20
    assert figures["seconds"] > 0


def test_approvals_are_timed_while_the_served_controller_works(bench: Bench) -> None:
    figures = bench("latency", "--samples", "2", "--objects", "2000", "--projects", "2")
    assert figures["samples"] == len(figures["values"]) == 2
    assert 0 < figures["p50"] <= figures["p95"]
    assert isinstance(figures["during_scan"], bool)


def test_a_bench_that_is_told_to_end_leaves_nothing_behind(start: Callable[..., Run]) -> None:
    run = start("latency", "--samples", "2", "--objects", "500", "--projects", "2")
    run.until(lambda: any(run.temporary.glob("yunguan-bench-*/serve.log")))
    run.process.send_signal(signal.SIGTERM)
    code, out, _ = run.finish()
    assert (code, out) == (1, "")
    assert run.files == []


def test_sizes_that_make_no_sense_are_wrong_use(start: Callable[..., Run]) -> None:
    code, out, errors = start("scan", "--projects", "0").finish()
    assert (code, out) == (2, "")
    assert "--projects" in errors
