"""The embedded server: shared while it is used, stopped by the last user, found again after a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from controller.domain.errors import Failed
from controller.store.embedded import EmbeddedPostgres

pytestmark = pytest.mark.world

HOLD = """
import sys
from pathlib import Path
from controller.store.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print("up", flush=True)
    sys.stdin.read()
"""


def _postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def _answers(server: EmbeddedPostgres) -> bool:
    try:
        with psycopg.connect(host=str(server.socket_folder), user="yunguan", dbname="yunguan") as connection:
            return connection.execute("select 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_the_last_user_stops_it_and_the_data_stays(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "数据库")
    with server:
        with psycopg.connect(host=str(server.socket_folder), user="yunguan", dbname="yunguan") as connection:
            connection.execute("create table kept (word text)")
        with EmbeddedPostgres(tmp_path / "数据库"):
            assert _answers(server)
        assert _answers(server), "the first user still holds it"
    assert not _answers(server)
    with (
        server,
        psycopg.connect(host=str(server.socket_folder), user="yunguan", dbname="yunguan") as connection,
    ):
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_a_killed_user_leaves_nothing_that_the_next_one_does_not_end(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    postmaster = _postmaster(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with EmbeddedPostgres(tmp_path) as server:
        assert _answers(server)
        assert _postmaster(tmp_path) == postmaster
    assert not (tmp_path / "data" / "postmaster.pid").exists()


def test_the_server_sees_nothing_of_its_starters_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "open sesame")
    with EmbeddedPostgres(tmp_path):
        environment = Path("/proc", str(_postmaster(tmp_path)), "environ").read_bytes()
    assert b"PATH=" in environment
    assert b"sesame" not in environment


def test_a_torn_initialisation_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "rest").write_text("half of a cluster")
    with EmbeddedPostgres(tmp_path) as server:
        assert _answers(server)


def test_what_postgresql_refuses_is_told_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="YUNGUAN_DATABASE_URL"), EmbeddedPostgres(tmp_path, options=["no_such=1"]):
        pass


def test_no_other_account_may_open_the_socket(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        assert server.socket_folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", [f"{'深' * 30}/{'x' * 40}", "of mine, & 100%"])
def test_a_deep_or_odd_folder_for_temporary_files_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with EmbeddedPostgres(tmp_path / "home") as server:
        assert _answers(server)


def test_a_server_whose_starter_was_killed_before_it_made_the_database_gets_it_from_the_next_user(
    tmp_path: Path,
) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        with psycopg.connect(
            host=str(server.socket_folder), user="yunguan", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute("drop database yunguan")
        assert not _answers(server)
        with EmbeddedPostgres(tmp_path) as next_user:
            assert _answers(next_user)


def test_a_server_that_takes_nobody_in_is_told_with_a_remedy(tmp_path: Path) -> None:
    only_one = ["max_connections=1", "superuser_reserved_connections=0"]
    with (
        EmbeddedPostgres(tmp_path, options=only_one) as server,
        psycopg.connect(host=str(server.socket_folder), user="yunguan", dbname="yunguan"),
        pytest.raises(Failed, match=r"too many clients[\s\S]*YUNGUAN_DATABASE_URL"),
        EmbeddedPostgres(tmp_path),
    ):
        pass
