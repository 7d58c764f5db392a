"""Hooks of a program: bound to registrations by name, told what is done, and what their failure means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from controller.domain.errors import Failed, Refused
from controller.engine.program.run import ProgramFailed
from controller.engine.properties import Secret
from controller.engine.registration import HookCall, Registration
from tests.engine.runs import Notes, run

TELLING = """
def tell(args):
    print(args.name, repr(args.id), args.new_inputs["size"], (args.new_outputs or {}).get("made"))
    if args.name == "bad":
        raise ValueError("not this one")
hook = pulumi.ResourceHook("telling", tell)
"""


def call(registration: Registration, **more: Any) -> HookCall:
    told: dict[str, Any] = {"id": "", "new_inputs": registration.inputs}
    nothing = {"old_inputs": None, "new_outputs": None, "old_outputs": None}
    return HookCall(
        **{"urn": registration.urn, "type": registration.type, "name": registration.name, **told, **nothing, **more}
    )


class Calling(Notes):
    """Calls whatever is bound, as an execution that makes or changes the resource would."""

    def register(self, registration: Registration) -> Any:
        for point in ("before_create", "before_update"):
            for hook in registration.hooks.get(point, ()):
                hook(call(registration))
        registered = super().register(registration)
        for point in ("after_create", "after_update"):
            for hook in registration.hooks.get(point, ()):
                hook(call(registration, id=registered.id, new_outputs=registered.outputs))
        return registered


def program(name: str, *points: str) -> str:
    binding = ", ".join(f"{point}=[hook]" for point in points)
    return f"{TELLING}\nThing('{name}', ResourceOptions(hooks=pulumi.ResourceHookBinding({binding})), size=1)"


def test_hooks_are_called_with_what_there_is_to_tell() -> None:
    result = run(program("a", "before_create", "after_create"), Calling())
    assert result.log == ["a '' 1.0 None", "a 'id-a' 1.0 made-a"]


def test_a_secret_is_told_as_one() -> None:
    notes = Calling()
    run(
        """
        async def tell(args):
            assert await args.new_inputs["word"].is_secret()
        hooks = pulumi.ResourceHookBinding(before_create=[tell])
        Thing("a", ResourceOptions(hooks=hooks), word=pulumi.Output.secret(1))
        """,
        notes,
    )
    assert notes["a"].inputs == {"word": Secret(1)}


def test_a_program_that_ends_in_a_hook_after_what_was_done_is_what_failed() -> None:
    notes = Calling()
    body = """
        import os
        hooks = pulumi.ResourceHookBinding(after_create=[lambda args: os._exit(7)])
        Thing("a", ResourceOptions(hooks=hooks))
        """
    with pytest.raises(ProgramFailed) as failure:
        run(body, notes)
    assert "a" in notes.registrations
    assert any("(after create) failed" in line for line in failure.value.log)


@pytest.mark.parametrize("point", ["before_create", "before_update"])
def test_a_hook_that_fails_before_stops_what_it_is_called_before(point: str) -> None:
    notes = Calling()
    with pytest.raises(Failed, match=r"the hook telling \(before .*\) failed: not this one"):
        run(program("bad", point), notes)
    assert "bad" not in notes.registrations


@pytest.mark.parametrize("point", ["after_create", "after_update"])
def test_a_hook_that_fails_after_is_told_as_a_warning(point: str) -> None:
    result = run(program("bad", point), Calling())
    assert any(line.startswith("warning: the hook telling") and "not this one" in line for line in result.log)


def test_a_hook_whose_errors_do_not_count_is_told_as_a_warning() -> None:
    options = 'hook = pulumi.ResourceHook("telling", tell, pulumi.ResourceHookOptions(ignore_errors=True))'
    body = program("bad", "before_create").replace('hook = pulumi.ResourceHook("telling", tell)', options)
    notes = Calling()
    assert any("not this one" in line for line in run(body, notes).log)
    assert "bad" in notes.registrations


def test_previews_call_only_what_wants_to_see_them() -> None:
    notes = Notes(preview=True)
    run(
        """
        both = pulumi.ResourceHook("both", lambda args: None, pulumi.ResourceHookOptions(on_dry_run=True))
        real = pulumi.ResourceHook("real", lambda args: None)
        Thing("a", ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[both, real], after_create=[real])))
        """,
        notes,
        preview=True,
    )
    assert {point: len(hooks) for point, hooks in notes["a"].hooks.items()} == {"before_create": 1}


def test_secret_settings_do_not_stand_in_what_a_hook_raised() -> None:
    body = program("bad", "before_create").replace('"not this one"', 'Config("snippet").get("word")')
    with pytest.raises(Failed, match=r"failed: \[secret\]") as failure:
        run(body, Calling(), config={"snippet:word": "open sesame"}, secret_config_keys=["snippet:word"])
    assert "open sesame" not in failure.value.message


def test_hooks_around_deletions_are_named_and_called_while_the_program_still_runs() -> None:
    class Deleting(Notes):
        def finish(self) -> None:
            told = call(self["a"], id="id-a", new_inputs=None, old_inputs={"size": 1}, old_outputs={})
            for point, names in self["a"].delete_hooks.items():
                for name in names:
                    self.hooks[name](point, told)

    notes = Deleting()
    result = run(
        """
        def tell(args):
            print(args.id, args.old_inputs["size"])
            if later:
                raise ValueError("not this one")
            later.append(1)
        later = []
        hook = pulumi.ResourceHook("telling", tell)
        binding = pulumi.ResourceHookBinding(before_delete=[hook], after_delete=[hook])
        Thing("a", ResourceOptions(hooks=binding), size=1)
        """,
        notes,
    )
    assert notes["a"].delete_hooks == {"before_delete": ("telling",), "after_delete": ("telling",)}
    assert notes["a"].hooks == {}
    assert result.log.count("id-a 1.0") == 2
    assert any("the hook telling (after delete) failed: not this one" in line for line in result.log)


def test_previews_call_no_hook_around_a_deletion_that_does_not_want_it() -> None:
    notes = Notes(preview=True)
    run(
        f"{TELLING}\nThing('a', ResourceOptions(hooks=pulumi.ResourceHookBinding(before_delete=[hook])))",
        notes,
        preview=True,
    )
    notes.hooks["telling"]("before_delete", call(notes["a"]))


@pytest.mark.parametrize("first", ["ResourceHook", "ErrorHook"])
@pytest.mark.parametrize("second", ["ResourceHook", "ErrorHook"])
def test_two_hooks_of_one_name_are_refused(first: str, second: str) -> None:
    with pytest.raises(Refused, match="two hooks are called twin"):
        run(f"pulumi.{first}('twin', print); pulumi.{second}('twin', print)\nThing('a')", Notes())


AGAIN = """
def again(args):
    print(args.failed_operation, args.name, args.new_inputs["size"], args.old_inputs, *args.errors)
    if args.errors[0] == "never":
        raise ValueError("that cannot be")
    return len(args.errors) < 2
hook = pulumi.ErrorHook("again", again)
Thing("a", ResourceOptions(hooks=pulumi.ResourceHookBinding(on_error=[hook])), size=1)
"""


def asking(*refusals: Sequence[str]) -> tuple[list[bool], list[str]]:
    """What the program's hook answers to each of the `refusals` of a create, and the program's log."""
    wishes = []

    def ask(registration: Registration) -> None:
        if registration.custom:
            [name] = registration.delete_hooks["on_error"]
            wishes.extend(notes.error_hooks[name]("create", call(registration), errors) for errors in refusals)

    notes = Notes(act=ask)
    return wishes, list(run(AGAIN, notes).log)


def test_a_hook_around_errors_is_told_all_refusals_and_says_whether_to_try_again() -> None:
    wishes, log = asking(["busy"], ["full", "busy"])
    assert wishes == [True, False]
    assert log == ["create a 1.0 None busy", "create a 1.0 None full busy"]


def test_a_hook_around_errors_that_fails_is_told_with_the_refusal() -> None:
    with pytest.raises(Failed, match="the error hook again failed: that cannot be, asked about: never"):
        asking(["never"])
