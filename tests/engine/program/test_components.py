"""Components that a package of the project builds, in a process of its own that registers with the same monitor."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from pulumi.runtime.proto import resource_pb2

from controller.domain.errors import Failed, Refused
from controller.engine.program.components import Components, Packages
from controller.engine.program.run import run_program
from controller.engine.program.source import ProgramSource, program_version
from controller.engine.properties import UNKNOWN, Secret
from tests.engine.runs import PROGRAMS, Notes

BUILT = PROGRAMS / "built"


def built(notes: Notes, *, preview: bool = False, **config: str) -> object:
    """The outputs of the program; the setting `why` is a secret. No process of a package outlives the run."""
    try:
        return _built(notes, preview=preview, **config)
    finally:
        lines = [child.cmdline() for child in psutil.Process().children(recursive=True)]
        assert not any("plugin_server" in word for line in lines for word in line)


def _built(notes: Notes, *, preview: bool, **config: str) -> object:
    return run_program(
        ProgramSource.at(BUILT),
        stack="dev",
        config={f"built:{key}": value for key, value in config.items()},
        registrar=notes,
        preview=preview,
        secret_config_keys=[f"built:{key}" for key in config if key == "why"],
    ).outputs


def test_a_package_builds_a_component_with_children_and_outputs() -> None:
    notes = Notes()
    assert built(notes, height="3") == {"bricks": 30}
    wall = notes["wall"]
    assert (wall.custom, wall.type, wall.urn) == (
        False,
        "parts:index:Wall",
        "urn:pulumi:dev::built::parts:index:Wall::wall",
    )
    assert wall.options.protect
    assert (wall.hooks.keys(), wall.delete_hooks) == ({"before_create"}, {"after_delete": ("seen",)})
    assert {notes[name].parent for name in ("wall-0", "wall-1")} == {wall.urn}
    assert notes["wall-0"].inputs == {"stone": "id-first", "word": Secret("hush")}
    assert notes["wall-0"].property_dependencies["stone"] == (notes["first"].urn,)
    assert notes["last"].inputs == {"bricks": 30}
    assert notes.outputs[wall.urn] == {"bricks": 30, "word": Secret("hush")}


def test_unknowns_reach_what_a_package_builds() -> None:
    notes = Notes(preview=True)
    built(notes, preview=True)
    assert notes["wall-1"].inputs == {"stone": UNKNOWN, "word": Secret("hush")}


def test_a_component_that_fails_is_named_with_its_reason() -> None:
    with pytest.raises(Failed, match=r"(?s)the component wall could not be built: .*the wall collapses") as failure:
        built(Notes(), collapse="yes", why="open sesame")
    assert "[secret]" in failure.value.message
    assert "open sesame" not in failure.value.message


def test_a_package_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: built\nruntime: python\npackages: {parts: ./parts}\n")
    (tmp_path / "__main__.py").write_text((BUILT / "__main__.py").read_text())
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "PulumiPlugin.yaml").write_text("runtime: {name: python}\n")
    (tmp_path / "parts" / "__main__.py").write_text("raise SystemExit('no bricks left')\n")
    with pytest.raises(Failed, match=r"(?s)the package did not start: .*no bricks left"):
        run_program(ProgramSource.at(tmp_path), stack="dev", config={}, registrar=Notes(), preview=True)


@pytest.mark.parametrize("packages", ["{aws: aws@6.0.0}", "{parts: {source: x}}", "{parts: ./nowhere}"])
def test_any_other_package_is_refused_by_name(tmp_path: Path, packages: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(f"name: built\nruntime: python\npackages: {packages}\n")
    with pytest.raises(Refused, match=r"the package (aws|parts) is not supported"):
        ProgramSource.at(tmp_path)


def test_another_package_is_another_program(tmp_path: Path) -> None:
    (tmp_path / "program").mkdir()
    (tmp_path / "parts").mkdir()
    (tmp_path / "program" / "Pulumi.yaml").write_text("name: built\nruntime: python\npackages: {parts: ../parts}\n")
    (tmp_path / "parts" / "PulumiPlugin.yaml").write_text("runtime: python\n")
    before = program_version(ProgramSource.at(tmp_path / "program"))
    (tmp_path / "parts" / "__main__.py").write_text("print()\n")
    assert program_version(ProgramSource.at(tmp_path / "program")) != before


def test_no_process_is_started_once_the_run_has_ended() -> None:
    packages = Packages({"parts": BUILT / "parts"})
    components = Components(packages, "unix:/nowhere", project="built", stack="dev", preview=False)
    components.close()
    request = resource_pb2.RegisterResourceRequest(type="parts:index:Wall", name="wall", remote=True)
    with pytest.raises(Failed, match="the run has ended"):
        components.construct(request, "urn")


@pytest.mark.parametrize(
    ("given", "named"),
    [({"importId": "42"}, "import"), ({"hideDiffs": ["stone"]}, "hide_diffs")],
)
def test_what_a_package_cannot_be_told_is_refused_by_name(given: dict[str, object], named: str) -> None:
    components = Components(
        Packages({"parts": BUILT / "parts"}), "unix:/nowhere", project="built", stack="dev", preview=False
    )
    request = resource_pb2.RegisterResourceRequest(type="parts:index:Wall", name="wall", remote=True, **given)
    with pytest.raises(Refused, match=f"not supported by this engine: {named} of a component"):
        components.construct(request, "urn")


def test_many_components_that_are_built_out_of_others_do_not_wait_for_each_other() -> None:
    notes = Notes()
    source = ProgramSource.at(PROGRAMS / "nested")
    result = run_program(source, stack="dev", config={}, registrar=notes, preview=False, time_limit=60)
    assert result.outputs == {"rooms": 20}
    assert {f"house-{number}-hall-door" for number in range(20)} <= notes.registrations.keys()
