"""`yunguan bill rate FILE`: the keys that scripts read, and errors that say what to write instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.domain.errors import Refused, WrongUse
from controller.metering.ledger_file import ledger_schema, rate_file

DOCS = Path(__file__).parents[2] / "docs"
LEDGER: dict[str, Any] = {
    "city": "liuzhou",
    "period": {"from": "2026-09-01", "to": "2026-10-01"},
    "prices": [
        {"item": "vcpu", "price": "45.00", "from": "2026-01-01", "to": None},
        {"item": "memory", "price": "25.00", "from": "2026-01-01", "to": None},
    ],
    "intervals": [
        {"resource": "b", "item": "vcpu", "quantity": "8", "from": "2026-09-10", "to": None},
        {"resource": "a", "item": "vcpu", "quantity": "2", "from": "2026-09-16", "to": None},
        {"resource": "a", "item": "vcpu", "quantity": "4", "from": "2026-08-01", "to": "2026-09-16"},
        {"resource": "a", "item": "memory", "quantity": "16", "from": "2026-08-01", "to": "2026-09-02"},
    ],
}


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "ledger.json"
    path.write_text(json.dumps({**LEDGER, **changes}))
    return path


def test_the_bill_has_the_keys_order_and_texts_that_scripts_rely_on(tmp_path: Path) -> None:
    bill = rate_file(written(tmp_path))
    assert bill["lines"][0] == {
        "resource": "a",
        "item": "memory",
        "quantity": "16",
        "from": "2026-09-01",
        "to": "2026-09-02",
        "days": 1,
        "price": "25.00",
        "amount": "13.33",
    }
    order = [(line["resource"], line["item"], line["from"], line["amount"]) for line in bill["lines"][1:]]
    assert order == [
        ("a", "vcpu", "2026-09-01", "90.00"),
        ("a", "vcpu", "2026-09-16", "45.00"),
        ("b", "vcpu", "2026-09-10", "252.00"),
    ]
    assert bill["total"] == "400.33"


def test_the_bill_is_the_same_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    first = json.dumps(rate_file(written(tmp_path)))
    turned = written(tmp_path, prices=LEDGER["prices"][::-1], intervals=LEDGER["intervals"][::-1])
    assert json.dumps(rate_file(turned)) == first


def test_an_empty_ledger_is_an_empty_bill(tmp_path: Path) -> None:
    assert rate_file(written(tmp_path, intervals=[])) == {"lines": [], "total": "0.00"}


def test_a_year_by_contract_is_paid_by_days_of_the_year(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        city="guiyang",
        period={"from": "2026-01-01", "to": "2027-01-01"},
        prices=[{"item": "ecs", "price": "3650.00", "from": "2026-01-01", "to": None}],
        intervals=[{"resource": "a", "item": "ecs", "quantity": "1", "from": "2026-12-01", "to": None}],
    )
    assert rate_file(path)["total"] == "310.00"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"city": "atlantis"}, "liuzhou"),
        ({"period": {"from": "2026-09-01"}}, r"period\.to"),
        ({"period": {"from": "2026-09-01", "to": "2026-09-01"}}, "ends after it begins"),
        ({"intervals": [{**LEDGER["intervals"][0], "quantity": 8.5}]}, r"intervals\.0\.quantity.*as text"),
        ({"intervals": [{**LEDGER["intervals"][0], "quantity": "-1"}]}, r"intervals\.0\.quantity"),
        ({"intervals": [{**LEDGER["intervals"][0], "quantity": "1e999999"}]}, r"intervals\.0\.quantity"),
        ({"intervals": [{**LEDGER["intervals"][0], "quantity": "NaN"}]}, r"intervals\.0\.quantity"),
        ({"intervals": [{**LEDGER["intervals"][0], "from": "2026-09-31"}]}, r"intervals\.0\.from"),
        ({"intervals": [{**LEDGER["intervals"][0], "note": "x"}]}, r"intervals\.0\.note"),
    ],
)
def test_what_is_no_ledger_is_wrong_use_and_named(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongUse) as wrong:
        rate_file(written(tmp_path, **changes))
    assert wrong.match(f"(?s){says}")
    assert wrong.value.exit_code == 2


def test_intervals_that_overlap_are_refused(tmp_path: Path) -> None:
    doubled = [*LEDGER["intervals"], {**LEDGER["intervals"][0], "from": "2026-09-20"}]
    with pytest.raises(Refused, match="overlap"):
        rate_file(written(tmp_path, intervals=doubled))


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"{"])
def test_bytes_that_are_no_ledger_are_wrong_use(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.json"
    path.write_bytes(content)
    with pytest.raises(WrongUse, match="not a ledger"):
        rate_file(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"nowhere\.json"):
        rate_file(tmp_path / "nowhere.json")


def test_the_schema_in_docs_is_current_and_accepts_what_is_rated(tmp_path: Path) -> None:
    text = (DOCS / "ledger.schema.json").read_text()
    assert text == ledger_schema(), "run: python -m controller.metering.ledger_file > docs/ledger.schema.json"
    validator = jsonschema.Draft202012Validator(json.loads(text))
    assert not list(validator.iter_errors(LEDGER))
    assert list(validator.iter_errors({**LEDGER, "intervals": [{**LEDGER["intervals"][0], "quantity": 8.5}]}))
    assert rate_file(written(tmp_path))["lines"]
