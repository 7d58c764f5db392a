"""A plan as people read it in a terminal, and as scripts read it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from rich.cells import cell_len

from controller.engine.plan import Op, Operation, Plan, Purpose
from controller.engine.planning.differences import outputs_between, shown
from controller.engine.planning.render import DONE, overview, short_type, steps_of, summary, to_json, to_text, tree
from controller.engine.properties import UNKNOWN, Secret
from controller.engine.provider import Change
from tests.engine.values import properties

WIDE = 200

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
    tree = to_text(PLAN, WIDE).split("\n\n", maxsplit=1)[0]
    assert tree == (
        "     Type                 Name    Plan     Info\n"
        "     pulumi:pulumi:Stack  p-s\n"
        "     ├─ t:m:Thing         system\n"
        " +   │  ├─ t:m:Thing      new     create\n"
        " ~   │  └─ t:m:Thing      grown   update   [diff: ~size,+tags]\n"
        " +-  ├─ t:m:Thing         disk    replace  bears data: needs a decision of its own; the old one goes first;"
        " [diff: ~image,~key]\n"
        " -   └─ t:m:Thing         gone    delete   stays in the cloud"
    )


def test_a_plan_to_destroy_is_itself_the_decision_about_data() -> None:
    disk = operation("disk", Op.DELETE, data_bearing=True)
    tree = overview(replace(PLAN, purpose=Purpose.DESTROY, operations=[disk]), WIDE)
    assert "bears data: approving gives it up" in tree
    assert "decision of its own" not in tree


def test_each_difference_is_told() -> None:
    text = to_text(PLAN, WIDE)
    assert "of  : output<network>" in text
    assert 'list: ["output<disk>"]' in text
    assert "~ size: 1 => 2" in text
    assert '+ tags: ["a"]' in text
    assert '+- image: "a" => "b"  [forces replacement]' in text
    assert "[steps=delete-replaced, replace, create-replacement]" in text
    assert "same" not in text.split("Resources:")[0]


def test_resources_are_counted() -> None:
    assert to_text(PLAN, WIDE).split("\n\n")[-1].splitlines() == [
        "Resources:",
        "    +  1 to create",
        "    ~  1 to update",
        "    +- 1 to replace",
        "    -  1 to delete",
        "       3 unchanged",
    ]


def test_plan_that_does_nothing_is_short() -> None:
    assert to_text(replace(PLAN, operations=[ROOT, SYSTEM]), WIDE) == "Resources:\n       2 unchanged"
    assert to_text(replace(PLAN, operations=[]), WIDE) == "Resources: none"


def test_scripts_get_the_keys_they_rely_on() -> None:
    document = json.loads(json.dumps(to_json(PLAN, "digest")))
    assert document["digest"] == "digest"
    assert [(one["op"], one["type"]) for one in document["operations"]][-1] == ("delete", "t:m:Thing")
    grown = next(one for one in document["operations"] if one["urn"].endswith("grown"))
    assert grown["diff"] == {"size": {"from": 1, "to": 2}, "tags": {"from": None, "to": ["a"]}}
    assert document["counts"] == {
        "create": 1, "import": 0, "update": 1, "replace": 1, "delete": 1, "refresh": 0, "read": 0, "same": 3
    }  # fmt: skip


@pytest.mark.parametrize("form", [lambda plan: to_text(plan, WIDE), lambda plan: json.dumps(to_json(plan, ""))])
def test_no_secret_is_shown(form: object) -> None:
    text = form(PLAN)  # type: ignore[operator]
    assert "[secret]" in text
    assert not any(word in text for word in ("open sesame", '"old"', '"new"'))


@given(properties)
def test_everything_can_be_shown(inputs: dict[str, object]) -> None:
    plan = replace(PLAN, operations=[operation("x", Op.CREATE, inputs=inputs)])
    assert "(create)" in to_text(plan, WIDE)
    json.dumps(to_json(plan, ""))
    json.dumps(shown(inputs))


def test_no_control_character_reaches_the_terminal() -> None:
    evil = "\x1b[31mred"
    plan = replace(PLAN, operations=[operation(evil, Op.CREATE, inputs={evil: evil}), operation("\r\b", Op.DELETE)])
    assert not any(character in to_text(plan, WIDE) for character in "\x1b\r\b")


def test_leftover_with_a_living_sibling_is_shown_once_each() -> None:
    living, leftover = operation("a", Op.UPDATE), operation("a", Op.DELETE)
    child = replace(operation("child", Op.CREATE), parent=living.urn)
    tree = to_text(replace(PLAN, operations=[ROOT, living, child, leftover]), WIDE).split("\n\n", maxsplit=1)[0]
    assert [tree.count(what) for what in ("update", "create", "delete")] == [1, 1, 1]


def test_lists_and_mappings_are_compared_item_by_item() -> None:
    before = {"rules": [{"port": 22, "cidr": "10.0.0.0/8"}, {"port": 80}], "tags": {"a": "1", "b": Secret("x")}}
    after = {"rules": [{"port": 22, "cidr": "10.0.0.0/16"}], "tags": {"a": "1", "b": Secret("y"), "c": True}}
    diff = {name: Change(before[name], after[name]) for name in before}
    text = to_text(replace(PLAN, operations=[operation("x", Op.UPDATE, diff=diff)]), WIDE)
    assert "\n".join(text.splitlines()[3:-3]).rstrip() == (
        "~  t:m:Thing: (update)\n"
        "     [urn=urn:pulumi:s::p::t:m:Thing::x]\n"
        "     ~ rules: [\n"
        "         ~ [0]: {\n"
        '             ~ cidr: "10.0.0.0/8" => "10.0.0.0/16"\n'
        "           }\n"
        '         - [1]: {"port": 80}\n'
        "       ]\n"
        "     ~ tags: {\n"
        "         ~ b: [secret] => [secret]\n"
        "         + c: true\n"
        "       }"
    )


def test_long_values_take_a_line_an_item() -> None:
    long = {"first": "x" * 40, "second": ["y" * 40, "z" * 40]}
    text = to_text(replace(PLAN, operations=[operation("x", Op.CREATE, inputs={"of": long})]), WIDE)
    assert f'           first: "{"x" * 40}"' in text
    assert f'               [1]: "{"z" * 40}"' in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_tree_fits_the_terminal(width: int) -> None:
    wide = [*PLAN.operations, operation("数据库服务器", Op.CREATE, SYSTEM)]
    lines = tree(replace(PLAN, operations=wide), width).splitlines()
    assert max(cell_len(line) for line in lines) <= width
    columns = {cell_len(line[: line.index(word)]) for line in lines for word in ("create", "update") if word in line}
    assert len(columns) <= 1


def test_an_overview_holds_no_properties() -> None:
    text = overview(PLAN, WIDE)
    assert "urn=" not in text
    assert text.endswith(summary(PLAN, {op: f"to {op}" for op in Op}).splitlines()[-1].replace("to same", "unchanged"))


def test_what_was_done_is_counted() -> None:
    assert "+  1 created" in summary(PLAN, DONE)


@pytest.mark.parametrize(
    ("token", "short"),
    [
        ("openstack:networking/network:Network", "openstack:networking:Network"),
        ("pulumi:pulumi:Stack", "pulumi:pulumi:Stack"),
        ("my:Component", "my:Component"),
        ("pulumi:providers:openstack", "pulumi:providers:openstack"),
    ],
)
def test_types_are_shown_without_their_module_s_path(token: str, short: str) -> None:
    assert short_type(token) == short


def test_a_replace_is_told_as_the_steps_of_it() -> None:
    new = operation("x", Op.REPLACE)
    assert steps_of(new) == ("create-replacement", "replace", "delete-replaced")
    assert steps_of(replace(new, delete_before_replace=True)) == ("delete-replaced", "replace", "create-replacement")
    assert to_json(replace(PLAN, operations=[new]), "")["operations"][0]["steps"] == list(steps_of(new))


def test_outputs_are_told_as_they_were_and_will_be() -> None:
    before = {"gone": 1, "kept": "k", "moved": "a", "hidden": Secret("x")}
    after = {"kept": "k", "moved": "b", "new": UNKNOWN, "hidden": Secret("y")}
    assert outputs_between(before, after) == [
        "     - gone: 1",
        "     ~ hidden: [secret] => [secret]",
        '       kept: "k"',
        '     ~ moved: "a" => "b"',
        "     + new: output<string>",
    ]


@given(properties, properties)
def test_no_difference_of_outputs_breaks_it(before: dict[str, object], after: dict[str, object]) -> None:
    assert len(outputs_between(before, after)) >= len(before.keys() | after.keys())


def test_a_hidden_difference_is_counted_and_not_shown() -> None:
    changes = {"size": Change(1, 2), "tags.a": Change("was", "is")}
    change = replace(operation("a", Op.UPDATE), diff=changes, hide_diffs=("tags",))
    plan = replace(PLAN, operations=[change])
    assert "tags.a: [hidden]" in to_text(plan, 100)
    assert to_json(plan, "")["operations"][0]["diff"]["tags.a"] == {"from": "[hidden]", "to": "[hidden]"}
    assert '"was"' not in to_text(plan, 100) + json.dumps(to_json(plan, ""))
    assert "size: 1 => 2" in to_text(plan, 100)


def test_what_is_done_on_another_cloud_than_the_rest_says_so() -> None:
    here = [operation(name, Op.CREATE, cloud="sandbox") for name in ("a", "b")]
    there = operation("c", Op.DELETE, cloud="elsewhere")
    lines = overview(replace(PLAN, operations=[ROOT, *here, there]), 120).splitlines()
    assert [line for line in lines if "on elsewhere" in line] == [line for line in lines if " c " in line]
    assert "on sandbox" not in "".join(lines)
