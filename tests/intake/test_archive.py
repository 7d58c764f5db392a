"""Files that are no workbook, or one that would harm: each is refused with one clear sentence, within bounds."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from openpyxl import Workbook

from controller.intake import archive, sheets
from controller.intake.columns import Column
from controller.intake.workbook import GUIDE_SHEET
from tests.intake.forms import FIRST, cell, form, machine, read, rewritten, saved, with_cell_xml

SHEET = "xl/worksheets/sheet1.xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refusal(data: bytes) -> str:
    """The one sentence with which the whole file is refused."""
    reading = read(data)
    assert reading.request is None
    (problem,) = reading.problems
    assert (problem.sheet, problem.cell) == ("", "")
    return problem.message


def with_part(name: str, content: bytes) -> bytes:
    file = io.BytesIO(saved(form(machine())))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as target:
        target.writestr(name, content)
    return file.getvalue()


def test_xls_is_refused_with_the_way_to_save_it():
    message = refusal(OLE + bytes(2048))
    assert ".xls" in message
    assert "另存为" in message


def test_an_encrypted_workbook_is_refused():
    assert "已加密" in refusal(OLE + bytes(1024) + "EncryptedPackage".encode("utf-16-le") + bytes(1024))


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"not a workbook", "<html>表格</html>".encode(), b"PK\x03\x04" + bytes(100)],
    ids=["empty", "cut", "text", "html", "zeros"],
)
def test_what_is_no_zip_is_refused(data: bytes):
    assert "不是 .xlsx 工作簿，或已损坏" in refusal(data)


def test_a_truncated_workbook_is_refused():
    data = saved(form(machine()))
    assert "已损坏" in refusal(data[: len(data) // 2])


def test_a_workbook_with_flipped_bytes_is_refused():
    data = bytearray(saved(form(machine())))
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        start = source.getinfo(SHEET).header_offset + 30 + len(SHEET) + 40
    for offset in range(start, start + 60):
        data[offset] ^= 0x5A
    assert "损坏" in refusal(bytes(data))


def test_another_zip_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("notes.txt", "hello")
    assert "不是 Excel 工作簿" in refusal(file.getvalue())


def test_an_oversized_file_is_refused():
    assert "超过 10 MB" in refusal(b"PK\x03\x04" + bytes(archive.MAX_FILE_BYTES))


def test_a_part_that_unpacks_to_far_more_than_its_size_is_refused():
    assert "压缩炸弹" in refusal(with_part("xl/media/image1.png", bytes(8 * 1024 * 1024)))


def test_many_parts_that_unpack_to_too_much_together_are_refused():
    file = io.BytesIO(saved(form(machine())))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as target:
        for number in range(80):
            target.writestr(f"xl/media/{number}.bin", bytes(1024 * 1024))
    assert len(file.getvalue()) < 200_000
    assert "压缩炸弹" in refusal(file.getvalue())


def test_a_part_that_lies_about_its_size_is_refused():
    data = with_part("xl/media/image1.png", bytes(64 * 1024 * 1024))
    honest, lie = struct.pack("<L", 64 * 1024 * 1024), struct.pack("<L", 1000)
    assert honest in data
    assert "损坏" in refusal(data.replace(honest, lie))


def test_too_many_parts_are_refused():
    file = io.BytesIO(saved(form(machine())))
    with zipfile.ZipFile(file, "a") as target:
        for number in range(archive.MAX_PARTS):
            target.writestr(f"xl/media/{number}.bin", b"")
    assert "压缩炸弹" in refusal(file.getvalue())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_that_would_expand_are_never_expanded(encoding: str):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    xml = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE l [<!ENTITY l0 "ha">{laughs}]><l>&l9;</l>'
    assert "DOCTYPE" in refusal(with_part("xl/comments1.xml", xml.encode(encoding)))


def test_an_external_entity_is_refused_in_a_part_of_any_name():
    xml = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]><l>&x;</l>'
    assert "DOCTYPE" in refusal(with_part("xl/worksheets/sheet9.bin", xml.encode()))


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"])
def test_a_part_that_is_no_xml_is_refused(part: str):
    assert f"已损坏（{part}）" in refusal(rewritten(saved(form(machine())), part, lambda xml: xml[: len(xml) // 2]))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"])
def test_a_part_of_another_meaning_is_refused(part: str):
    assert refusal(rewritten(saved(form(machine())), part, lambda _: "<nothing/>"))


def test_a_workbook_of_instructions_alone_is_told_what_the_header_is():
    workbook = Workbook()
    workbook.worksheets[0].title = GUIDE_SHEET
    (problem,) = read(workbook).problems
    assert "没有找到附件3的表头" in problem.message


def test_too_many_cells_are_refused_before_any_is_built(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_XML_ELEMENTS", 500)
    assert "单元格过多" in refusal(saved(form(*[machine()] * 40)))


def test_too_many_rows_are_refused_by_their_sheet():
    workbook = form(machine())
    workbook.worksheets[0].cell(sheets.MAX_ROWS + 1, 1, "x")
    assert f"用到第 {sheets.MAX_ROWS + 1} 行" in refusal(saved(workbook))


def test_too_many_sheets_are_refused():
    workbook = form(machine())
    for _ in range(sheets.MAX_SHEETS):
        workbook.create_sheet()
    assert f"{sheets.MAX_SHEETS + 1} 个工作表" in refusal(saved(workbook))


@pytest.mark.parametrize("element", ["mergeCell", "hyperlink"])
def test_a_range_of_billions_of_cells_is_refused(element: str):
    group = {"mergeCell": "mergeCells", "hyperlink": "hyperlinks"}[element]
    xml = f'</sheetData><{group}><{element} ref="A1:XFD1048576"/></{group}>'
    data = rewritten(saved(form(machine())), SHEET, lambda sheet: sheet.replace("</sheetData>", xml))
    assert "A1:XFD1048576" in refusal(data)


@pytest.mark.parametrize("reference", ["A:XFD", "1:9", "hello", "A0"])
def test_a_range_that_is_none_is_refused(reference: str):
    xml = f'</sheetData><mergeCells><mergeCell ref="{reference}"/></mergeCells>'
    assert refusal(rewritten(saved(form(machine())), SHEET, lambda sheet: sheet.replace("</sheetData>", xml)))


def test_a_cell_in_the_last_column_is_no_burden():
    workbook = form(machine())
    workbook.worksheets[0]["XFD5"] = "x"
    assert read(workbook).problems == ()


def test_macros_are_refused():
    assert "宏" in refusal(with_part("xl/vbaProject.bin", OLE))


def test_a_binary_workbook_is_refused():
    assert ".xlsb" in refusal(with_part("xl/workbook.bin", b"\x83\x01"))


def test_a_strict_workbook_is_refused_with_the_way_to_save_it():
    main, strict = (
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    )
    data = rewritten(saved(form(machine())), "xl/workbook.xml", lambda xml: xml.replace(main, strict))
    assert "Strict" in refusal(data)


def test_a_value_from_another_workbook_counts_as_excel_saved_it_and_the_link_is_not_followed():
    place = cell(Column.VCPU)
    data = with_cell_xml(saved(form(machine())), place, f'<c r="{place}"><f>[1]Sheet1!$A$1</f><v>16</v></c>')
    reading = read(data)
    assert reading.request.systems[0].machines[0].vcpu == 16


@pytest.mark.parametrize("value", ["NaN", "1e999", "eight"])
def test_a_number_that_is_none_is_refused(value: str):
    place = cell(Column.VCPU)
    data = with_cell_xml(saved(form(machine())), place, f'<c r="{place}"><v>{value}</v></c>')
    assert read(data).request is None


def test_a_line_break_that_excel_escaped_separates_owners():
    changes = {Column.OWNER: "张三_x000D_\n李四", Column.OWNER_EMAIL: "a@example.com\nb@example.com"}
    reading = read(form(machine(changes | {Column.OWNER_MOBILE: "13800000000\r\n13988888888"})))
    assert [owner.name for owner in reading.request.systems[0].machines[0].owners] == ["张三", "李四"]


def test_a_workbook_of_a_thousand_rows_is_read_whole():
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["申请单位：柳州市财政局"])
    sheet.append(["申请单位联系人：王五 13700000000 a@example.com 信息系统厂商联系人：赵六 13600000000 b@example.com"])
    sheet.append([column.title for column in Column])
    for _ in range(1000):
        sheet.append([machine().get(column) for column in Column])
    reading = read(workbook)
    assert reading.problems == ()
    assert [row.row for row in reading.request.systems[0].machines] == list(range(FIRST, FIRST + 1000))
