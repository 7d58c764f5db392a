"""What a repair may do without a person, row by row, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.plan import Op, Operation
from controller.reconcile.guard import Allowance, Limits, Today, is_gone, judge

SERVER, VOLUME = "openstack:compute/instance:Instance", "openstack:blockstorage/volume:Volume"
LIMITS = Limits(one_pass=Allowance(2, 0.5), cloud_day=Allowance(5, 0.5), day=6, repairs=3, gone=0.8)
QUIET = Today(resources=20)


def operation(name: str, op: Op, type: str = SERVER) -> Operation:
    return Operation(urn=name, type=type, op=op, inputs={})


def reasons(
    operations: Sequence[Operation],
    *,
    removable: Sequence[str] = (),
    lost: Sequence[str] = (),
    standing: Sequence[str] = ("e",),
    approved: Sequence[str] = ("a", "b", "c", "d"),
    today: Today = QUIET,
    limits: Limits = LIMITS,
) -> Sequence[str]:
    return judge(
        operations,
        approved_urns=approved,
        removable_urns=removable,
        data_bearing={one.urn for one in operations if one.type == VOLUME},
        lost=lost,
        standing=standing,
        today=today,
        limits=limits,
    ).reasons


CASES = {
    "nothing to do": ([operation("a", Op.SAME)], {}, ""),
    "an approved server is made again": ([operation("a", Op.CREATE), operation("b", Op.SAME)], {"lost": ["a"]}, ""),
    "a field is put back": ([operation("a", Op.UPDATE), operation("b", Op.SAME)], {}, ""),
    "a volume's name is put back": ([operation("a", Op.UPDATE, VOLUME)], {}, ""),
    "a rule made by hand goes": (
        [operation("x", Op.DELETE), operation("a", Op.SAME), operation("b", Op.SAME)],
        {"removable": ["x"]},
        "",
    ),
    "something the approval never named": ([operation("z", Op.CREATE)], {}, "not named by the approved plan"),
    "a volume would be deleted": ([operation("a", Op.DELETE, VOLUME)], {}, "bears data and would be deleted"),
    "a volume would be replaced": ([operation("a", Op.REPLACE, VOLUME)], {}, "bears data and would be replaced"),
    "a lost volume would come back empty": ([operation("a", Op.CREATE, VOLUME)], {"lost": ["a"]}, "would be empty"),
    "too many at once": ([operation(name, Op.REPLACE) for name in "abc"], {}, "2 are allowed in one pass"),
    "too large a share": (
        [operation("a", Op.REPLACE), operation("b", Op.REPLACE), operation("c", Op.SAME)],
        {},
        "would be deleted or replaced (50% allowed)",
    ),
    "too many on the cloud in a day": (
        [operation("a", Op.REPLACE), operation("b", Op.SAME)],
        {"today": Today(on_cloud=5, resources=20)},
        "6 deletes and replaces on this cloud today, 5 are allowed",
    ),
    "too large a share of the cloud in a day": (
        [operation("a", Op.REPLACE), operation("b", Op.SAME)],
        {"today": Today(on_cloud=1, resources=3)},
        "2 of 3 resources on this cloud would be deleted or replaced today (50% allowed)",
    ),
    "too many on all clouds in a day": (
        [operation("a", Op.REPLACE), operation("b", Op.SAME)],
        {"today": Today(everywhere=6, resources=20)},
        "7 deletes and replaces on all clouds today, 6 are allowed",
    ),
    "it was repaired again and again": (
        [operation("a", Op.UPDATE)],
        {"today": Today(repairs=3, resources=20)},
        "something undoes the repairs",
    ),
    "a day of deletes does not stand against an update": (
        [operation("a", Op.UPDATE)],
        {"today": Today(on_cloud=5, everywhere=6, repairs=2, resources=5)},
        "",
    ),
    "everything is gone": (
        [operation(name, Op.CREATE) for name in "abc"],
        {"lost": ["a", "b", "c"], "standing": []},
        "wrong credentials",
    ),
    "much is gone, but not everything": (
        [operation(name, Op.CREATE) for name in "abc"],
        {"lost": ["a", "b", "c"], "standing": ["d"]},
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_guard_judges(case: str) -> None:
    operations, circumstances, expected = CASES[case]
    found = reasons(operations, **circumstances)
    if expected:
        assert any(expected in reason for reason in found), found
    else:
        assert not found


@given(
    st.lists(st.tuples(st.sampled_from(Op), st.sampled_from([SERVER, VOLUME])), max_size=12),
    st.integers(0, 5),
    st.floats(0, 1),
)
def test_what_is_allowed_never_destroys_data_nor_exceeds_a_limit(
    steps: list[tuple[Op, str]], changes: int, share: float
) -> None:
    operations = [operation(str(number), op, type) for number, (op, type) in enumerate(steps)]
    names = [one.urn for one in operations]
    if reasons(operations, approved=names, limits=replace(LIMITS, one_pass=Allowance(changes, share))):
        return
    destructive = [one for one in operations if one.op in {Op.DELETE, Op.REPLACE}]
    assert all(one.type != VOLUME for one in destructive)
    assert len(destructive) <= changes
    assert len(destructive) <= share * max(len(operations), 1)


@pytest.mark.parametrize(
    ("missing", "known", "gone"), [(0, 0, False), (1, 1, False), (2, 2, True), (8, 10, False), (9, 10, True)]
)
def test_what_is_nearly_all_is_not_believed(missing: int, known: int, gone: bool) -> None:
    assert is_gone(missing, known, LIMITS) is gone
