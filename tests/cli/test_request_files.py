"""Request files as the command line takes them: real files in a folder of the test, the city from the catalogue."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from controller.cli.request_files import check_workbook, print_reading, reading_to_json, write_template_file
from controller.domain.errors import WrongUse
from controller.intake.archive import MAX_FILE_BYTES
from controller.intake.columns import Column
from tests.intake.forms import FIRST, cell, form, machine, saved


@pytest.fixture
def two_zones(tmp_path: Path) -> Path:
    """Annex 3's own sample: one system with a machine in each of two zones."""
    cluster = {Column.CLUSTERED: "是", Column.CLUSTER: "集群1"}
    path = tmp_path / "annex3.xlsx"
    path.write_bytes(saved(form(machine(cluster), machine(cluster | {Column.ZONE: "互联网区"}))))
    return path


@pytest.mark.rule("LZ-A3")
def test_json_lists_a_system_once_a_zone_with_the_keys_that_scripts_read(two_zones: Path):
    document = reading_to_json(check_workbook(two_zones, "liuzhou"))
    assert json.loads(json.dumps(document)) == document
    assert (document["ok"], document["errors"], document["unit"]) == (True, [], "柳州市财政局")
    assert [(part["name"], part["zone"]) for part in document["systems"]] == [
        ("财务管理系统", "公共网络区"),
        ("财务管理系统", "互联网区"),
    ]
    (first,) = document["systems"][0]["machines"]
    assert first == {
        "sheet": "Sheet",
        "row": FIRST,
        "role": "APP",
        "vcpu": 8,
        "memory_gb": 16,
        "system_disk_gb": 60,
        "data_disk_gb": 300,
        "image": "CentOS 7.0",
        "cluster": "集群1",
        "owners": [{"name": "张三", "email": "zhangsan@example.com", "mobile": "13800000000"}],
    }
    assert [warning["cell"] for warning in document["warnings"]] == [cell(Column.CLUSTER)]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_json_names_sheet_and_cell_of_every_error_and_no_system(tmp_path: Path):
    path = tmp_path / "wrong.xlsx"
    path.write_bytes(saved(form(machine({Column.VCPU: None, Column.IMAGE: "DOS"}))))
    document = reading_to_json(check_workbook(path, "liuzhou"))
    assert (document["ok"], document["systems"]) == (False, [])
    assert [(error["sheet"], error["cell"]) for error in document["errors"]] == [
        ("Sheet", cell(Column.VCPU)),
        ("Sheet", cell(Column.IMAGE)),
    ]


def test_the_table_shows_what_was_read_and_what_to_look_at(two_zones: Path):
    console = Console(file=io.StringIO(), width=160)
    print_reading(check_workbook(two_zones, "liuzhou"), console)
    shown = console.file.getvalue()
    for text in ("柳州市财政局", "财务管理系统", "互联网区", "请注意（1 处）", cell(Column.CLUSTER)):
        assert text in shown


def test_texts_of_a_file_cannot_style_the_terminal(tmp_path: Path):
    path = tmp_path / "styled.xlsx"
    path.write_bytes(saved(form(machine({Column.SUBSYSTEM: "[bold]财务[/bold]", Column.IMAGE: "[red]DOS"}))))
    console = Console(file=io.StringIO(), width=200)
    print_reading(check_workbook(path, "liuzhou"), console)
    assert "[red]DOS" in console.file.getvalue()


def test_an_empty_form_is_written_and_is_readable(tmp_path: Path):
    path = tmp_path / "form.xlsx"
    write_template_file(path, "liuzhou")
    (problem,) = check_workbook(path, "liuzhou").problems
    assert "没有填写任何虚拟机" in problem.message


def test_a_form_never_overwrites_what_may_be_filled_in(two_zones: Path):
    before = two_zones.read_bytes()
    with pytest.raises(WrongUse, match="已存在"):
        write_template_file(two_zones, "liuzhou")
    assert two_zones.read_bytes() == before


def test_files_and_cities_that_are_not_there_are_wrong_use(tmp_path: Path, two_zones: Path):
    with pytest.raises(WrongUse, match="无法打开"):
        check_workbook(tmp_path / "none.xlsx", "liuzhou")
    with pytest.raises(WrongUse, match="无法打开"):
        check_workbook(tmp_path, "liuzhou")
    with pytest.raises(WrongUse, match="无法写入"):
        write_template_file(tmp_path / "none" / "form.xlsx", "liuzhou")
    with pytest.raises(WrongUse, match="atlantis"):
        check_workbook(two_zones, "atlantis")


def test_an_endless_file_is_read_only_as_far_as_it_may_be(tmp_path: Path):
    path = tmp_path / "large.xlsx"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES * 100)
    assert "超过 10 MB" in check_workbook(path, "liuzhou").problems[0].message
