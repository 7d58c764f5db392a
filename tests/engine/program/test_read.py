"""Resources that a program reads rather than registers: what the engine is asked, and what the program is told."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused
from controller.engine.properties import UNKNOWN, Secret
from tests.engine.runs import Notes, run


def test_a_read_tells_the_id_and_what_narrows_it_and_its_outputs_reach_others() -> None:
    notes = Notes()
    run(
        """
        there = Thing('there', ResourceOptions(id='42', additional_secret_outputs=['key']), size=3)
        Thing('a', of=there.made, id_of=there.id, size=there.size if hasattr(there, 'size') else 0)
        """,
        notes,
    )
    assert notes.ids == {"there": "42"}
    assert notes["there"].inputs == {"size": 3}
    assert notes["there"].options.additional_secret_outputs == ("key",)
    assert notes["a"].inputs["of"] == "read-42"
    assert notes["a"].inputs["id_of"] == "42"
    assert notes["a"].property_dependencies["of"] == (notes["there"].urn,)


def test_a_read_by_an_unknown_id_is_unknown() -> None:
    notes = Notes(preview=True)
    run(
        "there = Thing('there', ResourceOptions(id=Thing('first').id))\nThing('a', of=there.made, by=there.id)",
        notes,
        preview=True,
    )
    assert notes.ids["there"] is UNKNOWN
    assert notes["a"].inputs == {"of": UNKNOWN, "by": UNKNOWN}


def test_a_stack_reference_is_a_read_by_the_stacks_name() -> None:
    notes = Notes()
    run("pulumi.StackReference('mine', stack_name='organization/net/prod')", notes)
    assert notes.ids == {"mine": "organization/net/prod"}
    assert notes["mine"].type == "pulumi:pulumi:StackReference"


def test_one_name_is_either_read_or_registered() -> None:
    with pytest.raises(Refused, match="called 'twin'"):
        run("Thing('twin', ResourceOptions(id='42')); Thing('twin')", Notes())


def test_secret_inputs_of_a_read_stay_secret() -> None:
    notes = Notes()
    run("Thing('a', ResourceOptions(id='42'), word=pulumi.Output.secret('x'))", notes)
    assert notes["a"].inputs == {"word": Secret("x")}
