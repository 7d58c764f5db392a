"""Alembic's environment: runs the revisions on the URL that `store.database.migrate` hands over, one at a time."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

from controller.store.base import Base
from controller.store.locks import Lock

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        connection.execute(text("SET LOCAL statement_timeout = '300s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({Lock.MIGRATION:d})"))
        context.run_migrations()
