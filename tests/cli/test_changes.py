"""The file of `yunguan change`: what is wrong in it is answered with an example of that part, and the examples hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from controller.cli.systems import EXAMPLES
from controller.domain.demand import Change
from tests.cli.typed import CommandLine


@pytest.mark.parametrize(
    ("content", "field", "part"),
    [
        ("add: [{zone: 互联网区}]", "add.0.sheet", "add"),
        ("resize: [{vcpu: 8}]", "resize.0.machine", "resize"),
        ("remove: web-2", "remove", "remove"),
    ],
)
def test_the_part_that_is_wrong_is_shown_as_it_is_written(
    typed: CommandLine, tmp_path: Path, content: str, field: str, part: str
) -> None:
    file = tmp_path / "变更.yaml"
    file.write_text(content, encoding="utf-8")
    ended = typed("change", "liuzhou/unit/system.gov", str(file), "--as", "unit")
    assert ended.code == 2
    assert f"{file}: {field}" in ended.err.replace("\n", "")
    assert [name for name in EXAMPLES if f"{name}: [" in ended.err] == [part]


@pytest.mark.parametrize("part", EXAMPLES)
def test_each_example_is_a_change(part: str) -> None:
    Change.model_validate(yaml.safe_load(f"{part}: [{EXAMPLES[part]}]"))


def test_the_example_of_the_documents_is_a_change() -> None:
    lines = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("    resize:")
    change = Change.model_validate(yaml.safe_load("\n".join(lines[start : lines.index("", start)])))
    assert all((change.resize, change.add, change.remove))
