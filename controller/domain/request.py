"""What a government unit asks for: the content of Liuzhou's annex-3 demand sheet, free of any file format.

`controller.intake` makes a `Request` from a workbook, a form or an API call; `controller.casework` opens a case on each
of its systems. Sizes in GB are GiB. Texts are in canonical form: words joined by single spaces, on one line. Rule:
LZ-A3.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from controller.domain.spec import ServerType

MOBILE_PATTERN = r"^1[3-9][0-9]{9}$"
"""A mainland mobile number: 11 digits, 13 to 19 first."""

EMAIL_PATTERN = r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
"""An e-mail address as units write them; addresses in quotes or with comments are not accepted."""

OWNER_SEPARATORS = "、,，;；/／\n"
"""What stands between several bastion account owners in one cell (LZ-A3), and therefore not inside a name."""

# A word holds no space of any kind, no control or format character, and nothing that XML cannot carry.
_WORD = r"[^\s\p{Cc}\p{Cf}\x{FFFE}\x{FFFF}]+"
_NAME_WORD = r"[^\s\p{Cc}\p{Cf}\x{FFFE}\x{FFFF}、,，;；/／]+"


def _ordinary_width(text: object) -> object:
    """Full-width letters and digits as ordinary ones."""
    return unicodedata.normalize("NFKC", text) if isinstance(text, str) else text


def _without_gap(name: object) -> object:
    """The gap closed that aligns names of two characters (张　三)."""
    return re.sub(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])", "", name) if isinstance(name, str) else name


Label = Annotated[str, StringConstraints(pattern=rf"^{_WORD}( {_WORD})*$", max_length=100)]
Note = Annotated[str, StringConstraints(pattern=rf"^({_WORD}( {_WORD})*)?$", max_length=1000)]
GroupName = Annotated[Label, BeforeValidator(_ordinary_width)]
PersonName = Annotated[
    str,
    BeforeValidator(_without_gap),
    BeforeValidator(_ordinary_width),
    StringConstraints(pattern=rf"^{_NAME_WORD}( {_NAME_WORD})*$", max_length=50),
]
Email = Annotated[str, StringConstraints(pattern=EMAIL_PATTERN, max_length=254)]
Mobile = Annotated[str, StringConstraints(pattern=MOBILE_PATTERN)]

SERVER_TYPE_TERMS = {
    ServerType.APP: "应用程序",
    ServerType.WEB: "政府网站",
    ServerType.FTP: "文件服务器",
    ServerType.DAT: "数据库",
    ServerType.MID: "中间件",
    ServerType.TST: "测试",
    ServerType.OTH: "其他",
}
"""The Chinese terms of the server types (annex 3, note 5)."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Person(_Value):
    """A natural person with the two ways to reach them. Personal data: it stays in the database."""

    name: PersonName
    email: Email
    mobile: Mobile


class Owner(Person):
    """One who is responsible for a bastion account of a machine."""


class Contact(Person):
    """One whom the authority or the vendor may call about a system."""


class Machine(_Value):
    """One row of the sheet: one virtual machine, never several (annex 3, note 3)."""

    sheet: str
    row: int = Field(ge=1, description="row of the sheet as Excel numbers it, so that people find it again")
    zone: Label
    subsystem: Label | None = None
    developer: Label | None = None
    role: ServerType
    owners: tuple[Owner, ...] = Field(min_length=1)
    vcpu: int = Field(ge=1)
    memory_gb: int = Field(ge=1)
    system_disk_gb: int = Field(ge=1)
    data_disk_gb: int = Field(ge=0, description="0: no data disk")
    image: Label
    cluster: GroupName | None = Field(
        default=None, description="cluster group within system and zone; None: stands alone"
    )
    remark: Note = ""

    @property
    def clustered(self) -> bool:
        """Whether the machine serves in a cluster group."""
        return self.cluster is not None


class Placed(Protocol):
    """A machine that names its network zone."""

    @property
    def zone(self) -> str: ...


AnyPlaced = TypeVar("AnyPlaced", bound=Placed)


def by_zone(machines: Sequence[AnyPlaced]) -> dict[str, tuple[AnyPlaced, ...]]:
    """`machines` by their zones, in the order in which the zones first stand there."""
    zones = dict.fromkeys(machine.zone for machine in machines)
    return {zone: tuple(machine for machine in machines if machine.zone == zone) for zone in zones}


class System(_Value):
    """A government information system: one table of the sheet, with the contacts from the line above the table."""

    name: Label
    unit_contact: Contact
    vendor_contact: Contact
    machines: tuple[Machine, ...] = Field(min_length=1)

    def by_zone(self) -> dict[str, tuple[Machine, ...]]:
        """The machines of each network zone, zones in the order of their first row; each zone becomes one stack."""
        return by_zone(self.machines)


class Request(_Value):
    """The demand of one unit in one city, with the systems in the order of the sheet.

    `unit` is None where the sheet does not name it (annex 3 has no field for it): whoever stores the request must then
    say it.
    """

    city: str = Field(pattern=r"^[a-z]+$", description="code of the city's file in the catalogue, such as liuzhou")
    unit: Label | None
    systems: tuple[System, ...] = Field(min_length=1)
