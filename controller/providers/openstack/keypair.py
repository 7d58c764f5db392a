"""openstack:compute/keypair:Keypair. Source: Compute API v2.1, "Keypairs".

Its natural key is its name. One that exists is adopted only if it holds the same public key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from controller.engine.properties import UNKNOWN, PropertyMap, revealed
from controller.engine.provider import Carrier, Failure, Observation, Rejected, Scope
from controller.providers.fields import Field, stripped
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.resource import RestKind

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._ -]*")
"""What Nova takes for a name, which is its id in a path."""


class Keypair(RestKind):
    """The public key is required: a private key that the cloud makes would pass through the controller."""

    token = "openstack:compute/keypair:Keypair"  # noqa: S105
    service = "compute"
    carrier = Carrier.NATURAL
    path, key, plural = "/os-keypairs", "keypair", "keypairs"
    microversion = "2.46"
    delete_before_replace = True
    fields = (
        Field("name", required=True, replaces=True, longest=255),
        Field("publicKey", required=True, replaces=True, normal=stripped),
    )
    shows = (
        Field("fingerprint"),
        Field("userId"),
    )

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        name = revealed(inputs["name"])
        if name is UNKNOWN or _NAME.fullmatch(name):
            return ()
        return (Failure("name", "may have letters, digits, spaces and @ . _ - and begins with a letter or digit"),)

    def create(self, cloud: Cloud, inputs: PropertyMap, identity: str) -> Observation:
        try:
            return super().create(cloud, inputs, identity)
        except Rejected as error:
            found = self.find(cloud, identity, inputs) if error.status == 409 else ()
            if found:
                return found[0]
            raise

    def find(self, cloud: Cloud, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        found = self.read(cloud, inputs["name"], inputs)
        return [found] if found and found.fields["publicKey"] == self.desired(inputs)["publicKey"] else ()

    def entries_of(self, answer: Body) -> Sequence[Body]:
        return [entry[self.key] for entry in answer[self.plural]]

    def whose(self, cloud: Cloud, scope: Scope) -> dict[str, Any]:
        """Keypairs belong to a user, not to a project: the list holds those of the credentials."""
        return {}

    def id_of(self, body: Body) -> str:
        return str(body["name"])

    def marker_of(self, body: Body) -> str:
        return str(body["name"])

    def bare(self, id: str) -> Body:
        return {"name": id}
