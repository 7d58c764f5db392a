"""A signed certificate of reclaim becomes the document that is filed on paper: 政务云资源回收证明, in zh-CN.

It shows what the JSON says and nothing else; the JSON is what counts, and what is checked. Called by the CLI.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from reportlab.platypus import Flowable

from controller.casework.certificate.issue import fingerprint_of, read
from controller.casework.certificate.paper import code, facts, rule, space, table, text, to_pdf
from controller.catalogue import term
from controller.domain.calendar import SHANGHAI, minute_of
from controller.domain.errors import WrongUse
from controller.domain.reclaim import Certificate, ReclaimedStack, ReclaimFacts
from controller.domain.roles import CONTROLLER_ACTOR

TITLE = "政务云资源回收证明"


def write_pdf(document: str, path: Path) -> None:
    """Writes the PDF of a signed document to `path`. Raises WrongUse where the file cannot be written."""
    content = pdf(document)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise WrongUse(f"文件无法写入：{error.strerror}", where=str(path)) from None


def pdf(document: str) -> bytes:
    """The PDF of a document that `issue.signed` made; equal documents give equal bytes."""
    certificate = read(document)
    story = [
        *_head(certificate),
        *_basics(certificate),
        *_decisions(certificate.facts),
        *_documents(certificate.facts),
        *_resources(certificate.facts),
        *_searches(certificate.facts),
        *_ledger(certificate.facts),
        *_signature(document),
        text(_issued(certificate), "closing"),
    ]
    return to_pdf(story, title=f"{TITLE} {certificate.number}", footer=f"{TITLE}　{certificate.number}")


def _head(certificate: Certificate) -> Iterator[Flowable]:
    told = certificate.facts
    resources = sum(len(stack.resources) for stack in told.stacks)
    objects = sum(one.objects for one in told.searches)
    until = max(one.at for one in told.searches)
    yield text(f"{told.city.name}政务云", "issuer")
    yield text(TITLE, "title")
    yield text(f"编号：{certificate.number}", "number")
    yield rule()
    yield text(
        f"兹证明：{told.unit.name}“{told.system.name}”在政务云上曾使用的 {resources} 项资源，"
        f"已依规（{'、'.join(told.rules)}）全部回收。",
        "lead",
    )
    yield text(
        f"截至 {_minute(until)}，对云平台完整列举 {len(told.searches)} 类次、查看 {objects} 个对象，"
        "按资源标识与计量标签逐一比对，未发现属于该系统的任何资源。",
        "lead",
    )


def _basics(certificate: Certificate) -> Iterator[Flowable]:
    told = certificate.facts
    yield text("一、基本情况", "heading")
    rows = [
        ("使用单位", told.unit.name),
        ("信息系统", told.system.name),
        ("办理事项", f"{told.procedure.name}（案件 {told.case}）"),
        ("网络分区", "；".join(f"{stack.zone.name}（{stack.name}）" for stack in told.stacks)),
        ("计量终止日", "、".join(sorted({one.ended_on.isoformat() for one in told.ledger})) or "未计量（试用环境）"),
        ("依据条款", "、".join(told.rules)),
        ("签发时间", _minute(certificate.issued_at)),
        ("审计链", certificate.audit_head),
    ]
    if told.clock_offset_seconds:
        days = told.clock_offset_seconds / 86400
        rows.append(("时钟说明", f"演练时钟：办理与签发时间较真实时间快 {days:.1f} 日；资源与查验时间为真实时间"))
    yield facts(rows)


def _decisions(told: ReclaimFacts) -> Iterator[Flowable]:
    yield text("二、办理与审批", "heading")
    yield table(
        ("时间", "环节", "办理角色", "账号", "条款"),
        (18, 26, 30, 16, 10),
        [
            (
                _minute(one.at),
                one.action.name,
                one.role.name,
                "—" if one.account == CONTROLLER_ACTOR else one.account,
                one.rule,
            )
            for one in told.decisions
        ],
    )


def _documents(told: ReclaimFacts) -> Iterator[Flowable]:
    yield text("三、数据移交与材料", "heading")
    if not told.documents:
        yield text("本案没有提交材料。")
        return
    yield table(
        ("材料", "提交账号", "提交时间", "SHA-256"),
        (34, 13, 18, 35),
        [
            (
                f"{one.title}{'（移交凭据）' if one.proves_hand_over else ''}",
                one.by,
                _minute(one.at),
                code(one.sha256),
            )
            for one in told.documents
        ],
    )


def _resources(told: ReclaimFacts) -> Iterator[Flowable]:
    yield text("四、已回收的资源", "heading")
    for stack in told.stacks:
        yield text(f"{stack.zone.name}　{stack.name}　共 {len(stack.resources)} 项", "subheading")
        for one in stack.destructions:
            yield text(
                f"回收方案 {one.plan[:16]} 由 {one.approved_by} 于 {_minute(one.approved_at)} 批准，"
                f"{_minute(one.ended_at)} 执行完毕。",
                "note",
            )
        if stack.resources:
            yield _resource_table(stack)
    if any(one.given_up_by for stack in told.stacks for one in stack.resources):
        yield space(1)
        yield text("＊ 承载数据的资源，其数据的销毁经列明账号批准。", "note")


def _resource_table(stack: ReclaimedStack) -> Flowable:
    return table(
        ("序号", "类型", "名称", "资源编号", "创建时间", "删除时间"),
        (6, 13.5, 17, 31.5, 16, 16),
        [
            (
                str(number),
                term("resource", one.type),
                f"{one.name} ＊{one.given_up_by}" if one.given_up_by else one.name,
                code(one.id),
                _minute(one.created_at),
                _minute(one.deleted_at),
            )
            for number, one in enumerate(stack.resources, start=1)
        ],
    )


def _searches(told: ReclaimFacts) -> Iterator[Flowable]:
    yield text("五、查验情况", "heading")
    yield text("每一类资源都列举到底（列表完整），其中属于该系统的均为零。", "note")
    yield table(
        ("云平台", "资源类型", "查看对象数", "属于该系统", "列举完成时间"),
        (16, 28, 16, 16, 24),
        [(one.cloud, term("resource", one.type), str(one.objects), "0", _second(one.at)) for one in told.searches],
    )


def _ledger(told: ReclaimFacts) -> Iterator[Flowable]:
    yield text("六、计量终止", "heading")
    if not told.ledger:
        yield text("该系统的资源未进入计量。")
        return
    yield table(
        ("资源", "计量项目", "计量起始日", "计量终止日（当日起不计）"),
        (38, 30, 14, 18),
        [
            (
                one.resource,
                "、".join(term("item", item) for item in one.items),
                one.opened_on.isoformat(),
                one.ended_on.isoformat(),
            )
            for one in told.ledger
        ],
    )


def _signature(document: str) -> Iterator[Flowable]:
    yield text("七、签名与核验", "heading")
    yield facts(
        [
            ("签名算法", "Ed25519"),
            ("公钥指纹", fingerprint_of(document)),
            ("文件摘要", hashlib.sha256(document.encode()).hexdigest()),
        ]
    )
    yield space(1)
    yield text(
        "本件由同编号的 JSON 证明文件生成，以该文件为准。核验：yunguan certificate verify 文件名；"
        "任何改动都会被发现。摘要为 JSON 文件的 SHA-256。",
        "note",
    )


def _issued(certificate: Certificate) -> str:
    day = certificate.issued_at.astimezone(SHANGHAI)
    return f"{certificate.facts.city.name}政务云　签发于 {day.year} 年 {day.month} 月 {day.day} 日"


def _minute(at: datetime | None) -> str:
    return minute_of(at) if at else "—"


def _second(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
