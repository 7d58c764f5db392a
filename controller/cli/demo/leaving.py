"""Chapters 8 and 10: a trial runs out by itself; a system is given back and ends in a certificate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import openstack
from sqlalchemy import select

from controller.casework.cases import list_cases
from controller.cli.demo.cast import APPLICANT, AUTHORITY, CENTRE, VENDOR
from controller.cli.demo.scene import Scene
from controller.store.casework import CaseRow
from controller.store.engine import Provisioning, StackRow


def expire(scene: Scene, case: str, stacks: Sequence[str]) -> None:
    """The third system's trial ends: servers stop, data stays, nobody had to do anything (LZ-21-4)."""
    scene.chapter("8  A trial runs out 试用到期")
    scene.pass_time(timedelta(days=12))
    scene.until("the rule has ended the trial (LZ-21-4)", lambda: _stage(scene, case) == "trial_expired")
    connection = openstack.connect(cloud="sandbox")

    def states() -> list[str]:
        return [one.status for one in connection.compute.servers() if one.metadata.get("yunguan_stack") in stacks]

    scene.until("its servers are stopped", lambda: bool(states()) and set(states()) == {"SHUTOFF"})
    volumes = [one for one in connection.block_storage.volumes() if (one.metadata or {}).get("yunguan_stack") in stacks]
    scene.check("its volumes are kept", holds=len(volumes) >= 2)


def terminate(scene: Scene, paper: Callable[[str], str], stacks: Sequence[str]) -> None:
    """The second system is given back: decided, handed over, destroyed, looked for, certified (LZ-21-7, LZ-26b)."""
    scene.chapter("10  A system is given back 终止、移交、回收证明")
    scene.run("exit", stacks[0], "--as", APPLICANT)
    with scene.place.sessions() as session:
        number = session.scalars(select(CaseRow.number).order_by(CaseRow.id.desc())).first() or ""
    offline, migrated = paper("系统下线记录"), paper("数据迁移备份记录")
    scene.run(
        "request", "assess", number, "--as", CENTRE,
        "--evidence", f"offline_record={offline}", "--evidence", f"data_migration_record={migrated}",
    )  # fmt: skip
    scene.run("request", "approve", number, "--as", AUTHORITY)
    scene.run("request", "do", number, "hand_over", "--as", CENTRE, "--evidence", paper("数据移交清单"))
    for name in stacks:
        scene.place.reconciler.plan(name)
        scene.run("stack", "approve", name, "--as", VENDOR, "--reason", number)
    for name in stacks:
        scene.until(f"{name} has ended", lambda name=name: _ended(scene, name))  # type: ignore[misc]
    scene.until("a complete list shows nothing left", lambda: _stage(scene, number) == "confirming_end")
    scene.run("confirm", stacks[0], "--as", APPLICANT)
    scene.run("confirm", stacks[0], "--as", CENTRE)
    scene.check("both have confirmed the end", holds=_stage(scene, number) == "terminated")
    pdf, document = scene.home / "回收证明.pdf", scene.home / "回收证明.json"
    scene.run("certificate", "show", stacks[0], "--pdf", str(pdf))
    scene.tell("[dim]  (what the demo wrote goes with it; with --keep it stays until Ctrl-C)[/dim]")
    scene.run_into(document, "certificate", "show", stacks[0], "-o", "json")
    scene.run("certificate", "verify", str(document))
    scene.check("the certificate is on paper, too", holds=pdf.exists() and pdf.read_bytes().startswith(b"%PDF"))


def _stage(scene: Scene, number: str) -> str:
    with scene.place.sessions() as session:
        return next(one.stage for one in list_cases(session) if one.number == number)


def _ended(scene: Scene, name: str) -> bool:
    with scene.place.sessions() as session:
        states = session.scalars(select(StackRow.provisioning).where(StackRow.name == name))
        return states.one() == Provisioning.ENDED
