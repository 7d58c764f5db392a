"""A stack's page: its resources as a tree, its newest plan, its history."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from controller.clock import real_now
from controller.engine.applying.approval import StandingRule
from controller.reconcile.standing import REPAIR_RULE
from controller.store.certificate import CertificateRow
from controller.store.reconcile import ScanPartRow, ScanRow, Sort
from controller.web.stack_page import ResourceLine, in_tree_order
from controller.workplace import Workplace
from tests.web.seeds import INSTANCE, SCRIPT, add_execution, add_resource, add_stack, fill

NAME = "liuzhou/caizheng/caiwu.gov"
DIGESTS = [f"{number:064x}" for number in range(60)]


def names(page: str) -> list[str]:
    """The resources' names as they stand in the tree."""
    return re.findall(r'<span class="tree">[^<]*</span>([^<]+)</td>', page)


def test_resources_stand_below_their_parents(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        stack = add_stack(session, NAME)
        root = add_resource(session, stack, "root", type="pulumi:pulumi:Stack", custom=False)
        system = add_resource(session, stack, "system", root, type="yunguan:stacks:System", custom=False)
        add_resource(session, stack, "web-1", system)
        add_resource(session, stack, "app-1", system, version="")
        add_resource(session, stack, "app-2", system, missing=True)
        add_resource(session, stack, "app-3", system, unsettled="in error")
        add_resource(session, stack, "stranger", "urn:of:nobody", pending_delete=True)
    page = browser.get(f"/stacks/{NAME}").text
    assert names(page) == ["root", "system", "app-1", "app-2", "app-3", "web-1", "stranger"]
    for word in ("云主机", "被改动", "缺失", "未就绪", "待删除", "财务管理系统", "柳州市财政局"):
        assert word in page


def test_the_last_full_scan_tells_what_of_the_stack_was_not_read(browser: TestClient, place: Workplace) -> None:
    """Kinds that the stack does not have are not its matter, nor is a look at what changed."""
    with place.sessions.begin() as session:
        add_resource(session, add_stack(session, NAME), "web-1")
    assert "不完整" not in browser.get(f"/stacks/{NAME}").text
    with place.sessions.begin() as session:
        scan = ScanRow(cloud="sandbox", sort=Sort.FULL, started_at=real_now(), ended_at=real_now())
        later = ScanRow(cloud="sandbox", sort=Sort.CHANGES, started_at=real_now(), ended_at=real_now())
        session.add_all([scan, later])
        session.flush()
        for row, type, problem in (
            (scan, INSTANCE, f"page 2, after 1000 objects: HTTP 500: {SCRIPT}"),
            (scan, "openstack:networking/port:Port", "page 3, after 2000 objects: HTTP 503"),
            (later, INSTANCE, "page 1, after 0 objects: HTTP 502"),
        ):
            session.add(
                ScanPartRow(scan_id=row.id, type=type, covers=["sandbox"], started_at=real_now(), problem=problem)
            )
    page = browser.get(f"/stacks/{NAME}").text
    assert "不完整" in page
    assert "page 2, after 1000 objects: HTTP 500" in page
    assert SCRIPT not in page
    assert "HTTP 503" not in page
    assert "HTTP 502" not in page


def test_hundreds_of_resources_come_in_pages(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        stack = add_stack(session, NAME)
        for number in range(130):
            add_resource(session, stack, f"vm-{number:03}")
    pages = [browser.get(f"/stacks/{NAME}", params={"resources": number}).text for number in (1, 2, 3)]
    assert [name for page in pages for name in names(page)] == [f"vm-{number:03}" for number in range(130)]
    assert "101–130 / 130" in pages[2]


def test_history_shows_plans_whose_yes_and_how_it_ended(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        stack = add_stack(session, NAME)
        for digest in DIGESTS:
            add_execution(session, stack, digest)
        add_execution(session, stack, "f" * 64, message="配额不足")
    page = browser.get(f"/stacks/{NAME}").text
    assert "61 项" in page
    assert page.index("配额不足") < page.index(DIGESTS[-1][:12]), "the newest stands on top"
    for word in ("f" * 64, "vendor", "失败", "成功", "实施"):
        assert word in page


def test_a_stack_shows_its_case_and_its_certificate(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        fill(session, 1)
        session.add(CertificateRow(case_id=1, number="LZ-2026-00001-R", document="{}", issued_at=real_now()))
    page = browser.get("/stacks/liuzhou/unit2/system1.gov").text
    assert ">LZ-2026-00001<" in page
    assert ">LZ-2026-00001-R<" in page


def test_a_rule_that_stands_for_a_yes_is_named(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        add_execution(session, add_stack(session, NAME), "a" * 64, by=str(StandingRule("LZ-21-4")))
    assert browser.get(f"/stacks/{NAME}").text.count("条款 LZ-21-4") == 2


def test_the_standing_approval_of_a_repair_is_named_in_chinese(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        add_execution(session, add_stack(session, NAME), "a" * 64, by=str(StandingRule(REPAIR_RULE)))
    page = browser.get(f"/stacks/{NAME}").text
    assert page.count("原已批准的方案") == 2
    assert REPAIR_RULE not in page


def test_what_has_ended_has_no_operating_status(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        add_stack(session, NAME, provisioning="ended")
    for path in ("/", f"/stacks/{NAME}"):
        page = browser.get(path).text
        assert "已回收" in page
        assert "operating-healthy" not in page


def test_a_stack_with_nothing_says_so(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        add_stack(session, NAME)
    page = browser.get(f"/stacks/{NAME}").text
    assert "没有资源。" in page
    assert "还没有执行过方案。" in page


def test_markup_is_text(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        stack = add_stack(session, NAME, unit=SCRIPT, system=SCRIPT, message=SCRIPT)
        add_resource(session, stack, SCRIPT, physical_id=SCRIPT, type=SCRIPT)
        add_execution(session, stack, "a" * 64, message=SCRIPT)
    page = browser.get(f"/stacks/{NAME}").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_an_unknown_stack_is_a_page_that_says_so(browser: TestClient) -> None:
    for name in ("liuzhou/x/y.gov", "没有/这个", "<script>x</script>", "%00", "..%2F..%2Fetc"):
        page = browser.get(f"/stacks/{name}")
        assert page.status_code == 404, name
        assert "没有这个资源栈" in page.text
        assert "<script" not in page.text


@given(st.lists(st.integers(min_value=-1, max_value=30), max_size=40))
def test_every_resource_stands_in_the_tree_once_below_its_parent(parents: list[int]) -> None:
    lines = [
        ResourceLine(f"urn-{number}", f"urn-{parent}" if parent < number else "gone", f"{number}", "t", "", "settled")
        for number, parent in enumerate(parents)
    ]
    ordered = list(in_tree_order(lines))
    depth_of = {line.urn: line.depth for line in ordered}
    place_of = {line.urn: place for place, line in enumerate(ordered)}
    assert sorted(depth_of) == sorted(line.urn for line in lines)
    assert len(ordered) == len(lines)
    for line in ordered:
        if line.parent in depth_of:
            assert depth_of[line.urn] == depth_of[line.parent] + 1
            assert place_of[line.parent] < place_of[line.urn]
        else:
            assert line.depth == 0
