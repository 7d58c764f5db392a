"""Decides whether an uploaded file is a workbook that is safe to open: bytes → its formula flag, or a refusal.

Called by `sheets.py` before openpyxl sees the file. An .xlsx file is a ZIP of XML parts, so three attacks come with it:
parts that unpack to far more than their size, XML that expands entities, and ranges that name billions of cells. All
three are measured here, in one pass over the parts, and none of them is ever built in memory.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass
from xml.parsers import expat

from openpyxl.utils.cell import range_boundaries

from controller.domain.errors import Refused

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
MAX_RATIO = 200
MAX_PARTS = 500
MAX_XML_ELEMENTS = 300_000
MAX_RANGE_CELLS = 200_000

_SMALL_PART = 1024 * 1024
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_STRICT_NAMESPACE = "http://purl.oclc.org/ooxml/"
_SAVE_AS_XLSX = "请在 Excel 或 WPS 中另存为“Excel 工作簿（*.xlsx）”后重新提交"


def inspect_archive(data: bytes) -> bool:
    """Refuse what is not a safe .xlsx file; otherwise tell whether any cell holds a formula.

    Raises:
        Refused: too large, .xls, encrypted, with macros, binary, damaged, not a workbook, or a bomb.
    """
    if len(data) > MAX_FILE_BYTES:
        raise Refused(f"文件大小超过 {MAX_FILE_BYTES // 1024 // 1024} MB。请删除图片等无关内容后重新提交。")
    if data.startswith(_OLE_SIGNATURE):
        _refuse_ole(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_parts(parts)
            return _scan_parts(archive, parts)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error) as error:
        raise Refused(f"文件不是 .xlsx 工作簿，或已损坏。{_SAVE_AS_XLSX}。") from error


def _refuse_ole(data: bytes) -> None:
    if _ENCRYPTED_STREAM in data:
        raise Refused("文件已加密，无法读取。请取消打开密码后重新提交。")
    raise Refused(f"文件是旧版 .xls 格式，不能读取。{_SAVE_AS_XLSX}。")


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    names = {part.filename for part in parts}
    if any(name.endswith("vbaProject.bin") for name in names):
        raise Refused(f"文件含有宏，不能接收。{_SAVE_AS_XLSX}。")
    if "xl/workbook.bin" in names:
        raise Refused(f"文件是 .xlsb 二进制格式，不能读取。{_SAVE_AS_XLSX}。")
    if "[Content_Types].xml" not in names:
        raise Refused(f"文件不是 Excel 工作簿。{_SAVE_AS_XLSX}。")
    if any(part.flag_bits & 0x1 for part in parts):
        raise Refused("文件已加密，无法读取。请取消压缩密码后重新提交。")
    unpacked = sum(part.file_size for part in parts)
    ratios = (part.file_size / max(part.compress_size, 1) for part in parts if part.file_size > _SMALL_PART)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED_BYTES or max(ratios, default=0) > MAX_RATIO:
        raise Refused("文件解压后的内容过大，疑似压缩炸弹，已拒绝。请使用下载的模板重新填写。")


def _scan_parts(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> bool:
    """Walk through the XML of every part, whatever its name: a workbook may take any part for a sheet."""
    scan = _XmlScan()
    for part in parts:
        try:
            # The size is the declared one at most: zipfile stops reading there and then finds the checksum wrong.
            scan.feed(archive.read(part))
        except expat.ExpatError as error:
            if part.filename.endswith((".xml", ".rels")):
                raise Refused(f"文件内容已损坏（{part.filename}）。{_SAVE_AS_XLSX}。") from error
    return scan.formulas


@dataclass
class _XmlScan:
    """Counts over all parts of one workbook."""

    formulas: bool = False
    elements: int = 0
    range_cells: int = 0

    def feed(self, xml: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.ParseFile(io.BytesIO(xml))

    def _refuse_doctype(self, *_: object) -> None:
        raise Refused("文件的 XML 含有 DOCTYPE 声明，Excel 不会这样保存，已拒绝。请使用下载的模板重新填写。")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MAX_XML_ELEMENTS:
            raise Refused("文件中的单元格过多。请删除表格以外带格式的空行、空列，或分成几个文件提交。")
        match name.rpartition(":")[2]:
            case "f":
                self.formulas = True
            case "mergeCell" | "hyperlink" if "ref" in attributes:
                self._count_range(attributes["ref"])
            case "workbook" if attributes.get("xmlns", "").startswith(_STRICT_NAMESPACE):
                raise Refused(f"文件是“Strict Open XML”格式，不能读取。{_SAVE_AS_XLSX}。")

    def _count_range(self, reference: str) -> None:
        try:
            left, top, right, bottom = range_boundaries(reference)
        except ValueError as error:
            raise Refused(f"文件中的区域“{reference[:20]}”无法识别。{_SAVE_AS_XLSX}。") from error
        if left is None or top is None or right is None or bottom is None:
            raise Refused(f"区域“{reference}”跨越整行或整列，不能读取。请取消合并后重新提交。")
        self.range_cells += (right - left + 1) * (bottom - top + 1)
        if self.range_cells > MAX_RANGE_CELLS:
            raise Refused(f"合并单元格或超链接区域（如“{reference}”）过大。请取消合并后重新提交。")
