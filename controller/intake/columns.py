"""The 17 columns of annex 3 in their printed order; the reader, the template and the writer share them. Rule: LZ-A3."""

import re
import unicodedata
from enum import Enum


class Column(Enum):
    """A column: its printed title, whether it must be filled (printed red), its width in characters, other titles."""

    NUMBER = ("序号", False, 6)
    ZONE = ("网络分区", True, 14)
    DEVELOPER = ("开发商", False, 16)
    SYSTEM = ("系统名称", True, 24)
    SUBSYSTEM = ("子系统名称", True, 24)
    ROLE = ("服务器类型", True, 10)
    OWNER = ("堡垒机账号负责人", True, 16)
    OWNER_EMAIL = ("堡垒机账号负责人邮箱", True, 28)
    OWNER_MOBILE = ("堡垒机账号负责人手机号码", True, 24)
    VCPU = ("vCPU核", True, 8, "vCPU", "vCPU核数")
    MEMORY = ("内存GB", True, 8, "内存")
    SYSTEM_DISK = ("系统盘GB", True, 10, "系统盘")
    DATA_DISK = ("数据盘GB", False, 10, "数据盘")
    IMAGE = ("操作系统", True, 22)
    CLUSTERED = ("集群部署", True, 10)
    CLUSTER = ("集群组号", True, 12)
    REMARK = ("备注", False, 24)

    def __init__(self, title: str, required: bool, width: int, *aliases: str) -> None:  # noqa: FBT001 - a table's row
        self.title = title
        self.required = required
        self.width = width
        self.aliases = aliases


ALTERNATIVES = frozenset({Column.SYSTEM, Column.SUBSYSTEM})
"""Either of the two names a system, so a table may lack one of them."""

MAY_BE_ABSENT = frozenset({Column.NUMBER, Column.DEVELOPER, Column.DATA_DISK, Column.REMARK})
"""Columns without which a table can still be read."""


def column_of_title(text: str) -> Column | None:
    """The column whose title this header cell bears, whatever its spaces, line breaks, brackets and letter widths."""
    return _BY_TITLE.get(_title_key(text))


def _title_key(text: str) -> str:
    return re.sub(r"[\s()\[\]*:]|必填", "", unicodedata.normalize("NFKC", text)).casefold()


_BY_TITLE = {_title_key(title): column for column in Column for title in (column.title, *column.aliases)}
