"""A request written as a workbook reads back equal; where its machines stand is compared at the second reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.domain.request import Contact, Machine, Owner, Request, System
from controller.domain.spec import ServerType
from controller.intake.cells import is_nothing
from controller.intake.render import write_request
from tests.intake.forms import RULES, read

# Texts as a form carries them: what says "none" (无, /, -) or "several" (x2, 2台) in a cell means that and no name.
LETTERS = st.characters(categories=["Lu", "Ll", "Lo"], max_codepoint=0xFFFF)
TEXT_SIGNS = st.characters(
    categories=["Lu", "Ll", "Lo", "Ps", "Pe", "Sm", "Sc"], max_codepoint=0xFFFF
) | st.sampled_from("=+@#'\"&<>_%（）：，。")

FIELD_WORDS = {"姓名", "联系人", "手机", "手机号", "手机号码", "电话", "邮箱", "电子邮箱"}
"""Words that name a field beside the contacts, and so are not taken for a person's name."""


def words(signs: st.SearchStrategy[str], longest: int) -> st.SearchStrategy[str]:
    word = st.text(signs, min_size=1, max_size=longest)
    return st.lists(word, min_size=1, max_size=3).map(" ".join)


labels = words(TEXT_SIGNS, 20).filter(lambda label: not is_nothing(label))
emails = st.from_regex(r"[a-z0-9._%+-]{1,12}@[a-z0-9-]{1,10}(\.[a-z]{2,5}){1,2}", fullmatch=True)
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


def people(kind: type[Any]) -> st.SearchStrategy[Any]:
    fields = st.fixed_dictionaries({"name": words(LETTERS, 6), "email": emails, "mobile": mobiles})
    # Compatibility letters may unfold into signs that no name holds.
    return fields.map(lambda values: validated(kind, values)).filter(lambda person: person is not None)


def validated(kind: type[Any], values: dict[str, str]) -> Any:
    if FIELD_WORDS & set(values["name"].split()):
        return None
    try:
        return kind(**values)
    except ValueError:
        return None


def sizes(bounds: Any) -> st.SearchStrategy[int]:
    return st.integers(bounds.low, bounds.high)


machines = st.builds(
    Machine,
    sheet=st.just("表"),
    row=st.just(1),
    zone=st.sampled_from(RULES.zones),
    subsystem=st.none() | labels,
    developer=st.none() | labels,
    role=st.sampled_from(ServerType),
    owners=st.lists(people(Owner), min_size=1, max_size=3).map(tuple),
    vcpu=sizes(RULES.vcpu),
    memory_gb=sizes(RULES.memory_gb),
    system_disk_gb=sizes(RULES.system_disk_gb),
    data_disk_gb=sizes(RULES.data_disk_gb),
    image=st.sampled_from(RULES.images),
    cluster=st.none() | words(LETTERS, 8).map(lambda name: f"组{name}"),
    remark=st.just("") | labels,
)
systems = st.builds(
    System,
    name=labels,
    unit_contact=people(Contact),
    vendor_contact=people(Contact),
    machines=st.lists(machines, min_size=1, max_size=5).map(tuple),
)
requests = st.builds(
    Request,
    city=st.just(RULES.city),
    unit=st.none() | labels,
    systems=st.lists(systems, min_size=1, max_size=3, unique_by=lambda system: system.name).map(tuple),
)


def without_places(request: Request) -> dict[str, Any]:
    content = request.model_dump()
    for system in content["systems"]:
        for machine in system["machines"]:
            del machine["sheet"], machine["row"]
    return content


@pytest.mark.rule("LZ-A3")
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(request=requests)
def test_a_request_written_as_a_workbook_reads_back_equal(request: Request):
    reading = read(write_request(request, RULES))
    assert reading.problems == ()
    assert without_places(reading.request) == without_places(request)
    assert read(write_request(reading.request, RULES)).request == reading.request
