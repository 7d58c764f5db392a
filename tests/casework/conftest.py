"""Casework on a real database, a real git estate and real files; only the cloud's catalogue is a table of names.

No test here reaches a cloud (that is tests/providers). The city has its people; the clock, which tests move, stands at
nine o'clock on Monday, 2026-09-28, before the National Day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from controller.casework import opening
from controller.casework.casefile.evidence import EvidenceStore, HandedIn
from controller.casework.casefile.outcome import CaseOutcome
from controller.casework.casefile.steps import Act
from controller.casework.conduct import perform
from controller.casework.consequences import follow
from controller.casework.people import Grant, grant, register_unit
from controller.casework.ports import Ports
from controller.casework.specifying.publishing import publish_due
from controller.casework.timers import due_clocks, tend
from controller.domain import request
from controller.domain.calendar import SHANGHAI
from controller.domain.errors import Refused
from controller.domain.funding import UnitKind
from controller.domain.roles import Role
from controller.domain.spec import CloudFlavor
from controller.estate.forge.local import LocalForge
from controller.estate.repository import Estate
from controller.store import clock
from controller.store.casework import CaseRow
from controller.store.certificate import ReclaimSearchRow
from controller.store.database import Sessions
from controller.store.engine import Provisioning, StackRow
from controller.store.signer import Signer

MONDAY = datetime(2026, 9, 28, 9, tzinfo=SHANGHAI)
UNIT = "柳州市财政局"


class TableCloud:
    """Images and networks are called by their own names; flavors exist up to 32 cores."""

    def image(self, name: str, disk_gb: int) -> str:
        if disk_gb < 20:
            raise Refused(f"{name} 需要 20 GB 系统盘")
        return f"image-{name}"

    def flavor(self, vcpu: int, memory_gb: int) -> CloudFlavor:
        if vcpu > 32:
            raise Refused(f"云平台没有 {vcpu} 核的规格")
        return CloudFlavor(name=f"yg.c{vcpu}m{memory_gb}", id=f"flavor-{vcpu}-{memory_gb}")

    def network(self, name: str) -> str:
        return f"network-{name}"


@dataclass
class Office:
    """What a test does in the city: let people act, hand in papers, let days pass."""

    sessions: Sessions
    ports: Ports
    papers: Path

    def paper(self, document: str, text: str = "盖章") -> HandedIn:
        path = self.papers / f"{document}.txt"
        path.write_text(f"{document} {text}")
        return HandedIn(document, path)

    def act(
        self,
        case: str,
        action: str,
        actor: str,
        *documents: str,
        days: int | None = None,
        reason: str = "",
        on: date | None = None,
        expected_stage: str | None = None,
    ) -> CaseOutcome:
        evidence = tuple(self.paper(document) for document in documents)
        act = Act(case, action, actor, evidence, reason, days, on, expected_stage)
        return self.do(act)

    def do(self, act: Act) -> CaseOutcome:
        """What the command line does with a step."""
        with self.sessions.begin() as session:
            outcome = perform(session, act, self.ports)
            follow(session, outcome, self.ports)
        publish_due(self.sessions, self.ports.forge)
        return outcome

    def apply(self, *systems: request.System, actor: str = "unit", **facts: str) -> list[str]:
        asked = request.Request(city="liuzhou", unit=UNIT, systems=systems or (system(),))
        declared = facts or {"origin": "new", "classified": "no", "own_resources": "no"}
        with self.sessions.begin() as session:
            application = opening.Application(asked, actor, declared)
            return [case.number for case in opening.apply(session, application, self.ports)]

    def opened(self, *systems: request.System) -> str:
        """A case that has gone all the way into service; returns the first stack's name."""
        number = self.at_opening(*systems)
        self.act(number, "confirm", "unit")
        outcome = self.act(number, "confirm", "centre")
        assert outcome.confirmed is not None
        return outcome.confirmed.specs[0].stack_name

    def at_opening(self, *systems: request.System) -> str:
        """A case whose resources stand ready, waiting to be confirmed."""
        number = self.in_trial(*systems)
        outcome = self.act(number, "open", "centre", "confidentiality_agreement")
        self.ready(outcome)
        return number

    def in_trial(self, *systems: request.System, days: int = 30) -> str:
        number = self.prepared(*systems)
        self.act(number, "provide", "centre", "use_agreement", days=days)
        return number

    def prepared(self, *systems: request.System) -> str:
        """An approved case whose trial environment stands ready."""
        (number,) = self.apply(*systems)
        self.ready(self._approve(number))
        return number

    def approved(self, *systems: request.System) -> str:
        (number,) = self.apply(*systems)
        self._approve(number)
        return number

    def _approve(self, number: str) -> CaseOutcome:
        self.act(number, "accept", "authority")
        self.act(number, "assess", "centre", "approved_plan")
        return self.act(number, "approve", "authority")

    def ready(self, outcome: CaseOutcome) -> None:
        """Plays the controller: what was approved stands in the cloud now."""
        assert outcome.merged is not None
        stacks = [spec.stack_name for spec in outcome.merged.put]
        with self.sessions.begin() as session:
            session.execute(
                update(StackRow).where(StackRow.name.in_(stacks)).values(applied_digest=StackRow.spec_digest)
            )
        self.be(stacks, Provisioning.READY)

    def ended(self, outcome: CaseOutcome) -> None:
        """Plays the controller: what was taken out is gone now."""
        assert outcome.merged is not None
        self.be(outcome.merged.removed, Provisioning.ENDED)

    def searched(self, number: str) -> None:
        """Plays the controller: everything was listed, and nothing was left of the case's stacks."""
        with self.sessions.begin() as session:
            case = session.scalars(select(CaseRow).where(CaseRow.number == number)).one()
            session.add(ReclaimSearchRow(case_id=case.id, stacks=[], searches=[]))

    def be(self, stacks: Collection[str], provisioning: Provisioning) -> None:
        with self.sessions.begin() as session:
            session.execute(update(StackRow).where(StackRow.name.in_(stacks)).values(provisioning=provisioning))

    def stack(self, name: str) -> StackRow:
        with self.sessions() as session:
            return session.scalars(select(StackRow).where(StackRow.name == name)).one()

    def set_clock(self, instant: datetime) -> None:
        with self.sessions.begin() as session:
            clock.advance(session, instant - clock.now(session))

    def pass_days(self, days: float) -> list[CaseOutcome]:
        """Lets days pass, then tends what has come due, until nothing is."""
        with self.sessions.begin() as session:
            clock.advance(session, timedelta(days=days))
        return self.tend()

    def tend(self) -> list[CaseOutcome]:
        outcomes: list[CaseOutcome] = []
        while due := self._due():
            for clock_id in due:
                with self.sessions.begin() as session:
                    outcome = tend(session, clock_id, self.ports)
                    if outcome is not None:
                        follow(session, outcome, self.ports)
                        outcomes.append(outcome)
        publish_due(self.sessions, self.ports.forge)
        return outcomes

    def case(self, number: str) -> CaseRow:
        with self.sessions() as session:
            return session.scalars(select(CaseRow).where(CaseRow.number == number)).one()

    def _due(self) -> list[int]:
        with self.sessions() as session:
            return due_clocks(session)


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    estate = Estate.open_or_create(tmp_path / "estate.git")
    evidence = EvidenceStore(tmp_path / "evidence")
    return Ports(lambda _: TableCloud(), estate, LocalForge(estate), evidence, Signer.at(tmp_path))


