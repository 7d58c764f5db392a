"""`yunguan stack`: what stands, what would be done to it, whose yes that needs, and what was done."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import audit
from controller.casework.permissions import Permission, cities_of, require
from controller.cli.arguments import OPERATOR, Operator, Reason, User, workplace
from controller.cli.drift import print_scans, scan_shown
from controller.cli.output import Format, Output, print_document, print_facts, print_rows, print_text, say, stdout
from controller.clock import real_now
from controller.domain.errors import Failed, Refused, WrongUse
from controller.engine.checkpoint.document import from_text, to_document
from controller.engine.checkpoint.transfer import export_stack, import_stack
from controller.engine.planning.render import overview, to_json, to_text
from controller.engine.program.passphrase import VARIABLE, Passphrase
from controller.engine.stack_names import is_program_stack
from controller.engine.urn import Urn
from controller.reconcile.desire import stack as stack_of
from controller.reconcile.known import known_in
from controller.reconcile.schedule import clouds_of
from controller.reconcile.verdict import Verdict
from controller.store.casework import CaseRow
from controller.store.engine import ApprovalRow, ExecutionRow, ExecutionState, PlanRow, ResourceRow, StackRow

app = typer.Typer(no_args_is_help=True, help="Stacks: what one zone of a system shall be, and is")

Name = Annotated[str, typer.Argument(metavar="STACK", help="city/unit/system.zone")]
Digest = Annotated[
    str, typer.Option("--digest", help="The plan's digest or its first digits; the newest plan otherwise")
]

GiveUp = Annotated[
    list[str] | None,
    typer.Option(
        "--give-up",
        help="URN of a resource whose data goes with a change, URN@ID of one left over; a plan to destroy gives up all",
    ),
]

Detail = Annotated[bool, typer.Option("--detail", help="Every difference, property by property")]

Cloud = Annotated[str, typer.Option("--cloud", help="Name in clouds.yaml, where the file names none")]

COLUMNS = {
    "name": "STACK",
    "provisioning": "PROVISIONING",
    "operating": "OPERATING",
    "cloud": "CLOUD",
    "message": "MESSAGE",
}


@app.command("list")
def list_(output: Output = Format.TABLE) -> None:
    """Every stack with its status."""
    with workplace() as place, place.sessions() as session:
        rows = [_facts(row) for row in session.scalars(select(StackRow).order_by(StackRow.name))]
    print_rows(rows, COLUMNS, output)


@app.command()
def show(name: Name, output: Output = Format.TABLE) -> None:
    """One stack with its resources and outputs, and the case in which it was approved (`request show`)."""
    with workplace() as place, place.sessions() as session:
        row = stack_of(session, name)
        resources = session.scalars(
            select(ResourceRow).where(ResourceRow.stack_id == row.id).order_by(ResourceRow.position, ResourceRow.urn)
        )
        facts = _facts(row) | {
            "case": session.scalar(select(CaseRow.number).where(CaseRow.id == row.case_id)),
            "outputs": row.outputs,
            "resources": [
                {
                    "urn": one.urn,
                    "type": one.type,
                    "name": Urn.parse(one.urn).name,
                    "id": one.physical_id,
                    "parent": one.parent,
                }
                for one in resources
            ],
        }
    if output is not Format.TABLE:
        print_document(facts, output)
        return
    print_facts(facts, COLUMNS | {"case": "CASE"}, output)
    print_rows([one for one in facts["resources"] if one["id"]], {"name": "NAME", "type": "TYPE", "id": "ID"}, output)


@app.command()
def plan(name: Name, detail: Detail = False, output: Output = Format.TABLE) -> None:
    """What would be done now. The plan is kept, so that its digest can be approved."""
    with workplace() as place:
        _, made = place.reconciler.plan(name)
        digest = made.digest(place.means.vault.hmac_key)
    if output is not Format.TABLE:
        print_document(to_json(made, digest), output)
        return
    text = to_text if detail else overview
    print_text(f"{text(made, stdout.width)}\n\ndigest {digest}")


@app.command()
def approve(name: Name, user: User, digest: Digest = "", reason: Reason = "", give_up: GiveUp = None) -> None:
    """The vendor's yes to that very plan; the controller then carries it out."""
    with workplace() as place:
        with place.sessions.begin() as session:
            stack = stack_of(session, name)
            require(session, user, Permission.APPROVE_PLAN, cities=cities_of(stack))
            row = _plan(session, stack, digest)
            subject = place.reconciler.approve(
                session, row.id, person=user, ground=reason or row.spec_commit, gives_up=give_up or ()
            )
        place.queue.wake(subject)
    say(f"approved: {row.purpose} of {name}, plan {row.digest[:12]}")


@app.command()
def apply(name: Name, user: Operator = OPERATOR) -> None:
    """Carries out what is approved, here and now, instead of leaving it to a worker."""
    with workplace() as place:
        with place.sessions.begin() as session:
            stack = stack_of(session, name)
            require(session, user, Permission.APPLY, cities=cities_of(stack))
            audit.record(session, actor=user, action="stack.apply", target=name)
        look = place.reconciler.look(stack.id)
    if look.failed:
        raise Failed(look.summary, where=name, remedy="yunguan stack show and stack history tell more")
    say(f"{name}: {look.summary}")


