"""A plan as people read it in a terminal, and as scripts read it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from controller.engine.plan import Op, Operation, Plan, Purpose
from controller.engine.planning.render import shown, to_json, to_text
from controller.engine.properties import UNKNOWN, Secret
from controller.engine.provider import Change
from tests.engine.values import properties

ROOT = Operation("urn:pulumi:s::p::pulumi:pulumi:Stack::p-s", "pulumi:pulumi:Stack", Op.SAME, {})


def operation(name: str, op: Op, parent: Operation = ROOT, **fields: object) -> Operation:
    urn = f"urn:pulumi:s::p::t:m:Thing::{name}"
    return replace(Operation(urn, "t:m:Thing", op, {}, parent=parent.urn), **fields)  # type: ignore[arg-type]


SYSTEM = operation("system", Op.SAME)
PLAN = Plan(
    "s",
    Purpose.APPLY,
    "spec",
    "program",
    [
        ROOT,
        SYSTEM,
        operation("same", Op.SAME, SYSTEM),
        operation(
            "new",
            Op.CREATE,
            SYSTEM,
            inputs={"word": Secret("open sesame"), "of": UNKNOWN, "size": 5, "list": [UNKNOWN]},
            waits_for={"of": ["urn:pulumi:s::p::t:m:Thing::network"], "list": ["urn:pulumi:s::p::t:m:Thing::disk"]},
        ),
        operation("grown", Op.UPDATE, SYSTEM, diff={"size": Change(1, 2), "tags": Change(None, ["a"])}),
        operation(
            "disk",
            Op.REPLACE,
            diff={"image": Change("a", "b", replaces=True), "key": Change(Secret("old"), Secret("new"))},
            data_bearing=True,
            delete_before_replace=True,
        ),
        operation("gone", Op.DELETE, retain=True),
    ],
    "seed",
)


def test_tree_shows_what_is_touched_and_what_stands_above_it() -> None:
    tree = to_text(PLAN).split("\n\n", maxsplit=1)[0]
    assert tree == (
        "     Type                 Name    Plan     Info\n"
        "     pulumi:pulumi:Stack  p-s\n"
        "     ├─ t:m:Thing         system\n"
        " +   │  ├─ t:m:Thing      new     create\n"
        " ~   │  └─ t:m:Thing      grown   update   [diff: ~size,+tags]\n"
        " +-  ├─ t:m:Thing         disk    replace  [diff: ~image,~key]; bears data: needs a decision of its own;"
        " the old one goes first\n"
        " -   └─ t:m:Thing         gone    delete   stays in the cloud"
    )


def test_each_difference_is_told() -> None:
    text = to_text(PLAN)
    assert "of: output<network>" in text
    assert 'list: ["output<disk>"]' in text
    assert "~ size: 1 => 2" in text
    assert '+ tags: null => ["a"]' in text
    assert '~ image: "a" => "b"  [replaces]' in text
    assert "same" not in text.split("Resources:")[0]


def test_resources_are_counted() -> None:
    assert to_text(PLAN).split("\n\n")[-1].splitlines() == [
        "Resources:",
        "    +  1 to create",
        "    ~  1 to update",
        "    +- 1 to replace",
        "    -  1 to delete",
        "       3 unchanged",
    ]


def test_plan_that_does_nothing_is_short() -> None:
    assert to_text(replace(PLAN, operations=[ROOT, SYSTEM])) == "Resources:\n       2 unchanged"
    assert to_text(replace(PLAN, operations=[])) == "Resources: none"


def test_scripts_get_the_keys_they_rely_on() -> None:
    document = json.loads(json.dumps(to_json(PLAN, "digest")))
    assert document["digest"] == "digest"
    assert [(one["op"], one["type"]) for one in document["operations"]][-1] == ("delete", "t:m:Thing")
    grown = next(one for one in document["operations"] if one["urn"].endswith("grown"))
    assert grown["diff"] == {"size": {"from": 1, "to": 2}, "tags": {"from": None, "to": ["a"]}}
    assert document["counts"] == {
        "create": 1, "adopt": 0, "update": 1, "replace": 1, "delete": 1, "refresh": 0, "read": 0, "same": 3
    }  # fmt: skip


@pytest.mark.parametrize("form", [to_text, lambda plan: json.dumps(to_json(plan, ""))])
def test_no_secret_is_shown(form: object) -> None:
    text = form(PLAN)  # type: ignore[operator]
    assert "[secret]" in text
    assert not any(word in text for word in ("open sesame", '"old"', '"new"'))


@given(properties)
def test_everything_can_be_shown(inputs: dict[str, object]) -> None:
    plan = replace(PLAN, operations=[operation("x", Op.CREATE, inputs=inputs)])
    assert "(create)" in to_text(plan)
    json.dumps(to_json(plan, ""))
    json.dumps(shown(inputs))


def test_no_control_character_reaches_the_terminal() -> None:
    evil = "\x1b[31mred"
    plan = replace(PLAN, operations=[operation(evil, Op.CREATE, inputs={evil: evil}), operation("\r\b", Op.DELETE)])
    assert not any(character in to_text(plan) for character in "\x1b\r\b")


def test_leftover_with_a_living_sibling_is_shown_once_each() -> None:
    living, leftover = operation("a", Op.UPDATE), operation("a", Op.DELETE)
    child = replace(operation("child", Op.CREATE), parent=living.urn)
    tree = to_text(replace(PLAN, operations=[ROOT, living, child, leftover])).split("\n\n", maxsplit=1)[0]
    assert [tree.count(what) for what in ("update", "create", "delete")] == [1, 1, 1]