@pytest.fixture
def office(sessions: Sessions, ports: Ports, tmp_path: Path) -> Office:
    papers = tmp_path / "papers"
    papers.mkdir()
    made = Office(sessions, ports, papers)
    with sessions.begin() as session:
        unit = register_unit(session, city="liuzhou", name=UNIT, kind=UnitKind.MUNICIPAL_ORGAN, by="operator")
        grant(session, Grant("unit", "liuzhou", Role.UNIT, unit.code), by="operator")
        for role in (Role.AUTHORITY, Role.CENTRE, Role.VENDOR, Role.SUPERVISOR, Role.FINANCE):
            grant(session, Grant(role.value, "liuzhou", role), by="operator")
    made.set_clock(MONDAY)
    return made


@pytest.fixture
def session(sessions: Sessions) -> Iterator[Session]:
    with sessions() as opened:
        yield opened


def owner(name: str = "张三") -> request.Owner:
    return request.Owner(name=name, email="zhangsan@example.com", mobile="13800000000")


def machine(row: int = 1, zone: str = "公共网络区", role: str = "APP", **sizes: object) -> request.Machine:
    asked: dict[str, object] = {
        "sheet": "需求表",
        "row": row,
        "zone": zone,
        "role": role,
        "owners": (owner(),),
        "vcpu": 8,
        "memory_gb": 16,
        "system_disk_gb": 60,
        "data_disk_gb": 300,
        "image": "CentOS 7.0",
    }
    return request.Machine.model_validate(asked | sizes)


def system(name: str = "财务管理系统", *machines: request.Machine) -> request.System:
    contact = request.Contact(name="李四", email="lisi@example.com", mobile="13988888888")
    return request.System(name=name, unit_contact=contact, vendor_contact=contact, machines=machines or (machine(),))
