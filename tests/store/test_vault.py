"""The vault's key is made once, is nobody else's, and opens what it sealed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from controller.domain.errors import Failed
from controller.store.vault import Vault


def test_racing_openers_get_one_key_that_only_the_owner_reads(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: Vault.at(tmp_path / "home").hmac_key, range(8)))
    assert len(keys) == 1
    assert (tmp_path / "home" / "secret.key").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["secret.key"]


def test_sealed_is_unreadable_and_opens_again(tmp_path: Path) -> None:
    vault = Vault.at(tmp_path)
    sealed = vault.seal({"口令": "s3cret"})
    assert "s3cret" not in sealed
    assert vault.open(sealed) == {"口令": "s3cret"}


def test_another_homes_key_is_told_apart() -> None:
    sealed = Vault(Fernet.generate_key()).seal("x")
    with pytest.raises(Failed, match="key file"):
        Vault(Fernet.generate_key()).open(sealed)
