"""openstacksdk's own functional tests against the simulated cloud.

Boundary: the tests are openstacksdk's, unchanged, out of its wheel; the client is openstacksdk; the cloud is
`sandbox.cloud` in a process of its own. Two worker processes run half of the tests each, each on a cloud of its own,
since some tests assert on everything their project has. At least nine of ten that do not skip themselves must pass,
and each other one is named in known.yaml.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sandbox.cloud import process
from tests.openstacksdk.suites import suite_of

HERE = Path(__file__).parent
SHARES = 2
UPLOADED = "CONTRIBUTING.rst"
"""A file of openstacksdk's repository, from which upstream runs the tests; its content does not matter to them."""
SECONDS_A_TEST = 60
SECONDS_A_RUN = 280


@dataclass(frozen=True)
class Outcome:
    """What became of a test: `outcome` is passed, failed or skipped, `reason` the traceback or why it skipped."""

    id: str
    outcome: str
    reason: str


def run_all(home: Path) -> list[Outcome]:
    """Run every functional test once, in SHARES processes, each against its own cloud under `home`."""
    (home / UPLOADED).write_text("Two image tests upload this file.\n", encoding="utf-8")
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(share, home)) for share in range(SHARES)]
        for running in workers:
            running.wait(timeout=SECONDS_A_RUN)
    assert [running.returncode for running in workers] == [0] * SHARES
    lines = [line for share in range(SHARES) for line in results_of(share, home).read_text("utf-8").splitlines()]
    return [Outcome(**json.loads(line)) for line in lines]


@contextmanager
def worker(share: int, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs one share of the tests, and the cloud it runs against; both end with the block."""
    with process.start(home / f"cloud-{share}") as cloud, (home / f"worker-{share}.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, HERE / "worker.py", str(share), str(SHARES), cloud.admin_url, results_of(share, home)],
            env=environment(with_volumes(cloud.clouds_yaml), home),
            cwd=home,
            stdout=log,
            stderr=log,
        )
        try:
            yield running
        finally:
            running.kill()
            running.wait()


def environment(clouds_yaml: Path, home: Path) -> dict[str, str]:
    """What tells the tests which clouds to use; nothing of the caller's own OpenStack settings comes through."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "OPENSTACKSDK_"))}
    return mine | {
        "HOME": str(home),
        "OS_CLIENT_CONFIG_FILE": str(clouds_yaml),
        "OS_CLOUD": "sandbox-admin",
        "OPENSTACKSDK_DEMO_CLOUD": "sandbox",
        "OPENSTACKSDK_DEMO_CLOUD_ALT": "sandbox-alt",
        "OPENSTACKSDK_OPERATOR_CLOUD": "sandbox-admin",
        "OPENSTACKSDK_SYSTEM_ADMIN_CLOUD": "sandbox-system-admin",
        "OPENSTACKSDK_FUNC_TEST_TIMEOUT": "20",
        "OS_TEST_TIMEOUT": str(SECONDS_A_TEST),
        "OS_LOG_CAPTURE": "1",
    }


def with_volumes(clouds_yaml: Path) -> Path:
    """The same clouds, said to have `volume`: by that old name some tests of block storage ask before they run."""
    document = yaml.safe_load(clouds_yaml.read_text("utf-8"))
    for cloud in document["clouds"].values():
        cloud["has_volume"] = True
    written = clouds_yaml.with_name("clouds-with-volumes.yaml")
    written.write_text(yaml.safe_dump(document), "utf-8")
    return written


def results_of(share: int, home: Path) -> Path:
    return home / f"results-{share}.jsonl"


def table(outcomes: list[Outcome]) -> str:
    """Counts by suite, a line each."""
    counts = Counter((suite_of(each.id), each.outcome) for each in outcomes)
    rows = sorted({suite for suite, _ in counts})
    columns = ("passed", "failed", "skipped")
    head = f"{'suite':24}" + "".join(f"{column:>9}" for column in columns)
    return "\n".join([head, *(f"{row:24}" + "".join(f"{counts[row, column]:9}" for column in columns) for row in rows)])


@pytest.mark.timeout(SECONDS_A_RUN + 60)
def test_functional_suites_of_openstacksdk_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known: dict[str, str] = yaml.safe_load((HERE / "known.yaml").read_text("utf-8")) or {}
    outcomes = run_all(tmp_path)
    with capsys.disabled():
        print("\n" + table(outcomes))

    failed = {each.id: each.reason for each in outcomes if each.outcome == "failed"}
    passed = {each.id for each in outcomes if each.outcome == "passed"}
    unexpected = "\n\n".join(f"{name}\n{reason}" for name, reason in failed.items() if name not in known)
    assert not unexpected, unexpected
    assert not passed & known.keys(), "these pass now: take them out of known.yaml"
    assert not known.keys() - failed.keys(), "known.yaml names tests that were not run or skip themselves"
    assert len(passed) >= 0.9 * (len(passed) + len(failed))
    assert len(outcomes) > 400, "the wheel carries more than 400 tests for these suites; the selection lost some"
