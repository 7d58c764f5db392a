"""Which URNs a resource may have had before, and which row of the state that makes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.domain.errors import Refused
from controller.engine.planning.renames import Renames, aliases
from controller.engine.registration import Registration
from tests.engine.kinds import made, registered, urn, with_options

OLD = "urn:pulumi:s::p::"


def child(name: str, parent: str, *named: str, type_: str = "t:m:Thing") -> Registration:
    below = parent.split("::")[2]
    registration = replace(registered(name, type_), urn=f"{OLD}{below}${type_}::{name}", parent=parent)
    return with_options(registration, aliases=named)


@pytest.mark.parametrize(
    ("registration", "parent_was", "expected", "why"),
    [
        (child("a", f"{OLD}c:c:C::x"), "", [], "nothing was called otherwise"),
        (child("a", f"{OLD}c:c:C::x"), f"{OLD}c:c:C::y", [], "its parent's name is no part of its URN"),
        (
            child("a", f"{OLD}c:c:C::x"),
            f"{OLD}c:c:Old::x",
            [f"{OLD}c:c:Old$t:m:Thing::a"],
            "below its old type",
        ),
        (
            child("x-a", f"{OLD}c:c:C::x"),
            f"{OLD}c:c:C::y",
            [f"{OLD}c:c:C$t:m:Thing::y-a"],
            "named after it",
        ),
        (
            child("a", f"{OLD}c:c:C::x", f"{OLD}c:c:C$t:m:Thing::b"),
            f"{OLD}o:o:O$c:c:Old::x",
            [
                f"{OLD}c:c:C$t:m:Thing::b",
                f"{OLD}o:o:O$c:c:Old$t:m:Thing::a",
                f"{OLD}o:o:O$c:c:Old$t:m:Thing::b",
            ],
            "its own aliases below its parent's",
        ),
        (
            child("a", f"{OLD}c:c:C::x"),
            "urn:pulumi:s::before::pulumi:pulumi:Stack::before-s",
            ["urn:pulumi:s::before::t:m:Thing::a"],
            "it stood below the stack of another project",
        ),
    ],
)
def test_aliases(registration: Registration, parent_was: str, expected: list[str], why: str) -> None:
    assert list(aliases(registration, parent_was)) == expected, why


def test_its_own_name_counts_more_than_an_alias() -> None:
    renames = Renames([made("new"), made("old")])
    prior = renames.prior_of(with_options(registered("new"), aliases=(urn("old"),)))
    assert prior == made("new")
    assert not renames.moves


def test_an_alias_finds_the_row_and_gives_it_the_new_name() -> None:
    renames = Renames([replace(made("old"), dependencies=(urn("first-old"),)), made("first-old")])
    renames.prior_of(with_options(registered("first"), aliases=(urn("first-old"),)))
    prior = renames.prior_of(with_options(registered("new"), aliases=(urn("none"), urn("old"))))
    assert prior is not None
    assert (prior.urn, prior.id, prior.dependencies) == (urn("new"), "id-old", (urn("first"),))
    assert renames.moves == {urn("first-old"): urn("first"), urn("old"): urn("new")}


def test_two_rows_for_one_name_are_refused() -> None:
    renames = Renames([made("one"), made("two")])
    with pytest.raises(Refused, match=r"name several resources: .*one, .*two"):
        renames.prior_of(with_options(registered("new"), aliases=(urn("one"), urn("two"))))


def test_two_names_for_one_row_are_refused() -> None:
    renames = Renames([made("old")])
    renames.prior_of(with_options(registered("first"), aliases=(urn("old"),)))
    with pytest.raises(Refused, match=r"is an alias of .*first, too"):
        renames.prior_of(with_options(registered("second"), aliases=(urn("old"),)))


def test_an_old_name_that_the_program_gives_to_another_is_refused() -> None:
    renames = Renames([made("old")])
    renames.prior_of(with_options(registered("new"), aliases=(urn("old"),)))
    with pytest.raises(Refused, match="is another resource of the program"):
        renames.check({urn("new"), urn("old")})


@pytest.mark.parametrize(
    ("registration", "said"),
    [
        (with_options(registered("a", "t:m:Other"), aliases=(urn("old"),)), "cannot become one of type t:m:Other"),
        (with_options(replace(registered("a"), custom=False), aliases=(urn("old"),)), "cannot become one of type"),
        (with_options(registered("gone"), aliases=(urn("old"),)), "waits for its removal"),
    ],
)
def test_what_cannot_be_renamed_is_refused(registration: Registration, said: str) -> None:
    renames = Renames([made("old"), replace(made("gone"), pending_delete=True)])
    with pytest.raises(Refused, match=said):
        renames.prior_of(registration)
