"""What a program looks up is part of its plan: while it is carried out, another answer stops the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from controller.domain.errors import Refused, WrongUse
from controller.engine.applying.execute import execute
from controller.engine.plan import Plan
from controller.engine.properties import UNKNOWN
from controller.engine.registration import Answer, Invocation, Registrar, Registration
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import GET_NET, NET, PROJECT, Cloud, TestProgram, Want
from tests.engine.scene import Scene


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    scene = Scene(sessions, vault)
    put(scene.cloud, cidr="10.0.0.0/24")
    return scene


IDS = ("theirs", "nobodys")


def put(cloud: Cloud, **inputs: Any) -> None:
    """Somebody else's net, called `theirs`."""
    cloud.things.pop("theirs", None)
    cloud.make(NET, {"name": "theirs", **inputs}, "")
    cloud.things["theirs"] = cloud.things.popitem()[1]
    cloud.things["theirs"].id = "theirs"


def asking(registrar: Registrar, *, name: Any = "theirs", function: str = GET_NET) -> Answer:
    """A program that puts one net where another is."""
    answer = registrar.invoke(Invocation(function, {"name": name}))
    found: Mapping[str, Any] = answer.outputs if isinstance(answer.outputs, Mapping) else {}
    TestProgram(Want("ours", inputs={"cidr": found.get("cidr", UNKNOWN if not answer.failure else "none")}))(registrar)
    return answer


def test_an_answer_reaches_what_is_made_and_stands_in_the_plan_without_its_value(scene: Scene) -> None:
    plan = scene.plan(asking)
    assert plan.invokes.keys() == {GET_NET}
    assert "theirs" not in repr(plan.to_document(scene.vault)["invokes"])
    assert Plan.from_document(plan.to_document(scene.vault), scene.vault) == plan
    assert scene.apply(asking).state is ExecutionState.SUCCEEDED
    assert [one.inputs["cidr"] for one in scene.state() if one.custom] == ["10.0.0.0/24"]


def test_another_answer_is_another_digest(scene: Scene) -> None:
    before = scene.plan(asking).digest(b"key")
    assert scene.plan(asking).digest(b"key") == before
    put(scene.cloud, cidr="10.0.0.0/24", colour="red")
    assert scene.plan(asking).digest(b"key") != before


def test_an_answer_that_moved_since_the_approval_stops_the_run_before_anything_is_made(scene: Scene) -> None:
    execution_id = scene.start(asking)
    put(scene.cloud, cidr="10.0.0.0/24", colour="red")
    outcome = execute(scene.means(), execution_id, asking)
    assert outcome.state is ExecutionState.FAILED
    assert "answers otherwise now" in " ".join(outcome.failures.values())
    assert scene.cloud.calls == []


def test_what_is_not_found_is_an_answer_too(scene: Scene) -> None:
    del scene.cloud.things["theirs"]
    execution_id = scene.start(asking)
    put(scene.cloud, cidr="10.9.0.0/24")
    assert execute(scene.means(), execution_id, asking).state is ExecutionState.FAILED
    assert scene.cloud.calls == []


def test_what_could_not_be_asked_before_is_free(scene: Scene) -> None:
    def program(registrar: Registrar) -> None:
        TestProgram(Want("first", inputs={"name": "first", "cidr": "10.1.0.0/24"}))(registrar)
        known = scene.cloud.calls != []
        asking(registrar, name="first" if known else UNKNOWN)

    assert scene.plan(program).invokes == {}
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert {one.inputs["cidr"] for one in scene.state() if one.custom} == {"10.1.0.0/24"}


def test_one_question_that_is_answered_in_two_ways_makes_no_plan(scene: Scene) -> None:
    def program(registrar: Registrar) -> None:
        asking(registrar)
        put(scene.cloud, cidr="10.9.0.0/24")
        asking(registrar)

    with pytest.raises(Refused, match="while the plan was made"):
        scene.plan(program)


def test_a_function_of_an_explicit_provider_is_asked_on_its_cloud(scene: Scene) -> None:
    put(scene.other_cloud(), cidr="10.66.0.0/24")
    answers: list[Answer] = []

    def program(registrar: Registrar) -> None:
        urn = f"{PROJECT}::pulumi:providers:test::p"
        inputs = {"cloud": "other"}
        provider = registrar.register(Registration(urn, "pulumi:providers:test", "p", True, "", inputs))
        reference = f"{urn}::{'04da6b54' if provider.id is UNKNOWN else provider.id}"
        answers.append(registrar.invoke(Invocation(GET_NET, {"name": "theirs"}, provider=reference)))
        answers.append(registrar.invoke(Invocation(GET_NET, {"name": "theirs"})))

    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert [one.outputs["cidr"] for one in answers] == ["10.66.0.0/24", "10.0.0.0/24"] * 2


def test_whether_something_exists_is_part_of_the_plan(scene: Scene) -> None:
    answers: list[Any] = []

    def program(registrar: Registrar) -> None:
        asked = {one: registrar.invoke(Invocation(f"{NET}/exists", {"id": one, "inputs": {}})) for one in IDS}
        answers.append([one.outputs["exists"] for one in asked.values()])
        TestProgram(Want("ours"))(registrar)

    execution_id = scene.start(program)
    assert answers == [[True, False]]
    del scene.cloud.things["theirs"]
    outcome = execute(scene.means(), execution_id, program)
    assert "answers otherwise now" in " ".join(outcome.failures.values())
    assert scene.cloud.calls == []


def test_an_unknown_function_is_refused_by_name(scene: Scene) -> None:
    with pytest.raises(WrongUse, match="getNothing"):
        scene.plan(lambda registrar: asking(registrar, function="test:index:getNothing"))
