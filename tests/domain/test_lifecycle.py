"""The stage machine on a city that does not exist: it obeys whatever a file says, and knows no city by itself."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.domain import lifecycle
from controller.domain.errors import Refused, WrongUse
from controller.domain.lifecycle import Attempt, Procedure, Standing, advance, offered
from controller.domain.roles import Role

ATLANTIS: dict[str, Any] = {
    "name": "diving",
    "title": "下潜许可",
    "rule": "AT-1",
    "stages": [
        {
            "name": "surface",
            "title": "水面",
            "rule": "AT-1",
            "actions": [
                {
                    "name": "dive",
                    "title": "下潜",
                    "roles": ["unit"],
                    "to": "shallow",
                    "declarations": [
                        {"fact": "swims", "must_be": ["yes"], "title": "会游泳", "rule": "AT-2"},
                        {"fact": "insured", "must_be": ["yes"], "title": "已投保", "rule": "AT-3", "exception": True},
                    ],
                    "documents": [
                        {"code": "licence", "title": "潜水证", "rule": "AT-4", "when": {"depth": ["deep"]}},
                        {"code": "health", "title": "体检表", "rule": "AT-5", "exception": True},
                    ],
                },
                {"name": "leave", "title": "离开", "roles": ["unit"], "to": "gone", "while_paused": True},
                {"name": "wait", "title": "暂缓", "roles": ["finance"], "pauses": True, "reason": True},
                {"name": "go_on", "title": "继续", "roles": ["unit"], "resumes": True},
            ],
        },
        {
            "name": "shallow",
            "title": "浅水",
            "rule": "AT-6",
            "lasts": {"min_days": 2, "max_days": 4, "then": "rise", "rule": "AT-6", "exception": True},
            "actions": [
                {"name": "rise", "title": "上浮", "roles": ["controller"], "to": "surface"},
                {"name": "sign", "title": "会签", "roles": ["unit", "vendor"], "jointly": True, "to": "gone"},
            ],
        },
        {"name": "gone", "title": "已离开", "rule": "AT-7"},
    ],
}
PROCEDURE = Procedure.model_validate(ATLANTIS)
UNIT = frozenset({Role.UNIT})
FULL = {"swims": "yes", "insured": "yes", "depth": "deep"}
PAPERS = frozenset({"licence", "health"})


def attempt(action: str, *roles: Role, **given: Any) -> Attempt:
    return Attempt(action, frozenset(roles), **given)


def test_it_moves_as_the_file_says() -> None:
    step = advance(PROCEDURE, Standing("surface"), attempt("dive", Role.UNIT, facts=FULL, documents=PAPERS, days=3))
    assert (step.after, step.role, step.completed, step.days) == (Standing("shallow"), Role.UNIT, True, 3)
    assert step.enters


def test_a_stage_that_ends_by_itself_lasts_its_longest_by_default() -> None:
    step = advance(PROCEDURE, Standing("surface"), attempt("dive", Role.UNIT, facts=FULL, documents=PAPERS))
    assert step.days == 4


@pytest.mark.parametrize(
    ("wanted", "rule", "why"),
    [
        (attempt("fly", Role.UNIT), "AT-1", "no such action here"),
        (attempt("rise", Role.CONTROLLER), "AT-1", "an action of another stage"),
        (attempt("dive", Role.FINANCE, facts=FULL, documents=PAPERS), "AT-1", "not this role's"),
        (attempt("dive", Role.UNIT, facts=FULL | {"swims": "no"}, documents=PAPERS), "AT-2", "declared otherwise"),
        (attempt("dive", Role.UNIT, facts={"insured": "yes"}, documents=PAPERS), "AT-2", "not declared"),
        (attempt("dive", Role.UNIT, facts=FULL, documents=frozenset({"health"})), "AT-4", "a document lacks"),
        (attempt("dive", Role.UNIT, facts=FULL, documents=PAPERS, days=1), "AT-6", "too short"),
        (attempt("dive", Role.UNIT, facts=FULL, documents=PAPERS, days=5), "AT-6", "too long"),
        (attempt("wait", Role.FINANCE, reason="  "), "AT-1", "no reason written"),
        (attempt("go_on", Role.UNIT), "AT-1", "nothing to resume"),
    ],
)
def test_refusals_name_the_rule(wanted: Attempt, rule: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        advance(PROCEDURE, Standing("surface"), wanted)
    assert refused.value.rule == rule, why


def test_all_that_lacks_is_said_at_once() -> None:
    with pytest.raises(Refused) as refused:
        advance(PROCEDURE, Standing("surface"), attempt("dive", Role.UNIT, facts={"depth": "deep"}))
    for lacking in ("会游泳", "已投保", "潜水证", "体检表"):
        assert lacking in refused.value.remedy


def test_a_document_is_asked_only_where_the_facts_say_so() -> None:
    shallow = attempt("dive", Role.UNIT, facts=FULL | {"depth": "shallow"}, documents=frozenset({"health"}))
    assert advance(PROCEDURE, Standing("surface"), shallow).completed


@pytest.mark.parametrize(
    ("exceptions", "holds"),
    [
        (frozenset[str](), False),
        (frozenset({"AT-5"}), True),
        (frozenset({"AT-4"}), False),
    ],
)
def test_an_exception_replaces_only_what_allows_one(exceptions: frozenset[str], holds: bool) -> None:
    wanted = attempt(
        "dive", Role.UNIT, facts=FULL | {"depth": "shallow"}, documents=frozenset({"licence"}), exceptions=exceptions
    )
    if holds:
        assert advance(PROCEDURE, Standing("surface"), wanted).completed
    else:
        with pytest.raises(Refused):
            advance(PROCEDURE, Standing("surface"), wanted)


def test_an_exception_lets_days_leave_their_bounds() -> None:
    wanted = attempt("dive", Role.UNIT, facts=FULL, documents=PAPERS, days=9, exceptions=frozenset({"AT-6"}))
    assert advance(PROCEDURE, Standing("surface"), wanted).days == 9


def test_a_paused_case_waits() -> None:
    paused = advance(PROCEDURE, Standing("surface"), attempt("wait", Role.FINANCE, reason="缺照片")).after
    assert paused == Standing("surface", paused=True)
    with pytest.raises(Refused, match="等待补正"):
        advance(PROCEDURE, paused, attempt("dive", Role.UNIT, facts=FULL, documents=PAPERS))
    assert [action.name for action in offered(PROCEDURE, paused)] == ["leave", "go_on"]
    assert advance(PROCEDURE, paused, attempt("go_on", Role.UNIT)).after == Standing("surface")
    assert advance(PROCEDURE, paused, attempt("leave", Role.UNIT)).after == Standing("gone")


def test_a_joint_action_waits_for_every_party() -> None:
    first = advance(PROCEDURE, Standing("shallow"), attempt("sign", Role.VENDOR))
    assert not first.completed
    assert first.after == Standing("shallow", given=frozenset({Role.VENDOR}))
    with pytest.raises(Refused, match="另一方"):
        advance(PROCEDURE, first.after, attempt("sign", Role.VENDOR))
    second = advance(PROCEDURE, first.after, attempt("sign", Role.UNIT))
    assert second.completed
    assert second.after == Standing("gone")


@pytest.mark.parametrize(
    ("standing", "possible"),
    [
        (Standing("surface"), "下潜（dive）、离开（leave）、暂缓（wait）"),
        (Standing("surface", paused=True), "离开（leave）、继续（go_on）"),
        (Standing("shallow"), "会签（sign）"),
        (Standing("gone"), "无，案件已办结"),
    ],
)
def test_a_step_that_there_is_not_is_answered_with_those_that_a_person_can_take(
    standing: Standing, possible: str
) -> None:
    with pytest.raises(Refused) as refused:
        advance(PROCEDURE, standing, attempt("fly", Role.UNIT))
    assert refused.value.remedy == f"此环节可办理：{possible}"


def test_from_an_end_nothing_goes_on() -> None:
    with pytest.raises(Refused, match="已离开"):
        advance(PROCEDURE, Standing("gone"), attempt("dive", Role.UNIT))


def test_an_unknown_stage_is_named() -> None:
    with pytest.raises(WrongUse, match="surface"):
        PROCEDURE.stage("abyss")


def stage(name: str, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "title": name, "rule": "AT-1", "actions": actions, **more}


def action(**more: Any) -> dict[str, Any]:
    return {"name": "x", "title": "x", "roles": ["unit"], **more}


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([stage("a", action(to="b"))], "nowhere"),
        ([stage("a"), stage("a")], "twice"),
        ([stage("a", lasts={"min_days": 1, "max_days": 1, "then": "y", "rule": "AT-1"})], "unknown action"),
        ([stage("a", action(to="a"), lasts={"min_days": 2, "max_days": 1, "then": "x", "rule": "AT-1"})], "greater"),
        ([stage("a", action())], "move to a stage"),
        ([stage("a", action(to="a", pauses=True))], "move to a stage"),
        ([stage("a", action(to="a", roles=["king"]))], "roles"),
        ([], "stages"),
    ],
)
def test_a_procedure_that_does_not_hold_together_is_refused(stages: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Procedure.model_validate({"name": "p", "title": "p", "rule": "AT-1", "stages": stages})


names = st.sampled_from(["dive", "leave", "wait", "go_on", "rise", "sign", "fly"])
roles = st.frozensets(st.sampled_from([Role.UNIT, Role.VENDOR, Role.FINANCE, Role.CONTROLLER]))


@given(st.lists(st.tuples(names, roles, st.booleans()), max_size=30))
def test_whatever_people_try_the_case_stands_on_a_known_stage_and_ends_stay_ends(
    tries: list[tuple[str, frozenset[Role], bool]],
) -> None:
    standing = Standing(PROCEDURE.start)
    for name, held, complete in tries:
        before = standing
        given_facts, papers = (FULL, PAPERS) if complete else ({}, frozenset[str]())
        try:
            standing = advance(PROCEDURE, before, Attempt(name, held, given_facts, papers, reason="理由")).after
        except Refused:
            continue
        offer = PROCEDURE.stage(before.stage).action(name)
        assert offer is not None
        assert held & set(offer.roles)
        assert not PROCEDURE.stage(before.stage).is_final
        assert before.paused <= (offer.resumes or offer.while_paused)


def test_the_machine_knows_no_city() -> None:
    words = {node.value for node in ast.walk(ast.parse(inspect.getsource(lifecycle))) if isinstance(node, ast.Constant)}
    assert not [
        word for word in words if isinstance(word, str) and ("LZ-" in word or "柳州" in word or "liuzhou" in word)
    ]
