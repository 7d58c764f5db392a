"""Reads one cell's value as what its column means: a text, a whole number, a mobile number, one of a list.

Pure functions, called by `rows.py`; each takes a cleaned value and returns the canonical one or raises `CellError`.
"""

import re
import unicodedata
from difflib import get_close_matches

from pydantic import TypeAdapter, ValidationError

from controller.domain.request import (
    EMAIL_PATTERN,
    MOBILE_PATTERN,
    OWNER_SEPARATORS,
    SERVER_TYPE_TERMS,
    GroupName,
    Label,
    Note,
    PersonName,
)
from controller.domain.spec import ServerType
from controller.intake.findings import listed
from controller.intake.rules import Bounds
from controller.intake.sheets import Unreadable, Value


class CellError(ValueError):
    """What is wrong with the cell and what to write instead (zh-CN)."""


_COUNT = r"(?:\d{1,3}|[两二三四五六七八九十]+)"
_MULTIPLIED = re.compile(
    # "x64" and its kin name an architecture
    rf"(?:(?<![A-Za-z])x|[×✕✖*])\s*(?!(?:64|86|32)\b)\d{{1,3}}\s*[台套个]?\s*$"
    rf"|^{_COUNT}\s*台|(?:共|各|计|同样)\s*{_COUNT}\s*台|(?<!第){_COUNT}\s*台$",
    re.IGNORECASE,
)
_LABEL: TypeAdapter[str] = TypeAdapter(Label)
_GROUP: TypeAdapter[str] = TypeAdapter(GroupName)
_NOTE: TypeAdapter[str] = TypeAdapter(Note)
_PERSON_NAME: TypeAdapter[str] = TypeAdapter(PersonName)
_NOTHING = frozenset({"/", "-", "—", "--", "——", "无", "\\"})
_UNITS = re.compile(r"\s*(?:GB|GIB|G|核|CORES?)$", re.IGNORECASE)
_WHOLE = re.compile(r"([0-9]{1,9})(?:\.0+)?")


def text(value: Value) -> str:
    """The value as one line of text; a whole number loses the .0 that Excel gave it."""
    if isinstance(value, Unreadable):
        raise CellError(value.message)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("\n", " ")


def is_nothing(value: Value) -> bool:
    """Whether an optional cell says "none" in one of the usual ways: / - 无."""
    return isinstance(value, str) and value in _NOTHING


def label(value: Value) -> str:
    """A name of at most 100 characters."""
    return _within(_LABEL, text(value))


def group(value: Value) -> str:
    """The name of a cluster group; 集群１ and 集群1 are one."""
    return _within(_GROUP, text(value))


def remark(value: Value) -> str:
    """A remark of at most 1,000 characters."""
    return _within(_NOTE, text(value))


def _within(kind: TypeAdapter[str], content: str) -> str:
    try:
        return kind.validate_python(content)
    except ValidationError as error:
        raise CellError(
            f"“{content[:20]}”过长（{len(content)} 个字）或含有特殊字符。请改写成较短的一行文字。"
        ) from error


def refuse_multiplied(value: Value) -> None:
    """Refuse a cell that asks for several machines in one row, such as "x2" or "2台" (LZ-A3)."""
    if isinstance(value, str) and (found := _MULTIPLIED.search(unicodedata.normalize("NFKC", value))):
        raise CellError(
            f"“{found[0].strip()}”表示多台；一行只能填一台虚拟机，请按台数分行填写（附件3填写说明3，LZ-A3）。"
        )


def is_span(content: str) -> bool:
    """Whether a row's number stands for several rows, such as 1-3 or 1~3."""
    return re.fullmatch(r"\d+\s*[-~—至到、,]\s*\d+", unicodedata.normalize("NFKC", content)) is not None


def whole_number(value: Value, bounds: Bounds) -> int:
    """A whole number within bounds; full-width digits, numbers stored as text and a trailing unit (核, GB) are read."""
    content = text(value)
    plain = _UNITS.sub("", unicodedata.normalize("NFKC", content).replace(",", ""))
    match = _WHOLE.fullmatch(plain)
    if isinstance(value, bool) or match is None:
        raise CellError(f"“{content}”不是整数。请只写 {bounds.low} 至 {bounds.high} 的整数，不写单位。")
    number = int(match[1])
    if not bounds.low <= number <= bounds.high:
        raise CellError(f"{number} 超出范围。请写 {bounds.low} 至 {bounds.high} 的整数。")
    return number


