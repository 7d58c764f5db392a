"""Official paper: flowing content becomes an A4 PDF in Chinese, with headings, tables, and page numbers.

`pdf` writes on it. The text stands in STSong-Light, one of the fonts that PDF readers bring along for
Chinese, so that no font file is installed. Equal content gives equal bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, HRFlowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

SONG = "STSong-Light"
LATIN = "Helvetica"
MONO = "Courier"
MARGIN = 22 * mm
WIDTH = A4[0] - 2 * MARGIN
FRAME_PADDING = 6  # points that reportlab's frame adds inside the margins
INK, GREY, LINE, SHADE = HexColor("#1a1a1a"), HexColor("#666666"), HexColor("#b8bec8"), HexColor("#eef1f6")
RED = HexColor("#b3261e")

_NUMERIC = re.compile(r"[\d :-]{1,19}")
_RUNS = re.compile(r"[\x21-\x7e]+|[^\x21-\x7e]+")
"""Words of Latin letters and digits are set in a font of their own: those of a Chinese font are narrow and faint."""

pdfmetrics.registerFont(UnicodeCIDFont(SONG))

_TEXT = ParagraphStyle("text", fontName=SONG, fontSize=10.5, leading=18, textColor=INK, wordWrap="CJK")
_STYLES = {
    "text": _TEXT,
    "lead": ParagraphStyle("lead", _TEXT, firstLineIndent=21, spaceBefore=4, spaceAfter=4),
    "title": ParagraphStyle("title", _TEXT, fontSize=22, leading=32, alignment=TA_CENTER, spaceAfter=3 * mm),
    "issuer": ParagraphStyle("issuer", _TEXT, fontSize=12, leading=18, alignment=TA_CENTER, textColor=RED),
    "number": ParagraphStyle("number", _TEXT, fontSize=9.5, leading=14, alignment=TA_RIGHT, textColor=GREY),
    "heading": ParagraphStyle("heading", _TEXT, fontSize=12.5, leading=20, spaceBefore=5 * mm, spaceAfter=1.5 * mm),
    "subheading": ParagraphStyle("subheading", _TEXT, fontSize=10, leading=15, spaceBefore=2.5 * mm, spaceAfter=1 * mm),
    "closing": ParagraphStyle("closing", _TEXT, alignment=TA_RIGHT, spaceBefore=8 * mm),
    "note": ParagraphStyle("note", _TEXT, fontSize=8.5, leading=13, textColor=GREY),
    "cell": ParagraphStyle("cell", _TEXT, fontSize=8.5, leading=11.5),
    "code": ParagraphStyle("code", _TEXT, fontName=MONO, fontSize=6.3, leading=9),
}
for _style in ("heading", "subheading"):
    _STYLES[_style].keepWithNext = 1


def text(content: str, style: str = "text") -> Flowable:
    """A paragraph in one of the paper's styles; `content` is taken as it is, markup and all."""
    runs = (
        f'<font face="{LATIN}">{escape(run)}</font>' if run.isascii() else escape(run) for run in _RUNS.findall(content)
    )
    return Paragraph("".join(runs), _STYLES[style])


def code(content: str) -> Flowable:
    """An id or a hash in a table's cell, broken wherever the line ends."""
    return Paragraph(escape(content), _STYLES["code" if content.isascii() else "cell"])


def rule() -> Flowable:
    """The red double line under a title."""
    return HRFlowable(width="100%", thickness=1.4, color=RED, spaceBefore=0, spaceAfter=3 * mm, lineCap="square")


def space(millimetres: float) -> Flowable:
    """Empty height."""
    return Spacer(0, millimetres * mm)


def facts(rows: Sequence[tuple[str, str]]) -> Flowable:
    """A table of names and values."""
    style = [("BACKGROUND", (0, 0), (0, -1), SHADE), *_GRID]
    cells = [[text(name, "cell"), text(value, "cell")] for name, value in rows]
    return LongTable(cells, colWidths=[WIDTH * 0.2, WIDTH * 0.8], style=TableStyle(style))


def table(headers: Sequence[str], shares: Sequence[float], rows: Sequence[Sequence[str | Flowable]]) -> Flowable:
    """A table whose headers come again on each page; `shares` are the columns' parts of the width."""
    style = [("BACKGROUND", (0, 0), (-1, 0), SHADE), *_GRID]
    cells: list[list[Any]] = [[text(header, "cell") for header in headers]]
    cells += [[_cell(cell) for cell in row] for row in rows]
    widths = [WIDTH * share / sum(shares) for share in shares]
    return LongTable(cells, colWidths=widths, repeatRows=1, style=TableStyle(style))


def _cell(content: str | Flowable) -> str | Flowable:
    """Dates and numbers, of which long tables have thousands, need no paragraph to be set in."""
    if isinstance(content, str) and not _NUMERIC.fullmatch(content):
        return text(content, "cell")
    return content


def to_pdf(story: Sequence[Flowable], *, title: str, footer: str) -> bytes:
    """The PDF; each page has `footer` and its number."""
    target = io.BytesIO()
    paper = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=MARGIN - FRAME_PADDING,
        rightMargin=MARGIN - FRAME_PADDING,
        topMargin=20 * mm,
        bottomMargin=22 * mm,
        title=title,
        author="云管",
        lang="zh-CN",
        invariant=1,
    )
    paper.build(list(story), canvasmaker=lambda *args, **kwargs: _Numbered(footer, *args, **kwargs))
    return target.getvalue()


class _Numbered(Canvas):  # type: ignore[misc]
    """A canvas that holds its pages back until it knows how many there are."""

    def __init__(self, footer: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._footer = footer
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 reportlab calls it so
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._draw_footer(number, len(self._pages))
            super().showPage()
        super().save()

    def _draw_footer(self, number: int, pages: int) -> None:
        self.setStrokeColor(LINE)
        self.setLineWidth(0.5)
        self.line(MARGIN, 16 * mm, A4[0] - MARGIN, 16 * mm)
        self.setFont(SONG, 8.5)
        self.setFillColor(GREY)
        self.drawString(MARGIN, 11.5 * mm, self._footer)
        self.drawRightString(A4[0] - MARGIN, 11.5 * mm, f"第 {number} 页 共 {pages} 页")


_GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, LINE),
    ("FONT", (0, 0), (-1, -1), LATIN, 8.5),
    ("TEXTCOLOR", (0, 0), (-1, -1), INK),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("TOPPADDING", (0, 0), (-1, -1), 2.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
    ("LEFTPADDING", (0, 0), (-1, -1), 4),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
]
