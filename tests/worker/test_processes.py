"""The controller's processes: taken over when killed, ended in good order, and nothing left of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from controller import audit
from controller.domain.errors import Refused
from controller.domain.spec import ServerType
from controller.engine.applying.journal import Ending
from controller.reconcile.work import Subject
from controller.store.embedded import EmbeddedPostgres
from controller.store.engine import ExecutionState, JournalRow, Provisioning
from controller.workplace import Workplace
from tests.reconcile.site import Site
from tests.waiting import until
from tests.worker.conftest import Controllers
from tests.worker.processes import Controller, has_ended

STACKS = ("--queue", "stacks")
TAKEN_OVER_WITHIN = timedelta(seconds=60)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def approved(site: Site, place: Workplace) -> int:
    stack = site.desire(site.cluster())
    site.approve(site.plan(stack)[0])
    place.queue.wake(Subject.stack(stack))
    return stack


def assert_whole(site: Site, stack: int) -> None:
    """All as approved, nothing doubled, nothing besides; one execution; the audit chain holds."""
    result = site.scan()
    assert (result.findings, result.incomplete) == ([], [])
    names = [one.name for one in site.hand.compute.servers()]
    assert len(names) == len(set(names)) == 2
    assert [one.state for one in site.executions(stack)] == [ExecutionState.SUCCEEDED]
    with site.sessions() as session:
        assert audit.verify(session).broken_at is None


def now(site: Site) -> datetime:
    with site.sessions() as session:
        moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return moment


def assert_taken_over_in_time(site: Site, stack: int, since: datetime) -> None:
    """By the database's own times: under another fence work went on within the promised bound, and no step twice."""
    with site.sessions() as session:
        steps = session.scalars(select(JournalRow).where(JournalRow.stack_id == stack).order_by(JournalRow.id)).all()
    first = min(one.fence for one in steps)
    went_on = min(one.intended_at for one in steps if one.fence > first)
    assert went_on - since <= TAKEN_OVER_WITHIN
    done = Counter((one.urn, one.generation, one.op) for one in steps if one.outcome in {Ending.DONE, Ending.ADOPTED})
    assert set(done.values()) == {1}


def test_a_killed_worker_is_taken_over_by_another(site: Site, place: Workplace, controllers: Controllers) -> None:
    site.simulated.ask("POST", "/latency", {"latency": "realistic"})
    stack = approved(site, place)
    first = controllers.start(*STACKS)
    until(lambda: len(site.resources(stack)) >= 8, "the stack is half made")
    second = controllers.start(*STACKS)
    killed = now(site)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    assert site.stack(stack).provisioning == Provisioning.APPLYING
    until(lambda: site.stack(stack).provisioning == Provisioning.READY, f"taken over: {second.said}", within=90)
    assert_taken_over_in_time(site, stack, killed)
    assert_whole(site, stack)


def test_a_worker_that_is_stopped_is_taken_over_and_writes_nothing_when_it_comes_back(
    site: Site, place: Workplace, controllers: Controllers
) -> None:
    site.simulated.ask("POST", "/latency", {"latency": "realistic"})
    stack = approved(site, place)
    first = controllers.start(*STACKS)
    until(lambda: len(site.resources(stack)) >= 8, "the stack is half made")
    stopped = now(site)
    first.process.send_signal(signal.SIGSTOP)
    second = controllers.start(*STACKS)
    until(lambda: site.stack(stack).provisioning == Provisioning.READY, f"taken over: {second.said}", within=150)
    first.process.send_signal(signal.SIGCONT)
    until(lambda: "was taken over meanwhile" in first.said, f"it notices: {first.said}")
    assert site.stack(stack).name in first.said
    assert "Traceback" not in first.said
    assert_taken_over_in_time(site, stack, stopped)
    assert_whole(site, stack)


def test_a_worker_shows_metrics_on_a_port_of_its_own(controllers: Controllers, port: int) -> None:
    worker = controllers.start(*STACKS, YUNGUAN_METRICS_PORT=str(port))

    def shown() -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            return ""

    until(lambda: "yunguan_work_due" in shown(), f"it shows them: {worker.said}")
    assert "yunguan_stacks" in shown()
    assert worker.terminate() == 0


def test_a_worker_ends_in_good_order_when_it_is_told_to(site: Site, place: Workplace, controllers: Controllers) -> None:
    """What it was doing is left whole: the call that is in flight is waited for, and a later worker ends the rest."""
    site.fault("latency", seconds=1.5, service="compute", method="POST", path="/servers$", count=None)
    stack = approved(site, place)
    first = controllers.start(*STACKS)
    until(lambda: site.faults_fired() > 0, "a server is being made")
    assert first.terminate() == 0
    assert "Traceback" not in first.said
    assert site.stack(stack).provisioning == Provisioning.APPLYING
    assert site.resources(stack, "Instance"), "what came of the call is kept"
    site.end_faults()
    controllers.start(*STACKS)
    until(lambda: site.stack(stack).provisioning == Provisioning.READY, "another one ends it", within=90)
    assert_whole(site, stack)


# serve


def health(port: int) -> dict[str, object]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return dict(json.loads(answer.read()))
    except (urllib.error.URLError, ConnectionError):
        return {}