def yes_or_no(value: Value) -> bool:
    """是 or 否."""
    content = text(value)
    match unicodedata.normalize("NFKC", content).casefold():
        case "是" | "y" | "yes" | "true" | "√":
            return True
        case "否" | "n" | "no" | "false" | "×":
            return False
    raise CellError(f"“{content}”无法识别。请写“是”或“否”。")


def one_of(value: Value, choices: tuple[str, ...]) -> str:
    """One of the city's choices, found whatever its spaces, width and case of letters."""
    content = text(value)
    by_key = {_key(choice): choice for choice in choices}
    if (choice := by_key.get(_key(content))) is not None:
        return choice
    hint = _hint(_key(content), by_key)
    raise CellError(f"“{content}”不在可选范围内{hint}。请写：{listed(choices)}。")


def server_type(value: Value) -> ServerType:
    """One of annex 3's seven types, written as its code or its Chinese term."""
    content = text(value)
    by_key = {_key(name): kind for kind, term in SERVER_TYPE_TERMS.items() for name in (kind.value, term)}
    if (kind := by_key.get(_key(content))) is not None:
        return kind
    hint = _hint(_key(content), {key: kind.value for key, kind in by_key.items()} | _KINDRED)
    choices = listed(f"{kind.value}（{term}）" for kind, term in SERVER_TYPE_TERMS.items())
    raise CellError(f"服务器类型“{content}”不存在{hint}。请写：{choices}。")


_KINDRED = {
    **dict.fromkeys(("db", "database", "data", "mysql", "oracle", "redis"), "DAT"),
    **dict.fromkeys(("application", "应用", "app server"), "APP"),
    **dict.fromkeys(("middleware", "mq"), "MID"),
    **dict.fromkeys(("test", "dev"), "TST"),
    **dict.fromkeys(("nginx", "网站", "portal"), "WEB"),
    **dict.fromkeys(("file", "sftp", "文件"), "FTP"),
    **dict.fromkeys(("other", "others"), "OTH"),
}


def _key(content: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", content)).casefold()


def _hint(key: str, by_key: dict[str, str]) -> str:
    near = get_close_matches(key, by_key, n=1, cutoff=0.6)
    return f"，是否为“{by_key[near[0]]}”" if near else ""


def several(value: Value) -> tuple[str, ...]:
    """The parts of a cell that names several owners, their e-mails or mobiles, in order (LZ-A3)."""
    if isinstance(value, str):
        parts = (part.strip() for part in re.split(f"[{re.escape(OWNER_SEPARATORS)}]", value))
        return tuple(part for part in parts if part)
    return (text(value),)


def person_name(content: str) -> str:
    """A person's name in its canonical form."""
    if re.search(r"[0-9]{7}|@", unicodedata.normalize("NFKC", content)):
        raise CellError(f"“{content}”不是姓名。请写姓名，邮箱和手机号码写在各自的位置。")
    return _within(_PERSON_NAME, content)


def email(content: str) -> str:
    """An e-mail address; full-width letters are read."""
    address = unicodedata.normalize("NFKC", content)
    if not re.fullmatch(EMAIL_PATTERN, address) or len(address) > 254:
        raise CellError(f"邮箱“{content}”格式不对。请写成 zhangsan@example.com 的形式，多个之间用“、”隔开。")
    return address


def mobile(content: str) -> str:
    """A mobile number of 11 digits; numbers stored as floats, full-width digits, spaces, hyphens and +86 are read."""
    plain = unicodedata.normalize("NFKC", content)
    if re.fullmatch(r"[0-9.]+E\+?[0-9]+", plain, re.IGNORECASE):
        raise CellError(
            f"手机号码“{content}”被写成科学计数法，可能丢了数字。请把单元格格式设为“文本”后重填 11 位号码。"
        )
    number = re.sub(r"^(?:\+86|\+?0086)|[\s-]|\.0+$", "", plain)
    if not re.fullmatch(MOBILE_PATTERN, number):
        raise CellError(f"手机号码“{content}”不对。请写以 13 至 19 开头的 11 位号码，多个之间用“、”隔开。")
    return number
