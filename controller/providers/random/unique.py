"""random:index/randomUuid:RandomUuid, random:index/randomUuid4:RandomUuid4 and random:index/randomUuid7:RandomUuid7.

Source: registry.terraform.io, hashicorp/random, "random_uuid", "random_uuid4" and "random_uuid7"; RFC 9562.
"""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

from controller.clock import real_now
from controller.providers.random.kind import KEEPERS, Drawn, Plain, RandomKind, no_value


class RandomUuid(RandomKind):
    token = "random:index/randomUuid:RandomUuid"  # noqa: S105
    fields = (KEEPERS,)

    def draw(self, plain: Plain) -> Drawn:
        return _value(uuid4())

    def imported(self, id: str) -> Drawn:
        try:
            return _value(UUID(id))
        except ValueError:
            raise no_value(id, self.token, "aabbccdd-eeff-0011-2233-445566778899") from None


class RandomUuid4(RandomUuid):
    token = "random:index/randomUuid4:RandomUuid4"  # noqa: S105


class RandomUuid7(RandomUuid):
    """Begins with the time in milliseconds, so that later ones sort later."""

    token = "random:index/randomUuid7:RandomUuid7"  # noqa: S105

    def draw(self, plain: Plain) -> Drawn:
        milliseconds = int(real_now().timestamp() * 1000)
        first, second = secrets.randbits(12), secrets.randbits(62)
        return _value(UUID(int=milliseconds << 80 | 0x7 << 76 | first << 64 | 0b10 << 62 | second))


def _value(uuid: UUID) -> Drawn:
    return Drawn(str(uuid), {"result": str(uuid)}, {})
