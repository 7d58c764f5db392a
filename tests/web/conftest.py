"""The pages, asked for over ASGI, on a real home with a database of its own. No test here reaches a cloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from controller.settings import Settings
from controller.web import build
from controller.workplace import Workplace, open_workplace

HERE = "http://127.0.0.1:8080"


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Workplace]:
    with open_workplace(Settings(home=tmp_path / "home", database_url=database_url)) as opened:
        yield opened


@pytest.fixture
def browser(place: Workplace) -> Iterator[TestClient]:
    with TestClient(build(place), base_url=HERE) as client:
        yield client
