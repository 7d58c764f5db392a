"""A program's calls of functions: asked as they are meant, answered with values, unknowns, or a failure of its own."""

from __future__ import annotations

import pytest

from controller.engine.program.run import ProgramFailed
from controller.engine.properties import UNKNOWN, Secret
from controller.engine.registration import Answer, Invocation
from tests.engine.runs import Notes, run

LATER = "later = Thing('later').made"


def test_a_plain_call_is_answered_before_the_program_goes_on() -> None:
    notes = Notes()
    run(
        """
        answer = pulumi.runtime.invoke('t:m:getThing', {'name': 'x', 'sizes': [1, 2]}).value
        Thing('a', of=answer['said']['name'], sizes=answer['said']['sizes'])
        """,
        notes,
    )
    [asked] = notes.invocations
    assert (asked.token, asked.args, asked.provider) == ("t:m:getThing", {"name": "x", "sizes": [1, 2]}, "")
    assert notes["a"].inputs == {"of": "x", "sizes": [1, 2]}


def test_an_answer_to_a_secret_is_a_secret_and_depends_on_what_it_was_asked_with() -> None:
    notes = Notes()
    run(
        """
        made = Thing('first').made
        answer = pulumi.runtime.invoke_output('t:m:getThing', {'name': pulumi.Output.secret('x'), 'made': made})
        Thing('a', of=answer.apply(lambda it: it['said']['name']))
        """,
        notes,
    )
    assert notes.invocations[0].args == {"name": "x", "made": "made-first"}
    assert notes["a"].inputs == {"of": Secret("x")}
    assert notes["a"].property_dependencies == {"of": (notes["first"].urn,)}


def test_what_is_asked_with_something_unknown_is_unknown() -> None:
    notes = Notes(preview=True)
    run(f"{LATER}\nThing('a', of=pulumi.runtime.invoke_output('t:m:getThing', {{'made': later}}))", notes, preview=True)
    assert notes.invocations == []
    assert notes["a"].inputs == {"of": UNKNOWN}


@pytest.mark.parametrize(("preview", "value"), [(True, UNKNOWN), (False, "x")])
def test_a_call_waits_for_what_it_depends_on(preview: bool, value: object) -> None:
    notes = Notes(preview=preview)
    run(
        """
        first = Thing('first')
        opts = pulumi.InvokeOutputOptions(depends_on=[first])
        answer = pulumi.runtime.invoke_output('t:m:getThing', {'name': 'x'}, opts)
        Thing('a', of=answer.apply(lambda it: it['said']['name']))
        """,
        notes,
        preview=preview,
    )
    assert notes["a"].inputs == {"of": value}
    assert len(notes.invocations) == (0 if preview else 1)


def test_an_answer_that_the_engine_calls_unknown_is_unknown() -> None:
    notes = Notes(preview=True)
    run("Thing('a', of=pulumi.runtime.invoke_output('t:m:getThing', {'later': True}))", notes, preview=True)
    assert notes["a"].inputs == {"of": UNKNOWN}


def test_a_program_may_go_on_where_nothing_is_found_and_fails_where_it_does_not() -> None:
    call = "pulumi.runtime.invoke('t:m:getThing', {'missing': True})"
    notes = Notes()
    run(f"try:\n    {call}\nexcept Exception as error:\n    Thing('instead', why=str(error))", notes)
    assert "nothing is called so" in notes["instead"].inputs["why"]
    with pytest.raises(ProgramFailed, match="nothing is called so"):
        run(call, Notes())


class Knowing(Notes):
    """Knows that 42 exists."""

    def invoke(self, invocation: Invocation) -> Answer:
        super().invoke(invocation)
        id = invocation.args["id"]
        return Answer(UNKNOWN if id is UNKNOWN else {"exists": id == "42"})


def test_whether_a_resource_exists_is_asked_as_a_function_of_its_type() -> None:
    notes = Knowing(preview=True)
    run(
        f"""
        {LATER}
        def exists(id):
            return pulumi.runtime.exists_resource(None, 't:m:Thing', id, {{}}, ResourceOptions())
        Thing('a', there=exists('42'), gone=exists('43'), later=exists(later))
        """,
        notes,
        preview=True,
    )
    assert {one.token for one in notes.invocations} == {"t:m:Thing/exists"}
    assert notes["a"].inputs == {"there": True, "gone": False, "later": UNKNOWN}
