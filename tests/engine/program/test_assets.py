"""Assets of a program: a plan changes with what they hold, and holds a hash instead of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.domain.errors import Refused
from controller.engine.program.assets import hashed
from controller.engine.properties import Secret
from controller.engine.wire import ASSETS, SIGNATURE
from tests.engine.runs import Notes, run

ASSET, ARCHIVE = ASSETS


def asset(**fields: Any) -> dict[str, Any]:
    return {SIGNATURE: ASSET, **fields}


def archive(**fields: Any) -> dict[str, Any]:
    return {SIGNATURE: ARCHIVE, **fields}


def hash_of(value: Any, folder: Path) -> str:
    found: str = hashed({"it": value}, folder, "here")["it"]["hash"]
    return found


def test_a_file_and_a_text_of_the_same_content_have_the_same_hash(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    assert hash_of(asset(path="a.txt"), tmp_path) == hash_of(asset(text="hello"), tmp_path)
    (tmp_path / "a.txt").write_text("good-bye")
    assert hash_of(asset(path="a.txt"), tmp_path) != hash_of(asset(text="hello"), tmp_path)


def test_a_folder_changes_with_each_name_and_content_below_it(tmp_path: Path) -> None:
    (tmp_path / "site" / "deep").mkdir(parents=True)
    page = tmp_path / "site" / "deep" / "page"
    page.write_text("one")
    hashes = [hash_of(archive(path="site"), tmp_path)]
    page.write_text("two")
    hashes.append(hash_of(archive(path="site"), tmp_path))
    page.rename(page.with_name("other"))
    hashes.append(hash_of(archive(path="site"), tmp_path))
    assert len(set(hashes)) == 3
    assert hash_of(archive(path="site"), tmp_path) == hashes[-1]


def test_an_archive_of_assets_changes_with_each_of_them() -> None:
    one = archive(assets={"a": asset(text="1"), "b": archive(assets={"c": asset(text="2")})})
    other = archive(assets={"a": asset(text="1"), "b": archive(assets={"c": asset(text="3")})})
    assert hash_of(one, Path()) != hash_of(other, Path())


def test_assets_are_found_wherever_they_stand(tmp_path: Path) -> None:
    inputs = hashed({"l": [{"m": asset(text="x")}], "s": Secret(asset(text="x")), "n": 1}, tmp_path, "here")
    assert inputs["l"][0]["m"]["hash"] == inputs["s"].value["hash"]
    assert inputs["n"] == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere.txt: No such file"):
        hashed({"it": asset(path="nowhere.txt")}, tmp_path, "here")


def test_paths_of_a_program_start_from_its_own_folder() -> None:
    notes = Notes()
    run("Thing('a', code=pulumi.FileAsset('__main__.py'), all=pulumi.FileArchive('.'))", notes)
    assert notes["a"].inputs["code"]["path"] == "__main__.py"
    assert notes["a"].inputs["code"]["hash"] == hash_of(
        asset(path="programs/snippet/__main__.py"), Path(__file__).parents[1]
    )
    assert notes["a"].inputs["all"]["hash"]
