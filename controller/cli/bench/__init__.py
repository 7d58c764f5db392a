"""`yunguan bench NAME`: figures of the product on this machine, as JSON. A module a bench; none touches the own home.

Each runs on a simulated cloud and an embedded database in a folder of its own, over loopback, within a limit of time,
and leaves nothing behind.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli.bench.apply import measure_apply
from controller.cli.bench.ground import limited_to
from controller.cli.bench.latency import measure_latency
from controller.cli.bench.machine import machine
from controller.cli.bench.noop import measure_noop
from controller.cli.bench.plan import measure_plan
from controller.cli.bench.scan import measure_scan
from controller.cli.output import Format, Output, print_document, print_facts

bench = typer.Typer(no_args_is_help=True, help="Figures of this machine, as JSON.")

Objects = Annotated[int, typer.Option("--objects", min=250, help="Objects in the cloud")]
Projects = Annotated[int, typer.Option("--projects", min=1, help="Projects that they lie in")]


@bench.command("scan")
def bench_scan(objects: Objects = 10_000, projects: Projects = 40, output: Output = Format.JSON) -> None:
    """A drift scan of a whole cloud, in a process of its own."""
    with limited_to(seconds=420):
        _tell(measure_scan(objects=objects, projects=projects), output)


@bench.command("apply")
def bench_apply(
    systems: Annotated[int, typer.Option("--systems", min=1, help="Systems applied at once, after one alone")] = 4,
    machines: Annotated[int, typer.Option("--machines", min=1, help="Machines of a system")] = 6,
    profile: Annotated[
        Path | None, typer.Option("--profile", dir_okay=False, help="Write where the CPU time went, for pstats")
    ] = None,
    output: Output = Format.JSON,
) -> None:
    """Approved plans carried out on a cloud without latency: one system alone, then several at once."""
    with limited_to(seconds=300):
        _tell(measure_apply(systems=systems, machines=machines, profile=profile), output)


@bench.command("plan")
def bench_plan(
    resources: Annotated[int, typer.Option("--resources", min=9, help="Resources of the whole program")] = 5_000,
    registrations: Annotated[
        int, typer.Option("--registrations", min=9, help="Registrations for the planner alone")
    ] = 22_000,
    output: Output = Format.JSON,
) -> None:
    """A whole program is planned; then the planner alone decides about collected registrations."""
    with limited_to(seconds=300):
        _tell(measure_plan(resources=resources, registrations=registrations), output)


@bench.command("noop")
def bench_noop(
    systems: Annotated[int, typer.Option("--systems", min=1, help="Systems that are as they shall be")] = 1000,
    output: Output = Format.JSON,
) -> None:
    """A look at each of many systems that need nothing."""
    with limited_to(seconds=180):
        _tell(measure_noop(systems=systems), output)


@bench.command("latency")
def bench_latency(
    samples: Annotated[int, typer.Option("--samples", min=1, help="Approvals that are timed")] = 20,
    objects: Objects = 10_000,
    projects: Projects = 40,
    output: Output = Format.JSON,
) -> None:
    """From an approval to the first call that changes the cloud, while the cloud is scanned."""
    with limited_to(seconds=420):
        _tell(measure_latency(samples=samples, objects=objects, projects=projects), output)


def _tell(figures: dict[str, object], output: Format) -> None:
    facts = {**figures, "machine": machine()}
    if output is Format.TABLE:
        print_facts(facts, {key: key for key in facts}, output)
    else:
        print_document(facts, output)
