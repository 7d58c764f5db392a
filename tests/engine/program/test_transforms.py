"""Transforms: what a program's functions make of its registrations and calls before the engine hears of them."""

from __future__ import annotations

import pytest

from controller.domain.errors import Failed
from controller.engine.properties import Secret
from controller.engine.registration import Options
from tests.engine.runs import Notes, run

MARK = """
def mark(word, **more):
    def transform(args):
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(**more))
        return pulumi.ResourceTransformResult({**args.props, "marks": args.props.get("marks", "") + word}, opts)
    return transform
"""


def test_own_transforms_come_first_then_the_parents_then_the_stacks() -> None:
    notes = Notes()
    run(
        MARK
        + """
        pulumi.runtime.register_stack_transform(mark("s"))
        group = Group("g", ResourceOptions(transforms=[mark("g")]))
        inner = Group("i", ResourceOptions(parent=group, transforms=[mark("i")]))
        Thing("a", ResourceOptions(parent=inner, transforms=[mark("1"), mark("2")]), size=1)
        Thing("b")
        """.replace("\n        ", "\n"),
        notes,
    )
    assert notes["a"].inputs == {"size": 1, "marks": "12igs"}
    assert notes["b"].inputs == {"marks": "s"}


def test_a_transform_that_answers_nothing_changes_nothing() -> None:
    told = "pulumi.ResourceOptions(protect=True, ignore_changes=['size'], depends_on=[Thing('first')]"
    plain, transformed = Notes(), Notes()
    run(f"Thing('a', {told}), size=pulumi.Output.secret(1))", plain)
    run(f"Thing('a', {told}, transforms=[lambda args: None]), size=pulumi.Output.secret(1))", transformed)
    assert transformed["a"] == plain["a"]


def test_options_are_changed_and_the_rest_of_them_stays() -> None:
    notes = Notes()
    run(
        MARK
        + """
times = pulumi.CustomTimeouts(create="5m")
first, second = Thing("first"), Thing("second")
own = ResourceOptions(retain_on_delete=True, ignore_changes=["size"], depends_on=[first], delete_before_replace=True)
change = mark("x", protect=True, custom_timeouts=times, replace_on_changes=["size"], depends_on=[second],
              additional_secret_outputs=["key"], ignore_changes=["colour"])
Thing("a", ResourceOptions.merge(own, ResourceOptions(transforms=[change])), size=1)
""",
        notes,
    )
    assert notes["a"].options == Options(
        protect=True,
        ignore_changes=("size", "colour"),
        replace_on_changes=("size",),
        delete_before_replace=True,
        retain_on_delete=True,
        additional_secret_outputs=("key",),
        timeouts={"create": 300.0},
    )
    assert set(notes["a"].dependencies) == {notes["first"].urn, notes["second"].urn}


def test_secrets_pass_a_transform_and_what_it_takes_out_is_gone() -> None:
    notes = Notes()
    run(
        """
        def transform(args):
            return pulumi.ResourceTransformResult({"word": args.props["word"]}, args.opts)
        made = Thing("first").made
        Thing("a", ResourceOptions(transforms=[transform]), word=pulumi.Output.secret("x"), gone=made)
        """,
        notes,
    )
    assert notes["a"].inputs == {"word": Secret("x")}
    assert notes["a"].property_dependencies == {}


def test_a_transform_may_wait_for_what_is_asynchronous() -> None:
    notes = Notes()
    run(
        """
        async def transform(args):
            import asyncio
            await asyncio.sleep(0)
            return pulumi.ResourceTransformResult({"size": 2}, args.opts)
        Thing("a", ResourceOptions(transforms=[transform]), size=1)
        """,
        notes,
    )
    assert notes["a"].inputs == {"size": 2}


def test_a_transform_that_raises_ends_the_run_and_says_why() -> None:
    notes = Notes()
    with pytest.raises(Failed, match=r"a transform of a failed: not this one") as failure:
        run(
            """
            def transform(args):
                raise ValueError("not this one")
            Thing("a", ResourceOptions(transforms=[transform]))
            """,
            notes,
        )
    assert "Invoke callback" not in failure.value.message
    assert "a" not in notes.registrations


def test_secret_settings_do_not_stand_in_what_a_transform_raised() -> None:
    body = """
    def transform(args):
        raise ValueError(Config("snippet").get("word"))
    Thing("a", ResourceOptions(transforms=[transform]))
    """
    with pytest.raises(Failed, match=r"failed: \[secret\]") as failure:
        run(body, Notes(), config={"snippet:word": "open sesame"}, secret_config_keys=["snippet:word"])
    assert "open sesame" not in failure.value.message


def test_calls_of_functions_are_transformed_in_order() -> None:
    notes = Notes()
    run(
        """
        def more(word):
            return lambda args: pulumi.InvokeTransformResult({**args.args, "name": args.args["name"] + word}, args.opts)
        pulumi.runtime.register_invoke_transform(more("2"))
        pulumi.runtime.register_invoke_transform(lambda args: None)
        pulumi.runtime.register_invoke_transform(more("3"))
        pulumi.runtime.invoke("t:m:getThing", {"name": "1"})
        """,
        notes,
    )
    assert [one.args for one in notes.invocations] == [{"name": "123"}]
