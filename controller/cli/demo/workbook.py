"""The demo's demand sheet: three systems, twelve machines, two zones, clusters, several owners."""

from __future__ import annotations

from controller import catalogue
from controller.domain.request import Contact, Machine, Owner, Request, System
from controller.domain.spec import ServerType
from controller.intake.render import write_request
from controller.intake.rules import WorkbookRules

CITY = "liuzhou"
UNIT = "柳州市财政局"
GOV, INTERNET = "公共网络区", "互联网区"

FINANCE, EXCHANGE, SERVICE = "财务管理系统", "公文交换系统", "便民服务平台"
"""The largest, the one that is given back at the end, and the one whose trial runs out."""

_CONTACT = Contact(name="韦晓兰", mobile="13800000001", email="weixl@example.com")
_VENDOR = Contact(name="覃国强", mobile="13800000002", email="qingq@example.com")
_OWNERS = (
    Owner(name="张三", email="zhangsan@example.com", mobile="13800000003"),
    Owner(name="李四", email="lisi@example.com", mobile="13800000004"),
)


def workbook() -> bytes:
    """The request as an annex-3 workbook."""
    return write_request(request(), WorkbookRules.of_city(catalogue.city(CITY)))


def request() -> Request:
    """What the unit asks for."""
    finance = [
        *(_machine(ServerType.WEB, INTERNET, vcpu=4, memory=8, cluster="集群1") for _ in range(2)),
        *(_machine(ServerType.APP, INTERNET, vcpu=8, memory=16, cluster="集群2") for _ in range(2)),
        _machine(ServerType.DAT, INTERNET, vcpu=8, memory=32, data=500),
        _machine(ServerType.MID, GOV, vcpu=4, memory=8, data=100),
    ]
    exchange = [
        *(_machine(ServerType.APP, GOV, vcpu=4, memory=8, cluster="集群1") for _ in range(2)),
        _machine(ServerType.DAT, GOV, vcpu=4, memory=16, data=300),
        _machine(ServerType.FTP, GOV, vcpu=2, memory=4, data=200),
    ]
    service = [
        _machine(ServerType.WEB, INTERNET, vcpu=2, memory=4),
        _machine(ServerType.TST, INTERNET, vcpu=2, memory=4),
    ]
    return Request(
        city=CITY,
        unit=UNIT,
        systems=tuple(
            System(name=name, unit_contact=_CONTACT, vendor_contact=_VENDOR, machines=_numbered(machines))
            for name, machines in ((FINANCE, finance), (EXCHANGE, exchange), (SERVICE, service))
        ),
    )


def _machine(
    role: ServerType, zone: str, *, vcpu: int, memory: int, data: int = 0, cluster: str | None = None
) -> Machine:
    return Machine(
        sheet="",
        row=1,
        zone=zone,
        developer="华为",
        subsystem=None,
        role=role,
        owners=_OWNERS if cluster else _OWNERS[:1],
        vcpu=vcpu,
        memory_gb=memory,
        system_disk_gb=60,
        data_disk_gb=data,
        image="CentOS 7.9",
        cluster=cluster,
        remark="",
    )


def _numbered(machines: list[Machine]) -> tuple[Machine, ...]:
    return tuple(machine.model_copy(update={"row": number}) for number, machine in enumerate(machines, start=1))
