"""The certificate of reclaim: facts under a number, signed, kept as they were issued, and checked by anybody.

`completion` calls `keep_search` once everything was listed and nothing was left; `consequences` calls `issue_due` after
every step, which issues when the case is closed (invariant 8, LZ-21-7, LZ-26b). `verify` needs the file alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import audit, catalogue
from controller.casework.casefile.filing import system_of_stack
from controller.casework.certificate.facts import collect_facts
from controller.domain.errors import Refused
from controller.domain.reclaim import Certificate, Searched
from controller.domain.roles import CONTROLLER_ACTOR
from controller.reconcile.leftovers import Leftovers
from controller.store import clock
from controller.store.casework import CaseRow
from controller.store.certificate import CertificateRow, ReclaimSearchRow
from controller.store.signer import Signer, is_signed_by

ALGORITHM = "Ed25519"
CONTEXT = b"yunguan reclaim certificate\n"
"""Stands before what is signed, so that no signature of another purpose can ever pass as this one's."""
MAX_BYTES = 50 * 1024 * 1024


class _Signature(BaseModel):
    """`public_key` and `value` are base64."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    algorithm: str
    public_key: str
    value: str


class _Signed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: Certificate
    signature: _Signature


@dataclass(frozen=True)
class Verdict:
    """What a check found. `reason` says in Chinese what is wrong, "" where nothing is.

    `intact`: the signature fits every word. `trusted`: it was made with the key that was compared.
    """

    intact: bool
    trusted: bool
    reason: str
    fingerprint: str = ""
    certificate: Certificate | None = None


def keep_search(session: Session, number: str, leftovers: Leftovers) -> None:
    """Keeps what was looked at for case `number`. Raises Refused, naming what is left, where something is."""
    case = session.scalars(select(CaseRow).where(CaseRow.number == number)).one()
    if not leftovers.nothing:
        left = [f"{catalogue.term('resource', one.type)} {id}" for one in leftovers.looked for id in one.left]
        raise Refused(
            f"云平台上仍有 {len(left)} 项该系统的资源，回收不算完成：{'、'.join(left[:5])}",
            where=number,
            remedy="请查看 yunguan incident list，处理后将自动重新查验",
            rule=catalogue.city(case.city).procedure(case.procedure).rule,
        )
    searches = [Searched(cloud=one.cloud, type=one.type, at=one.at, objects=one.objects) for one in leftovers.looked]
    session.add(
        ReclaimSearchRow(
            case_id=case.id,
            stacks=list(leftovers.stacks),
            searches=[one.model_dump(mode="json") for one in searches],
        )
    )
    session.flush()


def issue_due(session: Session, number: str, signer: Signer) -> CertificateRow | None:
    """Issues the certificate of a case that has just closed on a completed reclaim; None for every other case."""
    found = session.scalar(
        select(CaseRow.id)
        .join(ReclaimSearchRow, ReclaimSearchRow.case_id == CaseRow.id)
        .outerjoin(CertificateRow, CertificateRow.case_id == CaseRow.id)
        .where(CaseRow.number == number, CaseRow.closed_at.is_not(None), CertificateRow.id.is_(None))
    )
    if found is None:
        return None
    certificate = Certificate(
        number=f"{number}-R",
        issued_at=clock.now(session),
        audit_head=audit.head(session),
        facts=collect_facts(session, number),
    )
    row = CertificateRow(
        case_id=found,
        number=certificate.number,
        document=signed(certificate, signer),
        issued_at=certificate.issued_at,
    )
    session.add(row)
    audit.record(
        session,
        actor=CONTROLLER_ACTOR,
        action="certificate.issue",
        target=certificate.number,
        details={"case": number, "sha256": hashlib.sha256(row.document.encode()).hexdigest()},
    )
    return row


def certificate_of(session: Session, stack: str) -> CertificateRow:
    """The newest certificate of the stack's system (`city/unit/system.zone` or `city/unit/system`).

    Raises WrongUse for an unknown system, Refused where no reclaim of it is complete yet.
    """
    system = system_of_stack(session, stack)
    row = session.scalar(
        select(CertificateRow)
        .join(CaseRow, CaseRow.id == CertificateRow.case_id)
        .where(CaseRow.system_id == system.id)
        .order_by(CertificateRow.id.desc())
        .limit(1)
    )
    if row is None:
        raise Refused(
            f"“{system.name}”还没有回收证明",
            where=stack,
            remedy="资源回收、完整查验并经双方确认终止后自动出具",
        )
    return row


def signed(certificate: Certificate, signer: Signer) -> str:
    """The certificate as the JSON text that is kept and handed out."""
    content = certificate.model_dump(mode="json")
    signature = {
        "algorithm": ALGORITHM,
        "public_key": base64.b64encode(signer.public_key).decode(),
        "value": base64.b64encode(signer.sign(CONTEXT + _canonical(content))).decode(),
    }
    return json.dumps({"certificate": content, "signature": signature}, ensure_ascii=False, indent=2) + "\n"


def read(document: str) -> Certificate:
    """The certificate in a document that `signed` made."""
    return _Signed.model_validate_json(document).certificate


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of a public key, in groups that people can compare."""
    digest = hashlib.sha256(public_key).hexdigest()
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))


def fingerprint_of(document: str) -> str:
    """The fingerprint of the key that signed a document which `signed` made."""
    return fingerprint(base64.b64decode(_Signed.model_validate_json(document).signature.public_key))


def verify(file: bytes, trusted_key: bytes | None) -> Verdict:
    """Checks a file: its signature over every word, and its key against `trusted_key` (None: there is none to compare).

    Never raises for what stands in the file: whatever is off becomes a verdict.
    """
    try:
        raw = _parsed(file)
        document = _Signed.model_validate(raw)
        key = base64.b64decode(document.signature.public_key, validate=True)
        value = base64.b64decode(document.signature.value, validate=True)
        content = CONTEXT + _canonical(raw["certificate"])
    except (ValueError, ValidationError, RecursionError, binascii.Error):
        return Verdict(intact=False, trusted=False, reason="文件不是回收证明，或其内容已被改动")
    if document.signature.algorithm != ALGORITHM:
        return Verdict(intact=False, trusted=False, reason=f"签名算法不是 {ALGORITHM}")
    if not is_signed_by(key, value, content):
        return Verdict(intact=False, trusted=False, reason="签名与内容不符：证明已被改动")
    return Verdict(
        intact=True,
        trusted=key == trusted_key,
        reason=_distrust(key, trusted_key),
        fingerprint=fingerprint(key),
        certificate=document.certificate,
    )


def _distrust(key: bytes, trusted_key: bytes | None) -> str:
    if trusted_key is None:
        return "签名有效，但没有可供比对的签发方公钥"
    return "" if key == trusted_key else "签名有效，但不是由该签发方的密钥签署"


def _parsed(file: bytes) -> Any:
    """The JSON of a file. Raises ValueError where it is too large, or a key stands twice (readers would differ)."""
    if len(file) > MAX_BYTES:
        raise ValueError("too large")
    return json.loads(file.decode("utf-8"), object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _canonical(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
