"""random:index/randomInteger:RandomInteger and random:index/randomShuffle:RandomShuffle.

Source: registry.terraform.io, hashicorp/random, "random_integer" and "random_shuffle".
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random, SystemRandom

from controller.engine.provider import Failure, Fields
from controller.providers.random.kind import KEEPERS, Drawn, Plain, RandomKind, drawn_from, no_value


class RandomInteger(RandomKind):
    """From `min` to `max`, both included."""

    token = "random:index/randomInteger:RandomInteger"  # noqa: S105
    fields = (
        drawn_from("min", type=int, required=True),
        drawn_from("max", type=int, required=True),
        drawn_from("seed"),
        KEEPERS,
    )

    def contradictions(self, known: Plain) -> Sequence[Failure]:
        if "min" in known and known.get("max", known["min"]) < known["min"]:
            return (Failure("max", "is less than min"),)
        return ()

    def draw(self, plain: Plain) -> Drawn:
        number = _source(plain.get("seed")).randint(plain["min"], plain["max"])
        return Drawn(str(number), {"result": number}, self.told(plain))

    def told(self, plain: Plain) -> Fields:
        return {name: plain.get(name) for name in ("min", "max", "seed")}

    def imported(self, id: str) -> Drawn:
        form = "result,min,max[,seed]"
        parts = id.split(",")
        try:
            number, least, most = (int(part) for part in parts[:3])
        except ValueError:
            raise no_value(id, self.token, form) from None
        if len(parts) > 4 or not least <= number <= most:
            raise no_value(id, self.token, form)
        seed = parts[3] if len(parts) == 4 else None
        return Drawn(str(number), {"result": number}, {"min": least, "max": most, "seed": seed})


class RandomShuffle(RandomKind):
    """A permutation of `inputs`; where more results are asked for than there are, further permutations follow."""

    token = "random:index/randomShuffle:RandomShuffle"  # noqa: S105
    fields = (
        drawn_from("inputs", type=list, required=True),
        drawn_from("resultCount", type=int),
        drawn_from("seed"),
        KEEPERS,
    )

    def contradictions(self, known: Plain) -> Sequence[Failure]:
        return (Failure("resultCount", "must not be negative"),) if known.get("resultCount", 0) < 0 else ()

    def draw(self, plain: Plain) -> Drawn:
        source, texts = _source(plain.get("seed")), plain["inputs"]
        count = plain.get("resultCount", len(texts)) if texts else 0
        results: list[str] = []
        while len(results) < count:
            results += source.sample(texts, len(texts))
        return Drawn("-", {"results": results[:count]}, {})


def _source(seed: str | None) -> Random:
    """The system's randomness, or what follows from a seed."""
    return SystemRandom() if seed is None else Random(seed)  # noqa: S311 - a seed is there to foretell the value
