"""The overview: what is there is shown, counted and paged; what is not there is said."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from controller.workplace import Workplace
from tests.web.seeds import SCRIPT, add_stack, fill

SYSTEMS = 2345


def section(page: str, id: str) -> str:
    """The part of the overview that the list `id` stands in."""
    found = re.search(rf'<h2 id="{id}">.*?</section>', page, re.DOTALL)
    assert found is not None
    return found.group()


def rows(page: str, id: str) -> int:
    return section(page, id).count("<tr") - 1


def next_page(page: str, id: str) -> str | None:
    found = re.search(r'<a href="([^"]+)" rel="next">', section(page, id))
    return found.group(1).replace("&amp;", "&") if found else None


def test_an_empty_home_says_that_there_is_nothing(browser: TestClient) -> None:
    page = browser.get("/")
    assert page.status_code == 200
    for sentence in ("还没有系统", "还没有案件", "没有待处理的事件", "还没有与云平台比对过"):
        assert sentence in page.text
    assert page.text.count("<b>0</b>") == 5
    assert "<table" not in page.text


def test_thousands_come_fifty_a_page_with_their_count(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        fill(session, SYSTEMS)
    page = browser.get("/").text
    assert [rows(page, id) for id in ("stacks", "cases", "incidents", "scans")] == [50, 50, 50, 2]
    assert f"{SYSTEMS} 项" in section(page, "stacks")
    assert f"1–50 / {SYSTEMS}" in section(page, "cases")
    assert "120 项" in section(page, "incidents")


def test_walking_from_page_to_page_shows_every_stack_once(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        fill(session, 430)
    seen: list[str] = []
    address: str | None = "/"
    while address is not None:
        page = browser.get(address).text
        seen += re.findall(r'href="/stacks/([^"]+)"', page)
        address = next_page(page, "stacks")
    assert len(seen) == len(set(seen)) == 430


def test_a_page_of_one_list_leaves_the_others_where_they_are(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        fill(session, 430)
    page = browser.get("/", params={"stacks": 2, "incidents": 3}).text
    assert next_page(page, "stacks") == "/?stacks=3&incidents=3#stacks"
    assert rows(page, "incidents") == 20
    assert next_page(page, "incidents") is None


def test_a_number_beyond_the_end_is_the_last_page(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        fill(session, 430)
    page = browser.get("/", params={"stacks": 999}).text
    assert "401–430 / 430" in section(page, "stacks")


@pytest.mark.parametrize("number", ["0", "-1", "abc", "9" * 40])
def test_what_is_no_page_number_is_a_wrong_request(browser: TestClient, number: str) -> None:
    page = browser.get("/", params={"stacks": number})
    assert page.status_code == 400
    assert "请求有误" in page.text


def test_a_case_shows_its_stage_its_deadline_and_what_is_overdue(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        fill(session, 30)
        overdue = session.scalar(text("SELECT count(*) FROM clock WHERE ended_at IS NULL AND due_at <= now()"))
    part = section(browser.get("/").text, "cases")
    assert part.count("已超期") == overdue > 0
    assert part.count("评估中") == 30
    assert part.count("暂定") == 3
    assert part.count("待补正") == 3
    assert part.index("已超期") < part.index('class="closed"'), "what is urgent stands on top"


def test_a_stack_shows_its_chinese_names_its_status_and_its_machines(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        add_stack(session, "liuzhou/caizheng/caiwu.gov", provisioning="errored", message="云平台没有应答")
        add_stack(session, "unmanaged/sandbox", provisioning="ending")
        session.execute(text("UPDATE stack SET spec = NULL WHERE name = 'unmanaged/sandbox'"))
    part = section(browser.get("/").text, "stacks")
    for word in ("柳州市财政局", "财务管理系统", "公共网络区", "待运维处理", "正常", "云平台没有应答"):
        assert word in part
    assert 'href="/stacks/liuzhou/caizheng/caiwu.gov"' in part
    assert "unmanaged/sandbox" in part, "a stack without a spec is shown too"


def test_what_has_ended_has_no_machines(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        add_stack(session, "liuzhou/caizheng/caiwu.gov", provisioning="ended")
    part = section(browser.get("/").text, "stacks")
    assert '<td class="number">—</td>' in part
    assert '<td class="number">1</td>' not in part


def test_scans_show_the_last_of_each_cloud_with_its_verdicts(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        fill(session, 1)
    part = section(browser.get("/").text, "scans")
    for word in ("一致", "被改动", "缺失", "无主", "不能确认", "10019", "10020", "9990"):
        assert word in part
    assert "10018" not in part
    assert part.count(">不完整<") == part.count(">完整<") == 1


def test_markup_in_names_is_text(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        fill(session, 1)
        add_stack(session, "liuzhou/x/y.gov", unit=SCRIPT, system=SCRIPT, message=SCRIPT)
        for statement in (
            "UPDATE unit SET name = :it || id",
            "UPDATE system SET name = :it || id",
            "UPDATE incident SET summary = :it WHERE id = 1",
        ):
            session.execute(text(statement), {"it": SCRIPT})
    page = browser.get("/").text
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 6


def test_no_personal_data_is_shown(browser: TestClient, place: Workplace) -> None:
    with place.sessions.begin() as session:
        fill(session, 3)
        person = session.scalar(
            text(
                "INSERT INTO person (name, email, mobile)"
                " VALUES ('张三丰', 'zsf@example.com', '13800000000') RETURNING id"
            )
        )
        session.execute(text("UPDATE case_file SET unit_contact_id = :id, vendor_contact_id = :id"), {"id": person})
    page = browser.get("/").text
    assert "LZ-2026-00001" in page
    assert not [word for word in ("张三丰", "zsf@example.com", "13800000000") if word in page]
