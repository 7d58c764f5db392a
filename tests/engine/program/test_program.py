"""Programs on the real SDK, in the real runner, against the real monitor: what they register and how they end."""

from __future__ import annotations

import threading

import pytest

from controller.domain.errors import Refused
from controller.engine.program import run as program_module
from controller.engine.program.launch import Runner
from controller.engine.program.run import ProgramFailed, run_program
from controller.engine.program.source import ProgramSource
from controller.engine.properties import UNKNOWN, Secret
from controller.engine.registration import Registration
from tests.engine.runs import PROGRAMS, ROOT, STACK, Notes, run


def test_resources_come_with_urn_parent_and_dependencies() -> None:
    notes = Notes()
    result = run(
        """
        group = Group("g")
        first = Thing("first", ResourceOptions(parent=group), size=1)
        second = Thing("second", ResourceOptions(depends_on=[group]), of=first.id, sizes=[first.made, "x"])
        group.register_outputs({"first": first.id})
        export("second", second.made)
        """,
        notes,
    )
    first, second = notes["first"], notes["second"]
    assert first.urn == ROOT.replace("pulumi:pulumi:Stack::snippet-liuzhou_unit_oa.internet", "") + (
        "my:parts:Group$t:m:Thing::first"
    )
    assert first.parent == notes["g"].urn
    assert second.parent == ROOT
    assert second.inputs == {"of": "id-first", "sizes": ["made-first", "x"]}
    assert second.dependencies == (first.urn,)
    assert second.property_dependencies == {"of": (first.urn,), "sizes": (first.urn,)}
    assert (notes["g"].custom, notes[f"snippet-{STACK.replace('/', '_')}"].urn) == (False, ROOT)
    assert notes.outputs[notes["g"].urn] == {"first": "id-first"}
    assert result.outputs == {"second": "made-second"}


def test_outputs_are_unknown_while_previewing() -> None:
    notes = Notes(preview=True)
    result = run(
        """
        first = Thing("first", size=1)
        Thing("second", of=first.id, made_of=first.made, sizes=[first.id, 2], known=first.size if False else 1)
        first.made.apply(lambda made: Thing(f"only-when-{made}-is-known"))
        export("made", first.made)
        """,
        notes,
        preview=True,
    )
    assert notes["second"].inputs == {"of": UNKNOWN, "made_of": UNKNOWN, "sizes": [UNKNOWN, 2], "known": 1}
    assert result.outputs == {"made": UNKNOWN}
    assert not any(name.startswith("only-when") for name in notes.registrations)


def test_options_arrive_as_they_were_written() -> None:
    notes = Notes()
    run(
        """
        opts = ResourceOptions(
            protect=True, ignore_changes=["size"], replace_on_changes=["colour"], delete_before_replace=False,
            retain_on_delete=True, additional_secret_outputs=["key"], import_="42",
            custom_timeouts=pulumi.CustomTimeouts(create="1h30m", delete="90s"),
            aliases=[pulumi.Alias(name="old"), "urn:pulumi:x::y::z::w"], version="3.4.1",
            replacement_trigger={"key": pulumi.Output.secret("k"), "n": 1}, hide_diffs=["size"],
        )
        b = Thing("b")
        Thing("a", ResourceOptions.merge(opts, ResourceOptions(deleted_with=b, replace_with=[b])))
        """,
        notes,
    )
    options = notes["a"].options
    assert options.protect
    assert options.retain_on_delete
    assert options.ignore_changes == ("size",)
    assert options.replace_on_changes == ("colour",)
    assert options.delete_before_replace is False
    assert notes["b"].options.delete_before_replace is None
    assert options.import_id == "42"
    assert options.timeouts == {"create": 5400.0, "delete": 90.0}
    assert (options.deleted_with, options.replace_with) == (notes["b"].urn, (notes["b"].urn,))
    assert options.replacement_trigger == {"key": Secret("k"), "n": 1}
    assert notes["b"].options.replacement_trigger is None
    assert options.hide_diffs == ("size",)
    assert set(options.aliases) == {notes["a"].urn.replace("::a", "::old"), "urn:pulumi:x::y::z::w"}


def test_address_of_a_plugin_and_releases_of_what_only_the_project_knows_are_passed_over() -> None:
    plain, named = Notes(), Notes()
    run("Thing('a')", plain)
    run("Thing('a', ResourceOptions(version='3.4.1', plugin_download_url='https://plugins.example'))", named)
    assert named["a"] == plain["a"]


def test_what_is_retained_protected_or_deleted_along_is_so_with_its_children() -> None:
    notes = Notes()
    run(
        """
        host = Thing("host")
        group = Group("group", ResourceOptions(retain_on_delete=True, protect=True, deleted_with=host))
        inner = Group("inner", ResourceOptions(parent=group))
        Thing("a", ResourceOptions(parent=inner))
        Thing("b", ResourceOptions(parent=inner, retain_on_delete=False, protect=False))
        """,
        notes,
    )
    a, b = notes["a"].options, notes["b"].options
    assert (a.retain_on_delete, a.protect, a.deleted_with) == (True, True, notes["host"].urn)
    assert (b.retain_on_delete, b.protect, b.deleted_with) == (False, False, notes["host"].urn)


def test_secrets_stay_secrets_on_their_way() -> None:
    """Through configuration, inputs and outputs; an output is secret where its input is, or the option says so."""
    notes = Notes()
    result = run(
        """
        word = Config("snippet").require_secret("word")
        first = Thing("first", ResourceOptions(additional_secret_outputs=["made"]), key=word)
        Thing("second", key=first.key, made_of=first.made)
        export("word", word)
        """,
        notes,
        config={"snippet:word": "open sesame"},
        secret_config_keys=["snippet:word"],
    )
    assert notes["first"].inputs == {"key": Secret("open sesame")}
    assert notes["second"].inputs == {"key": Secret("open sesame"), "made_of": Secret("made-first")}
    assert result.outputs == {"word": Secret("open sesame")}


