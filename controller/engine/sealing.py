"""Property values as JSON that may be stored: each secret becomes `{"$secret": sealed}`, opened by the same vault.

Called by whatever writes values of programs or clouds into the database: the state, the journal, plans, outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.domain.errors import Failed
from controller.engine.properties import UNKNOWN, PropertyValue, Secret, transform
from controller.store.vault import Vault

MARK = "$secret"


def sealed(value: PropertyValue, vault: Vault) -> Any:
    """`value` with its secrets sealed. Raises Failed for an unknown: it is never stored as if it were known."""

    def leaf(item: PropertyValue) -> Any:
        if isinstance(item, Secret):
            return {MARK: vault.seal(sealed(item.value, vault))}
        if item is UNKNOWN:
            raise Failed("a value that is still unknown cannot be stored")
        return item

    return transform(value, leaf)


def opened(document: Any, vault: Vault) -> PropertyValue:
    """The value that `sealed` made `document` of. Raises Failed where the vault's key is not the one that sealed it."""
    if isinstance(document, Mapping):
        if document.keys() == {MARK}:
            return Secret(opened(vault.open(document[MARK]), vault))
        return {key: opened(item, vault) for key, item in document.items()}
    if isinstance(document, list):
        return [opened(item, vault) for item in document]
    return document
