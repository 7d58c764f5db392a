"""A system that is really opened, applied by the engine on the double's cloud, charged, destroyed, and certified."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from controller.casework import change, exit
from controller.casework.certificate.issue import certificate_of
from controller.casework.completion import complete_reclaims
from controller.domain.demand import Change
from controller.engine.plan import Purpose
from controller.store.certificate import CertificateRow
from controller.store.engine import Provisioning, StackRow
from controller.store.vault import Vault
from tests.casework.conftest import Office, machine, system
from tests.engine.double import DISK, Cloud, DoubleProvider, TestProgram, Want
from tests.engine.scene import Scene

PROGRAM = TestProgram(Want("net"), Want("app-1", after=("net",)), Want("app-1-data", DISK, after=("app-1",)))
ZONES = (machine(1), machine(2, "互联网区", "WEB"))


class Standing(Scene):
    """The engine's scene on a stack that casework has made."""

    def __post_init__(self) -> None:
        with self.sessions.begin() as session:
            self.stack_id = session.scalars(select(StackRow.id).where(StackRow.name == self.name)).one()

    def be(self, provisioning: Provisioning) -> None:
        """What the reconciler writes before and after its executions, commit and digest being the scene's."""
        with self.sessions.begin() as session:
            session.execute(
                update(StackRow)
                .where(StackRow.id == self.stack_id)
                .values(provisioning=provisioning, spec_commit="c1", cloud="double")
            )


@dataclass
class Reclaim:
    """What a test does to a system from its opening to its certificate."""

    office: Office
    vault: Vault
    provider: DoubleProvider

    @property
    def cloud(self) -> Cloud:
        return self.provider.the_cloud

    def in_service(self, name: str = "财务管理系统") -> str:
        """Opened, applied, confirmed by both and therefore charged; the name of its first stack."""
        number = self.office.at_opening(system(name, *ZONES))
        self.office.act(number, "confirm", "unit")
        outcome = self.office.act(number, "confirm", "centre")
        assert outcome.confirmed is not None
        stacks = [spec.stack_name for spec in outcome.confirmed.specs]
        for stack in stacks:
            self.stands(stack)
        return stacks[0]

    def stands(self, stack: str) -> None:
        """The vendor approves, the engine applies."""
        standing = self.standing(stack)
        standing.be(Provisioning.PENDING)
        standing.apply(PROGRAM)
        standing.be(Provisioning.READY)

    def changed(self, stack: str, wanted: Change) -> str:
        """Applied for, approved, done in the cloud, confirmed by both; the number of the case."""
        with self.office.sessions.begin() as session:
            number = change.apply(session, stack, wanted, self.office.ports, actor="unit").number
        self.office.act(number, "assess", "centre", "assessment")
        outcome = self.office.act(number, "approve", "authority")
        assert outcome.merged is not None
        self.destroy(*outcome.merged.removed)
        for spec in outcome.merged.put:
            self.stands(spec.stack_name)
        self.office.act(number, "confirm", "unit")
        self.office.act(number, "confirm", "centre")
        return number

    def handed_over(self, stack: str) -> str:
        """Applied for, approved, handed over; the number of the case."""
        with self.office.sessions.begin() as session:
            number = exit.apply(session, stack, self.office.ports, actor="unit").number
        self.office.act(number, "assess", "centre", "offline_record", "data_migration_record")
        self.office.act(number, "approve", "authority")
        self.office.act(number, "hand_over", "centre", "handover_record")
        return number

    def destroy(self, *stacks: str) -> None:
        """The vendor approves, the engine destroys."""
        for name in stacks:
            standing = self.standing(name)
            standing.be(Provisioning.ENDING)
            standing.apply(None, Purpose.DESTROY)
            standing.be(Provisioning.ENDED)

    def complete(self) -> None:
        """What the worker's sweep does."""
        complete_reclaims(self.office.sessions, self.office.ports, self.standing(self.stacks("")[0]).means())

    def confirm_end(self, number: str) -> None:
        self.office.act(number, "confirm", "unit")
        self.office.act(number, "confirm", "centre")

    def certified(self, name: str = "财务管理系统") -> CertificateRow:
        """All of it."""
        stack = self.in_service(name)
        number = self.handed_over(stack)
        self.destroy(*self.stacks(stack))
        self.complete()
        self.confirm_end(number)
        return self.certificate(stack)

    def certificate(self, stack: str) -> CertificateRow:
        with self.office.sessions() as session:
            return certificate_of(session, stack)

    def standing(self, stack: str) -> Standing:
        return Standing(self.office.sessions, self.vault, self.provider, name=stack)

    def stacks(self, stack: str) -> list[str]:
        """All stacks of the system that `stack` belongs to."""
        with self.office.sessions() as session:
            names = session.scalars(select(StackRow.name).order_by(StackRow.name))
            return [name for name in names if name.startswith(stack.partition(".")[0])]
