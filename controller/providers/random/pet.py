"""random:index/randomPet:RandomPet: a name that people can remember.

Source: registry.terraform.io, hashicorp/random, "random_pet". The words are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import SystemRandom
from typing import Final

from controller.engine.provider import Failure
from controller.providers.random.kind import KEEPERS, Drawn, Plain, RandomKind, at_least_one, drawn_from


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ADVERBS: Final = _words(
    """
    barely boldly bravely brightly briskly calmly carefully clearly closely cleverly daily dearly deeply duly
    eagerly early easily evenly fairly firmly fondly freely freshly fully gently gladly greatly happily highly
    humbly justly keenly kindly largely lightly lively loudly merrily mildly mostly nearly neatly newly nicely
    openly partly plainly promptly quickly quietly rarely readily really rightly safely sharply shortly simply
    smoothly softly steadily strongly surely swiftly truly vastly vividly warmly widely wisely
    """
)
_ADJECTIVES: Final = _words(
    """
    able active agile amber ample apt blue bold brave bright brisk busy calm careful clear clever cosy crisp
    curious daring deep eager early easy exact fair fast fine firm fleet fond free fresh full gentle glad golden
    good grand green happy hardy honest humble keen kind large light lively loyal lucky mellow merry mild modest
    neat new nimble noble open patient plain polite prime proud quick quiet rapid ready red rich robust round safe
    sharp shiny silent silver simple sleek smart smooth snug solid steady still strong sunny sure sweet swift tame
    tidy true upright vast vivid warm wide wild wise young
    """
)
_ANIMALS: Final = _words(
    """
    adder ant ape badger barb bass bat bear beaver bee beetle bison boar bobcat buck bug calf camel carp cat civet
    cod colt condor coral cow crab crane crow cub deer dingo dog dolphin donkey dove duck eagle eel elk emu ermine
    falcon fawn ferret finch flea fly foal fox frog gannet gazelle gecko gibbon gnat goat goose grouse grub gull
    hare hawk hen heron hog hornet horse hound ibex ibis imp jackal jay kid kite kiwi koala koi lamb lark lemur
    leopard lion lizard llama lynx macaw magpie marmot marten mink mole monkey moose moth mouse mule newt ocelot
    octopus orca oriole osprey otter owl ox oyster panda parrot pika pony puma quail rabbit ram raven ray robin
    salmon seal shark sheep shrew skunk sloth snail snake sparrow spider squid stag stork swan tapir tern tiger
    toad trout turtle viper vole walrus wasp weasel whale wolf wombat wren yak zebra
    """
)


class RandomPet(RandomKind):
    """An animal, an adjective before it, and adverbs before that for more words."""

    token = "random:index/randomPet:RandomPet"  # noqa: S105
    fields = (
        drawn_from("length", type=int, default=2),
        drawn_from("prefix"),
        drawn_from("separator", default="-"),
        KEEPERS,
    )

    def contradictions(self, known: Plain) -> Sequence[Failure]:
        return at_least_one(known, "length")

    def draw(self, plain: Plain) -> Drawn:
        source, length = SystemRandom(), plain["length"]
        lists = [_ADVERBS] * (length - 2) + [_ADJECTIVES] * (length > 1) + [_ANIMALS]
        prefix = [plain["prefix"]] if plain.get("prefix") else []
        return Drawn(plain["separator"].join([*prefix, *map(source.choice, lists)]), {}, {})
