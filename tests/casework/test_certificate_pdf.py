"""The certificate on paper: in Chinese, with everything that the JSON says, on as many pages as it takes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from controller.casework.certificate.issue import fingerprint_of, signed
from controller.casework.certificate.pdf import pdf, write_pdf
from controller.domain.errors import WrongUse
from controller.domain.reclaim import (
    Certificate,
    Decided,
    Destruction,
    HandedOver,
    LedgerEnd,
    Named,
    ReclaimedResource,
    ReclaimedStack,
    ReclaimFacts,
    Searched,
)
from controller.providers.registry import KINDS
from controller.store.signer import Signer
from tests.casework.paper_text import pages_of

NOON = datetime(2026, 9, 28, 4, tzinfo=UTC)
INSTANCE, VOLUME = "openstack:compute/instance:Instance", "openstack:blockstorage/volume:Volume"


def resource(number: int, type: str = INSTANCE, by: str = "") -> ReclaimedResource:
    return ReclaimedResource(
        type=type,
        name=f"app-{number}",
        id=f"8f14e45f-ceea-467f-a9d0-{number:012}",
        urn=f"urn:pulumi:s::yunguan::{type}::app-{number}",
        created_at=NOON,
        deleted_at=NOON + timedelta(days=90, minutes=number),
        given_up_by=by,
    )


def certificate(
    resources: int = 3, system: str = "财务管理系统", *, charged: bool = True, moved: int = 0
) -> Certificate:
    stack = ReclaimedStack(
        name="liuzhou/caizheng/caiwu.gov",
        zone=Named(code="gov", name="公共网络区"),
        cloud="sandbox",
        destructions=(
            Destruction(plan="ab" * 32, approved_by="vendor-1", ground="commit", approved_at=NOON, ended_at=NOON),
        ),
        resources=(resource(0, VOLUME, by="vendor-1"), *(resource(number) for number in range(1, resources))),
    )
    return Certificate(
        number="LZ-2026-00002-R",
        issued_at=NOON + timedelta(days=95),
        audit_head="cd" * 32,
        facts=ReclaimFacts(
            city=Named(code="liuzhou", name="柳州市"),
            unit=Named(code="caizheng", name="柳州市财政局"),
            system=Named(code="caiwu", name=system),
            case="LZ-2026-00002",
            procedure=Named(code="exit", name="云资源终止"),
            rules=("LZ-21-7", "LZ-26b"),
            stacks=(stack,),
            searched_by=("identity",),
            searches=tuple(
                Searched(cloud="sandbox", type=kind.token, at=NOON + timedelta(days=91), objects=1000 + number)
                for number, kind in enumerate(KINDS)
            ),
            documents=(
                HandedOver(
                    document="handover_record",
                    title="数据移交清单（单位签收）",
                    rule="LZ-26b",
                    sha256="cd" * 32,
                    size=7,
                    by="centre-1",
                    at=NOON,
                    proves_hand_over=True,
                ),
            ),
            decisions=(
                Decided(
                    action=Named(code="approve", name="批准终止"),
                    account="authority-1",
                    role=Named(code="authority", name="市大数据发展局"),
                    rule="LZ-21-7",
                    at=NOON,
                ),
            ),
            ledger=(
                LedgerEnd(
                    resource="liuzhou/caizheng/caiwu.gov/app-1",
                    items=("vcpu", "memory"),
                    opened_on=date(2026, 9, 28),
                    ended_on=date(2026, 12, 31),
                ),
            )
            if charged
            else (),
            clock_offset_seconds=moved,
        ),
    )


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.at(tmp_path_factory.mktemp("home"))


def test_everything_that_the_json_says_stands_on_the_paper(signer: Signer) -> None:
    document = signed(certificate(), signer)
    told = "".join(pages_of(pdf(document)))
    for word in (
        "政务云资源回收证明", "柳州市财政局", "财务管理系统", "公共网络区", "LZ-2026-00002-R", "云资源终止", "LZ-26b",
        "批准终止", "市大数据发展局", "authority-1", "数据移交清单（单位签收）", "移交凭据", "centre-1",
        "云硬盘", "云主机", "app-2", "vendor-1", "2026-12-27 12:02", "处理器、内存", "2026-12-31", "健康检查",
        "签发于 2027 年 1 月 1 日",
    ):  # fmt: skip
        assert word.replace(" ", "") in told.replace(" ", ""), word
    for code in ("cd" * 32, "8f14e45f-ceea-467f-a9d0-000000000002", fingerprint_of(document)):
        assert code.replace(" ", "") in told.replace(" ", ""), code
    for number in range(len(KINDS)):
        assert str(1000 + number) in told


def test_hundreds_of_resources_break_over_numbered_pages_with_their_headers(signer: Signer) -> None:
    pages = pages_of(pdf(signed(certificate(400), signer)))
    assert len(pages) > 10
    assert all(f"第 {number} 页 共 {len(pages)} 页".replace(" ", "") in page.replace(" ", "")
               for number, page in enumerate(pages, start=1))  # fmt: skip
    assert all("政务云资源回收证明" in page for page in pages)
    assert sum("资源编号" in page for page in pages) > 8
    told = "".join(pages)
    assert not [number for number in range(400) if f"a9d0-{number:012}" not in told]


def test_markup_in_names_is_text(signer: Signer) -> None:
    told = "".join(pages_of(pdf(signed(certificate(system="<b>一&二</b><para>"), signer))))
    assert "<b>一&二</b><para>" in told


def test_a_trial_says_that_nothing_was_charged(signer: Signer) -> None:
    told = "".join(pages_of(pdf(signed(certificate(charged=False), signer))))
    assert "未进入计量" in told


def test_a_moved_clock_is_told(signer: Signer) -> None:
    assert "演练时钟" not in "".join(pages_of(pdf(signed(certificate(), signer))))
    assert "91.5" in "".join(pages_of(pdf(signed(certificate(moved=91 * 86400 + 43200), signer))))


def test_equal_documents_give_equal_bytes(signer: Signer) -> None:
    document = signed(certificate(), signer)
    assert pdf(document) == pdf(document)


def test_a_file_that_cannot_be_written_is_told(signer: Signer, tmp_path: Path) -> None:
    document = signed(certificate(), signer)
    write_pdf(document, tmp_path / "it.pdf")
    assert (tmp_path / "it.pdf").read_bytes() == pdf(document)
    with pytest.raises(WrongUse, match="无法写入"):
        write_pdf(document, tmp_path / "no" / "it.pdf")