@app.command()
def drift(name: Name, output: Output = Format.TABLE) -> None:
    """Scans every cloud on which the stack has something; shows and counts what of the stack is not as its state says.
    Exit code 3: not readable completely.
    """
    with workplace() as place:
        with place.sessions() as session:
            row = stack_of(session, name)
            clouds = clouds_of(session, row)
        results = [scan_shown(place, cloud) for cloud in clouds]
        findings = [one for result in results for one in result.findings if one.stack_id == row.id]
        with place.sessions() as session:
            verdicts = Counter[str](one.verdict for one in findings)
            verdicts[Verdict.SAME] = known_in(session, row.id) - sum(one.resource_id is not None for one in findings)
        print_scans(place, results, findings, verdicts, output)


@app.command()
def history(name: Name, output: Output = Format.TABLE) -> None:
    """Every execution: its plan, whose yes it rests on, and how it ended."""
    with workplace() as place, place.sessions() as session:
        rows = session.execute(
            select(ExecutionRow, PlanRow, ApprovalRow)
            .join(PlanRow, PlanRow.id == ExecutionRow.plan_id)
            .join(ApprovalRow, ApprovalRow.id == ExecutionRow.approval_id)
            .where(ExecutionRow.stack_id == stack_of(session, name).id)
            .order_by(ExecutionRow.id)
        ).all()
        print_rows(
            [
                {
                    "execution": execution.id,
                    "purpose": planned.purpose,
                    "digest": planned.digest[:12],
                    "approver": approval.approver,
                    "ground": approval.ground,
                    "state": execution.state,
                    "started_at": execution.started_at,
                    "ended_at": execution.ended_at,
                    "message": execution.message,
                }
                for execution, planned, approval in rows
            ],
            {
                "execution": "ID",
                "purpose": "PURPOSE",
                "digest": "PLAN",
                "approver": "APPROVED BY",
                "state": "STATE",
                "started_at": "STARTED",
                "ended_at": "ENDED",
                "message": "MESSAGE",
            },
            output,
        )


@app.command("export")
def export_(name: Name, user: Operator = OPERATOR) -> None:
    """Writes the state as Pulumi's state file on stdout; its secrets are kept by PULUMI_CONFIG_PASSPHRASE."""
    with workplace() as place, place.sessions.begin() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        stack = stack_of(session, name)
        _require(session, user, Permission.EXPORT, stack)
        phrase = os.environ.get(VARIABLE)
        if phrase is None:
            raise WrongUse("there is no passphrase for the file's secrets", remedy=f"set {VARIABLE}")
        document = to_document(export_stack(session, stack, place.means.vault, by=user), Passphrase.fresh(phrase))
    print_document(document, Format.JSON)


@app.command("import")
def import_(name: Name, file: Path, user: Operator = OPERATOR, cloud: Cloud = "") -> None:
    """Makes Pulumi's state file FILE the state of a stack that has none; a stack that is not there yet is made."""
    with workplace() as place, place.sessions.begin() as session:
        stack = session.scalar(select(StackRow).where(StackRow.name == name).with_for_update())
        if stack is None:
            stack = StackRow(name=name, cloud=cloud, changed_at=real_now())
        _require(session, user, Permission.IMPORT, stack)
        checkpoint = from_text(_read(file), os.environ.get(VARIABLE))
        stack.cloud = stack.cloud or checkpoint.cloud
        if not stack.cloud:
            raise WrongUse("the file does not tell on which cloud its resources stand", remedy="add --cloud NAME")
        session.add(stack)
        session.flush()
        import_stack(session, stack, checkpoint, place.provider, place.means.vault, by=user)
    say(f"imported: {len(checkpoint.states)} resources into {name}")


def _require(session: Session, user: str, permission: Permission, stack: StackRow) -> None:
    """Nobody's stack, that of a program from anywhere, is for whoever has the home and the cloud's credentials."""
    if not is_program_stack(stack.name):
        require(session, user, permission, cities=cities_of(stack))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise WrongUse(f"the file cannot be read: {error.strerror}", where=str(file)) from None


def _plan(session: Session, stack: StackRow, digest: str) -> PlanRow:
    """The plan of that digest, or the newest. Raises Refused where there is none, or the digest names several."""
    found = session.scalars(
        select(PlanRow)
        .where(PlanRow.stack_id == stack.id, PlanRow.digest.startswith(digest, autoescape=True))
        .order_by(PlanRow.made_at.desc())
    ).all()
    if not found or (digest and len(found) > 1):
        raise Refused(
            "no plan of this digest" if not found else "several plans begin with this digest",
            where=stack.name,
            remedy="yunguan stack plan makes one and prints its digest",
        )
    done = select(ExecutionRow.id).where(
        ExecutionRow.plan_id == found[0].id, ExecutionRow.state == ExecutionState.SUCCEEDED
    )
    if session.scalar(done.limit(1)) is not None:
        raise Refused(
            f"no plan waits for approval: {found[0].purpose} {found[0].digest[:12]} is done",
            where=stack.name,
            remedy="yunguan stack plan shows what would be done now; yunguan request show what the case still lacks",
        )
    return found[0]


def _facts(row: StackRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "provisioning": row.provisioning,
        "operating": row.operating,
        "cloud": row.cloud,
        "message": row.message,
        "spec_digest": row.spec_digest,
        "commit": row.spec_commit,
    }
