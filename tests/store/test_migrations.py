"""This version's tables while a worker of the version before still writes to them."""

from __future__ import annotations

from sqlalchemy import MetaData, Table, delete, insert, select

from controller.store.database import Sessions
from controller.store.vault import Vault
from tests.engine.double import TestProgram, Want
from tests.engine.scene import Scene


def test_a_worker_that_knows_no_import_id_still_writes_its_resources(sessions: Sessions, vault: Vault) -> None:
    scene = Scene(sessions, vault)
    program = TestProgram(Want("a"))
    scene.apply(program)
    with scene.sessions.begin() as session:
        resource = Table("resource", MetaData(), autoload_with=session.connection())
        known = [column for column in resource.columns if column.name not in {"id", "import_id"}]
        rows = [dict(row) for row in session.execute(select(*known)).mappings()]
        session.execute(delete(resource))
        session.execute(insert(resource), rows)
    assert scene.row(Want("a").urn).import_id == ""
    assert scene.plan(program).is_empty
