"""Runs one share of openstacksdk's functional tests in this process and writes a JSON line per test.

Called by test_functional.py as `python worker.py SHARE SHARES ADMIN_URL RESULTS`, with the environment naming the
clouds. The tests are dealt round robin, so every share holds some of each suite and the shares take about the same
time. Before each test class the cloud is set back to its boot state: some tests leave floating IPs behind, and others
assert that there are none.
"""

import importlib
import itertools
import json
import pkgutil
import sys
import unittest
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import suites


class LineResult(unittest.TestResult):
    """Writes what became of each test as soon as it is known: id, outcome (passed, failed, skipped) and reason."""

    def __init__(self, lines: TextIO) -> None:
        super().__init__()
        self._lines = lines

    def addSuccess(self, test):  # noqa: N802 - unittest's name
        self._write(test, "passed", "")

    def addSkip(self, test, reason):  # noqa: N802
        self._write(test, "skipped", reason)

    def addFailure(self, test, err):  # noqa: N802
        self._write(test, "failed", self._exc_info_to_string(err, test))

    addError = addFailure  # noqa: N815

    def _write(self, test, outcome: str, reason: str) -> None:
        self._lines.write(json.dumps({"id": test.id(), "outcome": outcome, "reason": reason}) + "\n")
        self._lines.flush()


def modules() -> Iterator[str]:
    """Dotted names of the test modules, in a fixed order."""
    for package in suites.WHOLE_PACKAGES:
        name = f"{suites.ROOT}.{package}"
        for module in pkgutil.iter_modules(importlib.import_module(name).__path__):
            if module.name.startswith("test_"):
                yield f"{name}.{module.name}"
    yield from (f"{suites.ROOT}.network.v2.test_{name}" for name in suites.NETWORK_MODULES)
    yield from (f"{suites.ROOT}.cloud.test_{name}" for name in suites.CLOUD_MODULES)


def cases(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item


def reset(admin_url: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{admin_url}/reset", method="POST"), timeout=30).close()  # noqa: S310


def main(share: int, shares: int, admin_url: str, results: Path) -> None:
    loaded = unittest.defaultTestLoader.loadTestsFromNames(list(modules()))
    mine = [case for number, case in enumerate(cases(loaded)) if number % shares == share]
    with results.open("w", encoding="utf-8") as lines:
        for _, together in itertools.groupby(mine, key=type):
            reset(admin_url)
            unittest.TestSuite(together).run(LineResult(lines))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