def test_program_sees_nothing_of_the_controllers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNGUAN_DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("OS_PASSWORD", "secret")
    monkeypatch.setattr(program_module, "_runner", Runner())
    result = run(
        """
        import os, sys
        print("environment", sorted(os.environ))
        print("arguments", sys.argv, open("/proc/self/cmdline").read().split("\\0"))
        """,
        Notes(),
        config={"snippet:word": "open sesame"},
    )
    environment = next(line for line in result.log if line.startswith("environment"))
    assert "YUNGUAN" not in environment
    assert "OS_PASSWORD" not in environment
    assert not any("open sesame" in line for line in result.log)


def test_what_it_prints_and_logs_is_kept_with_secrets_masked() -> None:
    result = run(
        """
        import sys
        print("to output: open sesame")
        print("to errors", file=sys.stderr)
        pulumi.warn("look out: open sesame")
        pulumi.debug("nobody reads this")
        """,
        Notes(),
        config={"snippet:word": "open sesame"},
        secret_config_keys=["snippet:word"],
    )
    assert list(result.log) == ["warning: look out: [secret]", "to output: [secret]", "to errors"]


def test_a_secret_of_several_lines_and_one_that_begins_with_another_are_masked_whole() -> None:
    result = run(
        """
        print(Config("snippet").require("key"))
        print([Config("snippet").require("key")])
        print("then abcdef", "then abc")
        """,
        Notes(),
        config={"snippet:key": "-- begin --\nMIIEow\n-- end --", "snippet:short": "abc", "snippet:long": "abcdef"},
        secret_config_keys=["snippet:key", "snippet:short", "snippet:long"],
    )
    assert list(result.log) == ["[secret]", "['[secret]']", "then [secret] then [secret]"]


def test_endless_messages_are_bounded() -> None:
    result = run("for number in range(1_005): pulumi.warn(str(number))", Notes())
    assert len(result.log) == 1000
    assert result.log[-1] == "warning: 1004"


def test_endless_output_is_bounded() -> None:
    result = run("for number in range(200_000): print(number, 'x' * 30)", Notes())
    assert len(result.log) <= 1000
    assert result.log[-1].startswith("199999 ")


# How a program may fail.


def test_failing_program_says_where_and_registers_nothing_more() -> None:
    notes = Notes()
    source = ProgramSource.at(PROGRAMS / "broken")
    with pytest.raises(ProgramFailed, match="LookupError: no such zone") as failure:
        run_program(source, stack=STACK, config={}, registrar=notes, preview=False)
    assert failure.value.where == "__main__.py:4"
    assert 'raise LookupError("no such zone")' in failure.value.traceback
    assert "runner.py" not in failure.value.traceback
    assert "after" not in notes.registrations


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Thing('a', x=object())\nThing('b', x=object())", "While processing resource: 'b'"),
        ("async def late(): raise KeyError('late')\nThing('a', x=late())", "in late"),
    ],
)
def test_a_traceback_shows_nothing_of_the_engine_nor_does_what_led_to_it(body: str, told: str) -> None:
    with pytest.raises(ProgramFailed) as failure:
        run(body, Notes())
    assert told in failure.value.traceback
    assert "runner.py" not in failure.value.traceback


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("def f(:", "SyntaxError"),
        ("raise pulumi.RunError('not today')", "not today"),
        ("import os; os._exit(0)", "without an answer"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "without an answer"),
        ("Config('snippet').require('zone')", "Missing required configuration variable 'snippet:zone'"),
        ("async def late(): raise KeyError('late')\nThing('a', x=late())", "KeyError: 'late'"),
    ],
)
def test_every_way_to_fail_is_told(body: str, message: str) -> None:
    with pytest.raises(ProgramFailed, match=message):
        run(body, Notes())


def test_leaving_early_without_an_error_is_an_end() -> None:
    notes = Notes()
    run("Thing('a'); import sys; sys.exit(0)", notes)
    assert "a" in notes.registrations


def test_secret_is_masked_in_a_programs_own_error() -> None:
    with pytest.raises(ProgramFailed) as failure:
        run(
            "raise ValueError(Config('snippet').get('word'))",
            Notes(),
            config={"snippet:word": "open sesame"},
            secret_config_keys=["snippet:word"],
        )
    assert "open sesame" not in str(failure.value) + failure.value.traceback


@pytest.mark.parametrize("error", [Refused("not this one", where="here", rule="LZ-2"), KeyError("a defect")])
def test_what_the_registrar_raises_reaches_the_caller_as_it_is(error: Exception) -> None:
    def act(registration: Registration) -> None:
        if registration.name == "second":
            raise error

    notes = Notes(act=act)
    with pytest.raises(type(error)) as raised:
        run("Thing('third', of=Thing('second', of=Thing('first').id).id)", notes)
    assert raised.value is error
    assert "third" not in notes.registrations


def test_after_a_failure_nothing_begins_and_what_is_in_flight_ends() -> None:
    failed, slow_is_here, ended = threading.Event(), threading.Event(), threading.Event()

    def act(registration: Registration) -> None:
        if registration.name == "slow":
            slow_is_here.set()
            assert failed.wait(10)
            ended.set()
        if registration.name == "bad":
            assert slow_is_here.wait(10)
            failed.set()
            raise Refused("bad")

    notes = Notes(act=act)
    with pytest.raises(Refused, match="bad"):
        run("slow = Thing('slow'); bad = Thing('bad'); Thing('after-slow', of=slow.id)", notes)
    assert ended.is_set()
    assert "after-slow" not in notes.registrations
