"""Secrets stay sealed all the way through drift: not in findings, states, plans, incidents or the audit trail."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import MetaData, select

from controller.domain.errors import Refused
from controller.engine.properties import PropertyMap, Secret
from controller.engine.registration import ErrorHook, NamedHook, Program, Registered, Registrar, Registration
from controller.reconcile.planning import SystemProgram
from controller.store.engine import StackRow
from tests.reconcile.site import PROGRAM, Site

WORD = "hunter2-correct-horse"
SERVER = "openstack:compute/instance:Instance"


@dataclass
class WithSecrets:
    """A registrar that gives the server secrets which the cloud does not show again."""

    registrar: Registrar
    inputs: dict[str, Any]

    def register(self, registration: Registration) -> Registered:
        if registration.type == SERVER:
            registration = replace(registration, inputs={**registration.inputs, **self.inputs})
        return self.registrar.register(registration)

    def register_outputs(self, urn: str, outputs: PropertyMap) -> None:
        self.registrar.register_outputs(urn, outputs)

    def add_hook(self, name: str, hook: NamedHook) -> None:
        self.registrar.add_hook(name, hook)

    def add_error_hook(self, name: str, hook: ErrorHook) -> None:
        self.registrar.add_error_hook(name, hook)

    def finish(self) -> None:
        self.registrar.finish()


@dataclass(frozen=True)
class Secretive(SystemProgram):
    """The systems' program, whose servers get a password and user data."""

    inputs: tuple[str, ...] = ("adminPass", "userData")

    def preview(self, stack: StackRow) -> Program:
        return self._with_secrets(super().preview(stack))

    def apply(self, stack: StackRow, stopping: threading.Event) -> Program:
        return self._with_secrets(super().apply(stack, stopping))

    def _with_secrets(self, program: Program) -> Program:
        return lambda registrar: program(WithSecrets(registrar, {name: Secret(WORD) for name in self.inputs}))


def everything_stored(site: Site) -> str:
    """All rows of all tables as text."""
    with site.sessions() as session:
        tables = MetaData()
        tables.reflect(session.get_bind())
        return "\n".join(str(row) for table in tables.sorted_tables for row in session.execute(select(table)).all())


def test_a_secret_is_neither_shown_nor_stored_when_its_resource_drifts(site: Site) -> None:
    site.program = Secretive(PROGRAM.source)
    stack = site.applied()
    server = site.resource(stack, "Instance")
    assert site.scan().findings == []
    site.hand.compute.update_server(server.physical_id, name="renamed-by-hand")
    result = site.scan()
    (finding,) = result.findings
    assert set(finding.fields) == {"name"}
    assert WORD not in str(result)
    site.follow(result)
    site.look(stack)
    assert site.hand.compute.get_server(server.physical_id).name == server.inputs["name"]
    site.hand.compute.delete_server(server.physical_id)
    assert site.repaired(stack).summary == "repair succeeded"
    assert site.scan().findings == []
    assert WORD not in everything_stored(site)


def test_a_secret_in_a_field_that_the_cloud_shows_is_refused_before_it_is_sent(site: Site) -> None:
    """Else the next scan would have to compare it, and to tell it."""
    site.program = Secretive(PROGRAM.source, inputs=("name",))
    stack = site.desire(site.system())
    with pytest.raises(Refused, match="secret") as refusal:
        site.plan(stack)
    assert WORD not in str(refusal.value)
    assert WORD not in everything_stored(site)
