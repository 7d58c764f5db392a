"""A program with pulumi-random: what it drew stays, is secret where it must be, and goes with the stack."""

from __future__ import annotations

import json

from sqlalchemy import select

from controller.engine.properties import Secret
from controller.engine.sealing import opened
from controller.settings import Settings
from controller.store.engine import JournalRow, PlanRow, ResourceRow, StackRow
from controller.store.vault import Vault
from tests.programs.desk import Desk, config, ops


def test_values_are_drawn_once_and_drawn_anew_for_another_keeper(desk: Desk) -> None:
    before = desk.networks()
    foretold = desk.preview("drawing", *config(round="1"))
    first = desk.up("drawing", *config(round="1"))
    assert first["digest"] == foretold["digest"]
    assert ops(first).pop("RandomInteger taken") == "import"
    assert desk.networks() - before == {first["outputs"]["name"]}
    second = desk.up("drawing", *config(round="1"))
    assert (ops(second), second["outputs"], second["resources"]) == ({}, first["outputs"], first["resources"])
    assert first["outputs"]["drawn"][1] == 7
    assert (first["outputs"]["password"], first["outputs"]["hash"], first["outputs"]["key"]) == ("[secret]",) * 3
    third = desk.up("drawing", *config(round="2"))
    assert ops(third) == {"RandomPet pet": "replace", "RandomPassword password": "replace", "Network network": "update"}
    assert third["outputs"]["pet"] != first["outputs"]["pet"]
    desk.destroy("drawing")
    assert desk.networks() == before


def test_a_password_is_stored_sealed_alone(desk: Desk) -> None:
    desk.up("drawing", *config(round="1"))
    with desk.sessions() as session:
        outputs = opened(session.scalars(select(StackRow.outputs)).one(), Vault.at(Settings().home))
        columns = (PlanRow.document, ResourceRow.inputs, ResourceRow.outputs, ResourceRow.observed, JournalRow.target)
        kept = json.dumps([session.scalars(select(column)).all() for column in columns])
    assert isinstance(outputs["password"], Secret)
    assert len(outputs["password"].value) == 20
    assert outputs["password"].value not in kept
    assert outputs["key"].value not in kept
