"""The runner and the processes around it: each ends with whoever asked for it; what becomes of one touches no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from controller.domain.errors import Refused, YunguanError
from controller.engine.program import run as program_module
from controller.engine.program.launch import Runner
from controller.engine.program.run import ProgramFailed
from controller.engine.registration import Registrar, Registration
from tests.engine.runs import Notes, run
from tests.waiting import until


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def printed_pid(path: Path) -> int:
    until(lambda: path.exists() and path.read_text().endswith("\n"), "the program begins")
    return int(path.read_text())


WRITE_PID = """
    import os
    open(Config("snippet").require("pid"), "w").write(f"{os.getpid()}\\n")
"""
HANG = "\n    while True: pass\n"


def test_program_that_does_not_end_is_ended_at_its_limit(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(ProgramFailed, match=r"did not end within 2 s"):
        run(WRITE_PID + HANG, Notes(), config={"snippet:pid": str(pid_file)}, time_limit=2.0)
    until(lambda: not is_running(printed_pid(pid_file)), "its process ends")


def hung(pid_file: Path, body: str, registrar: Registrar) -> pytest.ExceptionInfo[YunguanError]:
    """What is told of a run of `body`, which writes its process's id and hangs, and is cancelled then."""
    cancelled = threading.Event()

    def cancel() -> None:
        printed_pid(pid_file)
        cancelled.set()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    config = {"snippet:pid": str(pid_file), "snippet:word": "open sesame"}
    with pytest.raises(YunguanError) as told:
        run(body, registrar, config=config, secret_config_keys=["snippet:word"], cancelled=cancelled)
    canceller.join()
    until(lambda: not is_running(printed_pid(pid_file)), "its process ends")
    return told


def test_cancelled_run_ends_and_tells_what_it_had_to_say(tmp_path: Path) -> None:
    body = """
    print("waits for the licence server,", Config("snippet").require("word"), flush=True)
    pulumi.log.warn("it is slow")
    """
    told = hung(tmp_path / "pid", body + WRITE_PID + HANG, Notes())
    assert isinstance(told.value, ProgramFailed)
    assert told.value.message == "the run was cancelled"
    assert told.value.log == ["warning: it is slow", "waits for the licence server, [secret]"]


def test_what_was_refused_is_the_error_of_a_run_that_hung_after_it(tmp_path: Path) -> None:
    def refuse(registration: Registration) -> None:
        if registration.custom:
            raise Refused("not this one")

    body = """
    import asyncio
    async def hang():
        try:
            await thing.id.future()
        finally:
            import os
            open(Config("snippet").require("pid"), "w").write(f"{os.getpid()}\\n")
            while True: pass
    thing = Thing("a")
    asyncio.ensure_future(hang())
    """
    assert hung(tmp_path / "pid", body, Notes(act=refuse)).value.message == "not this one"


ASKER = """
import sys
from tests.engine.runs import Notes, run
run(sys.argv[1], Notes(), config={"snippet:pid": sys.argv[2]})
"""


def test_program_dies_with_the_controller_that_asked_for_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    asker = subprocess.Popen([sys.executable, "-c", ASKER, WRITE_PID + HANG, str(pid_file)])
    pid = printed_pid(pid_file)
    runner = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    assert is_running(pid)
    asker.kill()
    asker.wait()
    until(lambda: not is_running(pid), "its process ends")
    until(lambda: not is_running(runner), "the runner ends, which nobody is left to ask")


FORKING = """
import os, sys
from controller.engine.program.run import warm_up
from tests.engine.runs import Notes, run
warm_up()
children = [os.fork() for _ in range(3)]
if 0 in children:
    notes = Notes()
    run("Thing('a')", notes)
    os._exit(0 if "a" in notes.registrations else 1)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


def test_processes_forked_from_a_warm_one_run_programs() -> None:
    assert subprocess.run([sys.executable, "-c", FORKING], check=False, timeout=60).returncode == 0


def test_runner_that_was_killed_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    monkeypatch.setattr(program_module, "_runner", runner)
    run("Thing('a')", Notes())
    assert runner._process is not None
    killed = runner._process
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has heard of it
    notes = Notes()
    run("Thing('b')", notes)
    assert "b" in notes.registrations
    assert killed.returncode == -signal.SIGKILL, "it stays as a zombie"


def test_runs_at_once_do_not_hear_each_other() -> None:
    notes = [Notes() for _ in range(4)]
    threads = [threading.Thread(target=run, args=(f"Thing('only-{number}')", one)) for number, one in enumerate(notes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[name for name in one.registrations if name.startswith("only")] for one in notes] == [
        [f"only-{number}"] for number in range(4)
    ]


def test_program_may_start_processes_of_its_own() -> None:
    result = run("import subprocess; print(subprocess.run(['echo', 'hello'], stdout=-1).stdout)", Notes())
    assert result.log == ["b'hello\\n'"]


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    descriptors = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        run("Thing('a')", Notes())
    assert list(tmp_path.iterdir()) == []
    until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors + 2, "descriptors are closed")


def test_interrupt_of_the_terminal_does_not_end_the_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    monkeypatch.setattr(program_module, "_runner", runner)
    run("Thing('a')", Notes())
    assert runner._process is not None
    runner._process.send_signal(signal.SIGINT)
    run("Thing('b')", Notes())
    assert runner._process.poll() is None
