"""The registry of rules is whole, and honest: what it says is kept has a module and both kinds of test."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from controller import catalogue
from controller.catalogue import Rule
from controller.rulebook import proofs, rules_json

PROOFS = proofs()
KEPT = [rule for rule in catalogue.rules() if rule.kept_by is not None]
HOWS = {"automate", "gate", "clock", "report", "record"}


def test_the_five_regulations_have_146_rules() -> None:
    ids = [rule.id for rule in catalogue.rules()]
    assert len(ids) == len(set(ids)) == 146
    assert {rule.city for rule in catalogue.rules()} == {"qinzhou", "bazhong", "liangping", "guiyang", "liuzhou"}
    assert all(set(rule.how) <= HOWS for rule in catalogue.rules())


@pytest.mark.parametrize("rule", KEPT, ids=lambda rule: rule.id)
def test_a_kept_rule_has_its_module_and_tests_that_hold_and_break(rule: Rule) -> None:
    assert rule.kept_by is not None
    assert find_spec(rule.kept_by) is not None, f"{rule.kept_by} is no module"
    assert PROOFS[rule.id].hold, "no test shows it holding"
    assert PROOFS[rule.id].breaks, "no test shows it broken and caught"


def test_every_mark_names_a_rule_that_exists() -> None:
    assert not sorted(set(PROOFS) - {rule.id for rule in catalogue.rules()})


def test_a_rule_that_is_tested_both_ways_is_said_to_be_kept() -> None:
    proven = {id for id, proof in PROOFS.items() if proof.hold and proof.breaks}
    assert not sorted(proven - {rule.id for rule in KEPT})


def test_the_listing_has_its_keys_and_can_be_cut_to_a_city() -> None:
    rows = rules_json("liuzhou")
    assert {row["city"] for row in rows} == {"liuzhou"}
    assert {"id", "city", "article", "how", "kept_by", "tests_hold", "tests_break"} <= set(rows[0])
    assert len(rules_json()) == 146


def test_marks_are_read_from_functions_classes_and_modules(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_some.py").write_text(
        "import pytest\n"
        'pytestmark = pytest.mark.rule("LZ-2")\n'
        "def test_one(): ...\n"
        '@pytest.mark.rule("LZ-5")\n'
        "class TestAll:\n"
        "    @pytest.mark.breaks\n"
        "    def test_two(self): ...\n"
        "def helper(): ...\n"
    )
    found = proofs(folder)
    assert found["LZ-2"].hold == ["tests/test_some.py::test_one"]
    assert found["LZ-2"].breaks == ["tests/test_some.py::TestAll::test_two"]
    assert found["LZ-5"].breaks == ["tests/test_some.py::TestAll::test_two"]
