"""The demo's chapters, in the order in which a request travels."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import func, select

from controller import audit
from controller.casework.cases import list_cases
from controller.cli.demo import carrying, drift, leaving
from controller.cli.demo.cast import APPLICANT, AUTHORITY, CENTRE, VENDOR
from controller.cli.demo.scene import Scene
from controller.cli.demo.workbook import CITY, EXCHANGE, FINANCE, SERVICE, UNIT, workbook
from controller.domain.calendar import day_of
from controller.metering.bill import find_bill
from controller.metering.export import bill_json
from controller.store import clock
from controller.store.casework import UnitRow
from controller.store.engine import ExecutionRow, ExecutionState, PlanRow, Provisioning, ResourceRow, StackRow


def tell(scene: Scene) -> None:
    """Plays the whole story."""
    papers = _Papers(scene.home / "papers")
    _cast(scene)
    cases = _request(scene)
    _decide(scene, papers, cases)
    stacks = _plan(scene)
    _apply_through_a_crash(scene, stacks)
    _open(scene, papers, cases)
    drift.tell(scene, stacks_of(scene, FINANCE)[-1])
    leaving.expire(scene, cases[SERVICE], stacks_of(scene, SERVICE))
    _bill(scene)
    leaving.terminate(scene, papers.path, stacks_of(scene, EXCHANGE))
    carrying.tell(scene, stacks_of(scene, FINANCE)[-1])
    _audit(scene)


class _Papers:
    """Documents that people hand in."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder

    def path(self, name: str) -> str:
        path = self._folder / f"{name}.txt"
        path.write_text(f"{name}\n", encoding="utf-8")
        return str(path)


def stacks_of(scene: Scene, system: str) -> list[str]:
    """Names of the stacks of a system, by its Chinese name, sorted."""
    with scene.place.sessions() as session:
        names = session.scalars(
            select(StackRow.name)
            .where(StackRow.spec["metadata"]["system_name"].as_string() == system)
            .order_by(StackRow.name)
        )
        return list(names)


def _cast(scene: Scene) -> None:
    scene.chapter("1  A city's cloud, and who acts on it 角色")
    scene.tell("A simulated OpenStack stands ready; the controller is served; the operator registers unit and roles.")
    scene.serve()
    scene.run("unit", "add", UNIT, "--city", CITY, "--kind", "municipal_organ")
    code = _unit_code(scene)
    scene.run("user", "grant", APPLICANT, "--city", CITY, "--role", "unit", "--unit", code)
    for account, role in ((AUTHORITY, "authority"), (CENTRE, "centre"), (VENDOR, "vendor")):
        scene.run("user", "grant", account, "--city", CITY, "--role", role)


def _unit_code(scene: Scene) -> str:
    with scene.place.sessions() as session:
        return session.scalars(select(UnitRow.code)).one()


def _request(scene: Scene) -> dict[str, str]:
    """Imports the workbook; the case numbers by system."""
    scene.chapter("2  The demand sheet 云资源使用需求表")
    sheet = scene.home / "需求表.xlsx"
    sheet.write_bytes(workbook())
    scene.run(
        "request", "import", str(sheet), "--city", CITY, "--as", APPLICANT,
        "--fact", "classified=no", "--fact", "own_resources=no", "--fact", "origin=new",
    )  # fmt: skip
    with scene.place.sessions() as session:
        cases = {summary.system: summary.number for summary in list_cases(session)}
    scene.check("three cases are filed from one workbook", holds=set(cases) == {FINANCE, EXCHANGE, SERVICE})
    return cases


def _decide(scene: Scene, papers: _Papers, cases: dict[str, str]) -> None:
    scene.chapter("3  People decide, the clocks count 受理、评估、审批")
    for number in cases.values():
        scene.run("request", "accept", number, "--as", AUTHORITY)
    scene.pass_time(timedelta(days=2))
    plan = papers.path("经批复的初步设计")
    for number in cases.values():
        scene.run("request", "assess", number, "--as", CENTRE, "--evidence", plan)
    scene.run("request", "list")
    scene.pass_time(timedelta(days=1))
    for number in cases.values():
        scene.run("request", "approve", number, "--as", AUTHORITY)
    scene.tell("Each approval has merged a specification into the estate, a git repository, one file a zone.")
    with scene.place.sessions() as session:
        count = session.scalar(select(func.count()).select_from(StackRow))
    scene.check("three systems in two zones are four stacks", holds=count == 4)


