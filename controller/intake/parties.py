"""Reads the lines above a table: unit, its contact and the system vendor's; called by `workbook.py`. Rule: LZ-A3.

Annex 3 prints both labels on one line and leaves room behind each; people write there, in the cell to the right, or in
several cells. So the lines are read as one text that labels cut into pieces. Annex 3 has no field for the unit's name:
the template adds "申请单位：", and a sheet without it is read all the same.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from controller.domain.request import EMAIL_PATTERN, Contact
from controller.intake.cells import CellError, email, label, mobile, person_name, text
from controller.intake.findings import Findings, cell_name, listed
from controller.intake.sheets import Value
from controller.intake.tables import Table

UNIT_LABEL = "申请单位："
UNIT_CONTACT_LABEL = "申请单位联系人及手机号码、邮箱："
VENDOR_CONTACT_LABEL = "信息系统厂商联系人及手机号码、邮箱："

_WHAT = r"(?:及|和|与|手机号码?|电话|电子邮箱|邮箱|[、,，\s])*[:：]?"
_LABELS = re.compile(
    rf"(?P<unit_contact>申请单位联系人{_WHAT})"
    rf"|(?P<vendor_contact>(?:信息)?系统厂商联系人{_WHAT})"
    r"|(?P<unit>申请单位(?:名称)?\s*[:：])"
)
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[\s-]?)?(1[3-9](?:[\s-]?[0-9]){9})(?!\d)")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]*@[A-Za-z0-9.-]*")
_FIELD = r"姓名|联系人|手机号码?|手机|电话|电子邮箱|邮箱"
_NOT_NAMES = re.compile(rf"(?:{_FIELD})\s*:|(?<!\S)(?:{_FIELD})(?!\S)|[、,;/|:]|\(\s*\)")


@dataclass(frozen=True)
class Parties:
    """Who stands above a table; None for what is missing or wrong."""

    unit: str | None
    unit_contact: Contact | None
    vendor_contact: Contact | None


@dataclass(frozen=True)
class _Piece:
    """The text behind a label, and the cell in which the label stands."""

    cell: str
    content: str


def read_parties(table: Table, findings: Findings) -> Parties:
    """Unit and contacts of a table; each contact needs a name, one mobile number and one e-mail address."""
    pieces = _pieces(table.lines_above, findings)
    place = cell_name(max(table.header_row - 1, 1), 1)
    return Parties(
        unit=_unit(pieces.get("unit"), findings),
        unit_contact=_contact("申请单位联系人", pieces.get("unit_contact"), place, findings),
        vendor_contact=_contact("信息系统厂商联系人", pieces.get("vendor_contact"), place, findings),
    )


def _pieces(lines: Mapping[int, Mapping[int, Value]], findings: Findings) -> dict[str, _Piece]:
    """What is written behind each label, on the label's own row; of a label that comes twice, the lower one."""
    pieces: dict[str, _Piece] = {}
    for row, values in lines.items():
        current = None
        for column, value in values.items():
            try:
                content = text(value)
            except CellError as error:
                findings.problem(cell_name(row, column), str(error))
                continue
            labels = list(_LABELS.finditer(content))
            before = content[: labels[0].start()] if labels else content
            if current is not None:
                known = pieces[current]
                pieces[current] = _Piece(known.cell, f"{known.content} {before}".strip())
            ends = [found.start() for found in labels[1:]] + [len(content)]
            for found, end in zip(labels, ends, strict=False):
                current = str(found.lastgroup)
                pieces[current] = _Piece(cell_name(row, column), content[found.end() : end].strip())
    return pieces


def _unit(piece: _Piece | None, findings: Findings) -> str | None:
    if piece is None or not piece.content:
        return None
    try:
        return label(piece.content)
    except CellError as error:
        findings.problem(piece.cell, f"申请单位：{error}")
        return None


def _contact(role: str, piece: _Piece | None, place: str, findings: Findings) -> Contact | None:
    if piece is None:
        findings.problem(
            place, f"表头上方缺少“{role}及手机号码、邮箱：”一行。请按附件3补写姓名、手机号码、邮箱（LZ-A3）。"
        )
        return None
    content = unicodedata.normalize("NFKC", piece.content)
    addresses = _ADDRESS.findall(content)
    content = _ADDRESS.sub(" ", content)
    mobiles = _MOBILE.findall(content)
    words = _NOT_NAMES.sub(" ", _MOBILE.sub(" ", content)).split()
    faults = []
    if not words:
        faults.append("缺少姓名")
    if len(mobiles) != 1:
        faults.append("应有一个 11 位手机号码" if not mobiles else "只能写一个手机号码")
    if len(addresses) != 1 or not re.fullmatch(EMAIL_PATTERN, addresses[0]):
        faults.append("应有一个正确的邮箱" if len(addresses) < 2 else "只能写一个邮箱")
    if faults:
        findings.problem(
            piece.cell, f"{role}：{listed(faults)}。请写成“张三 13800000000 zhangsan@example.com”（LZ-A3）。"
        )
        return None
    try:
        return Contact(name=person_name(" ".join(words)), email=email(addresses[0]), mobile=mobile(mobiles[0]))
    except CellError as error:
        findings.problem(piece.cell, f"{role}：{error}")
        return None
