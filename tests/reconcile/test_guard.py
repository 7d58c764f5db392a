"""What a repair may do without a person, row by row, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.plan import Op, Operation
from controller.reconcile.guard import Limits, judge

SERVER, VOLUME = "openstack:compute/instance:Instance", "openstack:blockstorage/volume:Volume"
LIMITS = Limits(changes=2, share=0.5)


def operation(name: str, op: Op, type: str = SERVER) -> Operation:
    return Operation(urn=name, type=type, op=op, inputs={})


def reasons(
    operations: Sequence[Operation],
    *,
    removable: Sequence[str] = (),
    lost: Sequence[str] = (),
    standing: Sequence[str] = ("e",),
    approved: Sequence[str] = ("a", "b", "c", "d"),
    limits: Limits = LIMITS,
) -> Sequence[str]:
    return judge(
        operations,
        approved_urns=approved,
        removable_urns=removable,
        data_bearing={one.urn for one in operations if one.type == VOLUME},
        lost=lost,
        standing=standing,
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
    if reasons(operations, approved=names, limits=Limits(changes, share)):
        return
    destructive = [one for one in operations if one.op in {Op.DELETE, Op.REPLACE}]
    assert all(one.type != VOLUME for one in destructive)
    assert len(destructive) <= changes
    assert len(destructive) <= share * max(len(operations), 1)