def _plan(scene: Scene) -> list[str]:
    scene.chapter("4  The plan, and the vendor's yes to that very plan 方案")
    with scene.place.sessions() as session:
        names = list(session.scalars(select(StackRow.name).order_by(StackRow.name)))
    for name in names:
        _, plan = scene.place.reconciler.plan(name)
        digest = plan.digest(scene.place.means.vault.hmac_key)
        scene.tell(f"  {name}: [green]+ {len(plan.operations)} to create[/green], digest {digest[:12]}")
    scene.tell(f"[dim]  (yunguan stack plan {names[0]} shows every property)[/dim]")
    return names


def _apply_through_a_crash(scene: Scene, names: list[str]) -> None:
    scene.chapter("5  Applied, through a kill -9 in the middle 开通资源")
    largest = next(name for name in stacks_of(scene, FINANCE) if name.endswith(".internet"))
    scene.run("stack", "approve", largest, "--as", VENDOR)
    scene.until(f"{largest} is half made", lambda: _made(scene, largest) >= 20)
    scene.kill_controller()
    made = _made(scene, largest)
    scene.tell(
        f"[bold red]kill -9[/bold red]: the controller is dead, {made} resources are in its state. It is started again."
    )
    scene.serve()
    for name in names:
        if name != largest:
            scene.run("stack", "approve", name, "--as", VENDOR)
    for name in names:
        scene.until(f"{name} is ready", lambda name=name: scene.stack(name).provisioning == Provisioning.READY)  # type: ignore[misc]
    with scene.place.sessions() as session:
        executions = session.scalar(
            select(func.count())
            .select_from(ExecutionRow)
            .join(PlanRow, PlanRow.id == ExecutionRow.plan_id)
            .join(StackRow, StackRow.id == ExecutionRow.stack_id)
            .where(StackRow.name == largest, ExecutionRow.state == ExecutionState.SUCCEEDED)
        )
    scene.check("the killed execution itself went on and succeeded", holds=executions == 1)
    scene.run("stack", "list")
    scene.run("drift", "--cloud", "sandbox")
    scene.check("the crash left no duplicate, no orphan, nothing lost", holds=drift.is_clean(scene))


def _made(scene: Scene, name: str) -> int:
    with scene.place.sessions() as session:
        return (
            session.scalar(
                select(func.count())
                .select_from(ResourceRow)
                .join(StackRow, StackRow.id == ResourceRow.stack_id)
                .where(StackRow.name == name, ResourceRow.custom)
            )
            or 0
        )


def _open(scene: Scene, papers: _Papers, cases: dict[str, str]) -> None:
    scene.chapter("6  Trial, agreements, opening, confirmation 试用与开通确认")
    for number in cases.values():
        paper = papers.path("使用协议")
        scene.run("request", "do", number, "provide", "--as", CENTRE, "--evidence", paper, "--days", "30")
    scene.pass_time(timedelta(days=20))
    for system in (FINANCE, EXCHANGE):
        scene.run("request", "do", cases[system], "open", "--as", CENTRE, "--evidence", papers.path("保密协议"))
        for name in stacks_of(scene, system):
            scene.place.reconciler.plan(name)
            scene.run("stack", "approve", name, "--as", VENDOR)
    for system in (FINANCE, EXCHANGE):
        for name in stacks_of(scene, system):
            scene.until(
                f"{name} is in service",
                lambda name=name: scene.stack(name).provisioning == Provisioning.READY,  # type: ignore[misc]
            )
        name = stacks_of(scene, system)[0]
        scene.run("confirm", name, "--as", APPLICANT)
        scene.run("confirm", name, "--as", CENTRE)
    scene.run("request", "list")


def _bill(scene: Scene) -> None:
    scene.chapter("9  The month's bill 账单")
    with scene.place.sessions() as session:
        today = day_of(clock.now(session))
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    scene.pass_time(next_month - today)
    month = today.strftime("%Y-%m")
    scene.run("bill", "run", "--city", CITY, "--period", month)
    with scene.place.sessions() as session:
        total = bill_json(session, find_bill(session, CITY, month))["total"]
    scene.check(f"the bill of {month} charges what was in service: {total} CNY", holds=Decimal(total) > 0)


def _audit(scene: Scene) -> None:
    scene.chapter("12  The trail 审计")
    scene.run("audit", "verify")
    with scene.place.sessions() as session:
        scene.check("the audit chain is unbroken", holds=audit.verify(session).broken_at is None)
