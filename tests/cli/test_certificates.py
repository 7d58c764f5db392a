"""`yunguan certificate` on a real home: shown byte for byte, written as PDF, checked by its exit code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from controller.casework.certificate.issue import signed
from controller.cli.certificates import app
from controller.clock import real_now
from controller.domain.errors import Refused, WrongUse
from controller.store.casework import CaseRow, SystemRow, UnitRow
from controller.store.certificate import CertificateRow
from controller.store.database import Sessions
from controller.store.signer import Signer
from tests.casework.test_certificate_pdf import certificate

STACK = "liuzhou/caizheng/caiwu.gov"


@dataclass
class Desk:
    """A home in whose database one certificate lies."""

    home: Path
    document: str

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    def file(self, content: str) -> str:
        path = self.home / "certificate.json"
        path.write_text(content)
        return str(path)


@pytest.fixture
def desk(sessions: Sessions, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("YUNGUAN_HOME", str(tmp_path))
    monkeypatch.setenv("YUNGUAN_DATABASE_URL", database_url)
    document = signed(certificate(), Signer.at(tmp_path))
    unit = UnitRow(city="liuzhou", code="caizheng", name="柳州市财政局", kind="municipal_organ")
    with sessions.begin() as session:
        session.add(unit)
        session.flush()
        system = SystemRow(unit_id=unit.id, code="caiwu", name="财务管理系统")
        session.add_all([system, SystemRow(unit_id=unit.id, code="other", name="其他系统")])
        session.flush()
        case = CaseRow(
            number="LZ-2026-00002",
            city="liuzhou",
            procedure="exit",
            system_id=system.id,
            stage="terminated",
            demand={},
            payer="centre",
            applicant="unit",
            opened_at=real_now(),
        )
        session.add(case)
        session.flush()
        session.add(CertificateRow(case_id=case.id, number=f"{case.number}-R", document=document, issued_at=real_now()))
    return Desk(tmp_path, document)


def test_json_is_the_signed_document_byte_for_byte(desk: Desk) -> None:
    shown = desk.run("show", STACK, "-o", "json")
    assert (shown.exit_code, shown.stdout) == (0, desk.document)


def test_a_person_sees_the_facts(desk: Desk) -> None:
    shown = desk.run("show", STACK).stdout
    for word in ("LZ-2026-00002-R", "柳州市财政局", "财务管理系统", "2026-12-31"):
        assert word in shown


def test_the_pdf_is_written(desk: Desk) -> None:
    target = desk.home / "it.pdf"
    assert desk.run("show", STACK, "--pdf", str(target)).exit_code == 0
    assert target.read_bytes().startswith(b"%PDF")


def test_without_a_certificate_it_says_when_there_will_be_one(desk: Desk) -> None:
    refused = desk.run("show", "liuzhou/caizheng/other.gov").exception
    assert isinstance(refused, Refused)
    assert "确认终止" in refused.remedy


def test_what_was_shown_is_found_genuine(desk: Desk) -> None:
    verified = desk.run("verify", desk.file(desk.run("show", STACK, "-o", "json").stdout), "-o", "json")
    assert verified.exit_code == 0
    verdict = json.loads(verified.stdout)
    assert (verdict["ok"], verdict["number"], verdict["reason"]) == (True, "LZ-2026-00002-R", "")


def test_what_was_changed_is_refused(desk: Desk) -> None:
    forged = desk.file(desk.document.replace("财务管理系统", "人事管理系统"))
    refused = desk.run("verify", forged).exception
    assert isinstance(refused, Refused)
    assert "已被改动" in refused.message
    verified = desk.run("verify", forged, "-o", "json")
    assert (verified.exit_code, json.loads(verified.stdout)["intact"]) == (1, False)


def test_elsewhere_the_issuers_key_is_handed_over(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "issuer.pem"
    key.write_text(desk.run("key").stdout)
    file = desk.file(desk.document)
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setenv("YUNGUAN_HOME", str(elsewhere))
    assert isinstance(desk.run("verify", file).exception, Refused)
    assert isinstance(desk.run("key").exception, Refused)
    assert desk.run("verify", file, "--key", str(key)).exit_code == 0
    assert not elsewhere.exists(), "a check makes no home"
    assert desk.run("verify", file, "--key", str(key), "-o", "json").exit_code == 0


def test_a_file_that_is_not_there_is_wrong_use(desk: Desk) -> None:
    assert isinstance(desk.run("verify", str(desk.home / "nothing.json")).exception, WrongUse)