def serving(controllers: Controllers, port: int) -> Controller:
    controller = controllers.start(YUNGUAN_LISTEN_PORT=str(port))
    until(lambda: bool(health(port)), f"it serves: {controller.said}")
    until(lambda: len(controller.children()) >= 1, "the process for scans")
    return controller


def test_serve_answers_and_works(site: Site, place: Workplace, controllers: Controllers, port: int) -> None:
    controller = serving(controllers, port)
    stack = approved(site, place)
    until(lambda: site.stack(stack).provisioning == Provisioning.READY, f"it works: {controller.said}")
    assert_whole(site, stack)


def test_serve_goes_on_when_the_database_has_cut_all_its_connections(
    site: Site, place: Workplace, controllers: Controllers, port: int
) -> None:
    """As after a restart of the server."""
    controller = serving(controllers, port)
    with site.sessions() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    stack = site.desire(site.cluster())
    site.approve(site.plan(stack)[0])
    until(lambda: site.stack(stack).provisioning == Provisioning.READY, "it works on", within=90)
    assert controller.process.poll() is None, controller.said
    assert health(port) == {"status": "ok", "database": "answers"}


def test_serve_starts_the_embedded_database_again_when_it_was_killed(
    controllers: Controllers, place: Workplace, port: int
) -> None:
    folder = place.settings.home / "database"
    with EmbeddedPostgres(folder):
        try:
            controller = controllers.start(YUNGUAN_DATABASE_URL="", YUNGUAN_LISTEN_PORT=str(port))
            until(lambda: health(port).get("status") == "ok", f"it serves: {controller.said}")
            postmaster = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
            os.kill(postmaster, signal.SIGKILL)
            until(lambda: health(port).get("status") != "ok", "it is gone")
            until(lambda: health(port).get("status") == "ok", f"it is there again: {controller.said}")
            assert controller.terminate() == 0
        finally:
            controllers.started.close()


def test_serve_ends_with_all_its_processes_when_it_is_told_to(site: Site, controllers: Controllers, port: int) -> None:
    site.applied(site.system(site.machine("mid-1", ServerType.MID)))
    controller = serving(controllers, port)
    children = controller.children()
    assert controller.terminate() == 0
    until(lambda: all(has_ended(*child) for child in children.items()), "its processes end", within=5)
    assert "Traceback" not in controller.said
    assert health(port) == {}


def test_a_killed_serve_leaves_no_process_behind(controllers: Controllers, port: int) -> None:
    controller = serving(controllers, port)
    children = controller.children()
    controller.kill()
    until(lambda: all(has_ended(*child) for child in children.items()), "its processes end", within=40)


def test_serve_that_is_told_to_end_as_soon_as_it_begins_ends(controllers: Controllers, port: int) -> None:
    controller = controllers.start(YUNGUAN_LISTEN_PORT=str(port))
    until(lambda: "serving on" in controller.said, f"it begins: {controller.said}")
    children = controller.children()
    assert controller.terminate() == 0
    until(lambda: all(has_ended(*child) for child in children.items()), "its processes end", within=5)
    assert "Traceback" not in controller.said


def test_a_call_that_hangs_does_not_keep_a_worker_from_ending(
    site: Site, place: Workplace, controllers: Controllers
) -> None:
    """The volume never becomes available: what was announced is journaled, and the next worker goes on with it."""
    site.simulated.ask("POST", "/latency", {"latency": "held"})
    stack = approved(site, place)
    first = controllers.start(*STACKS)
    until(lambda: len(list(site.hand.block_storage.volumes())) > 0, "a volume is being made")
    assert first.terminate() == 0
    site.simulated.ask("POST", "/latency", {"latency": "zero"})
    second = controllers.start(*STACKS)
    until(lambda: site.stack(stack).provisioning == Provisioning.READY, f"it goes on: {second.said}", within=90)
    assert_whole(site, stack)


def test_serve_on_a_port_that_is_taken_says_so(controllers: Controllers, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        controller = controllers.start(YUNGUAN_LISTEN_PORT=str(port))
        assert controller.process.wait(timeout=60) == 1
    assert str(port) in controller.said
    assert "Traceback" not in controller.said


def test_serve_for_the_whole_world_is_refused(controllers: Controllers, tmp_path: Path) -> None:
    controller = controllers.start(YUNGUAN_LISTEN_HOST="0.0.0.0")  # noqa: S104 that is what is refused
    assert controller.process.wait(timeout=60) == Refused.exit_code
    assert "YUNGUAN_LISTEN_HOST" in controller.said
    assert "Traceback" not in controller.said


def test_a_worker_that_is_told_a_second_time_ends_at_once(
    site: Site, place: Workplace, controllers: Controllers
) -> None:
    """The call in flight would keep it for a while; the next worker goes on with what was announced."""
    site.simulated.ask("POST", "/latency", {"latency": "held"})
    stack = approved(site, place)
    first = controllers.start(*STACKS)
    until(lambda: len(list(site.hand.block_storage.volumes())) > 0, "a volume is being made")

    def told_again() -> bool:
        first.process.send_signal(signal.SIGTERM)
        return first.process.poll() is not None

    until(told_again, "it ends")
    assert first.process.returncode == -signal.SIGKILL
    site.simulated.ask("POST", "/latency", {"latency": "zero"})
    second = controllers.start(*STACKS)
    until(lambda: site.stack(stack).provisioning == Provisioning.READY, f"it goes on: {second.said}", within=90)
    assert_whole(site, stack)
