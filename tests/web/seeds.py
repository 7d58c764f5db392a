"""Rows by the thousand, written as SQL: what a large city would have after a year."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

SCRIPT = "<script>alert('x')</script>"

_UNITS = """
INSERT INTO unit (city, code, name, kind)
SELECT 'liuzhou', 'unit' || n, '柳州市第' || n || '局', 'municipal_organ' FROM generate_series(1, 40) n
"""
_SYSTEMS = """
INSERT INTO system (unit_id, code, name)
SELECT (SELECT id FROM unit WHERE code = 'unit' || (1 + n % 40)), 'system' || n, '业务系统' || n
FROM generate_series(1, :count) n
"""
_CASES = """
INSERT INTO case_file (number, city, procedure, system_id, stage, paused, given, facts, demand, payer, applicant,
                       opened_at, closed_at)
SELECT 'LZ-2026-' || lpad(s.id::text, 5, '0'), 'liuzhou', 'opening', s.id, 'assessing', s.id % 10 = 0, '[]', '{}', '{}',
       'centre', 'unit', now(), CASE WHEN s.id % 3 = 0 THEN now() END
FROM system s
"""
_CLOCKS = """
INSERT INTO clock (case_id, stage, role, rule, days, "then", started_on, pauses, due_on, due_at, provisional, warned)
SELECT id, 'assessing', 'centre', 'LZ-21-2', 7, '', current_date, '[]', current_date + (id % 5)::int - 2,
       now() + make_interval(days => (id % 5)::int - 2, mins => 5), id % 7 = 0, 0
FROM case_file WHERE closed_at IS NULL
"""
_STACKS = """
INSERT INTO stack (name, cloud, case_id, spec, spec_digest, spec_commit, fence, provisioning, operating, message,
                   outputs, settled_digest, applied_digest, ground, changed_at)
SELECT 'liuzhou/' || u.code || '/' || s.code || '.gov', 'sandbox', c.id,
       jsonb_build_object('metadata', jsonb_build_object('unit_name', u.name, 'system_name', s.name,
                          'zone_name', '公共网络区'), 'machines', '[{}, {}, {}]'::jsonb),
       '', 'abc123', 0, (ARRAY['ready', 'pending', 'applying', 'failed', 'errored', 'ending', 'ended'])[1 + s.id % 7],
       'healthy', '', '{}', '', '', '', now()
FROM system s JOIN unit u ON u.id = s.unit_id JOIN case_file c ON c.system_id = s.id
"""
_INCIDENTS = """
INSERT INTO incident (kind, subject, cloud, summary, details, state, rule, opened_at, decided_by, reason)
SELECT 'orphan', 'subject ' || n, 'sandbox', '无主云主机 ' || n, '{}', 'open', 'GY-22a', now(), '', ''
FROM generate_series(1, 120) n
"""
_SCANS = """
INSERT INTO scan (cloud, started_at, ended_at, complete, incomplete, objects, api_calls, seconds, counts)
SELECT 'cloud' || n % 2, now(), now(), n % 2 = 0, '[]', 10000 + n, 57, 4.2,
       '{"same": 9990, "changed": 7, "missing": 2, "orphan": 1, "unknown": 0}'
FROM generate_series(1, 20) n
"""


def fill(session: Session, systems: int) -> None:
    """Forty units, `systems` systems with a case and a stack each, 120 incidents, 20 scans of two clouds."""
    for statement in (_UNITS, _SYSTEMS, _CASES, _CLOCKS, _STACKS, _INCIDENTS, _SCANS):
        session.execute(text(statement), {"count": systems} if ":count" in statement else {})


def add_stack(session: Session, name: str, **columns: object) -> int:
    """One stack with the given columns; returns its row's id."""
    values = {"cloud": "sandbox", "provisioning": "ready", "operating": "healthy", "message": ""} | columns
    return session.execute(
        text(
            "INSERT INTO stack (name, cloud, spec, spec_digest, spec_commit, fence, provisioning, operating, message,"
            " outputs, settled_digest, applied_digest, ground, changed_at) VALUES (:name, :cloud,"
            " jsonb_build_object('metadata', jsonb_build_object('unit_name', cast(:unit AS text), 'system_name',"
            " cast(:system AS text), 'zone_name', '公共网络区'), 'machines', '[{}]'::jsonb), '', '', 0, :provisioning,"
            " :operating, :message, '{}', '', '', '', now()) RETURNING id"
        ),
        {"unit": "柳州市财政局", "system": "财务管理系统", **values, "name": name},
    ).scalar_one()


def add_resource(session: Session, stack_id: int, name: str, parent: str = "", **columns: object) -> str:
    """One resource of a stack; returns its URN."""
    values = {"type": "openstack:compute/instance:Instance", "custom": True, "version": "v", "physical_id": "id"}
    values |= columns
    urn = f"urn:pulumi:s::yunguan::{values['type']}::{name}"
    session.execute(
        text(
            "INSERT INTO resource (stack_id, urn, generation, position, type, custom, physical_id, identity, parent,"
            " dependencies, property_dependencies, inputs, outputs, observed, version, protect, retain_on_delete,"
            " secret_outputs, pending_delete, missing, unsettled, changed_at) VALUES (:stack_id, :urn, 1, 0, :type,"
            " :custom, :physical_id, '', :parent, '[]', '{}', '{}', '{}', '{}', :version, false, false, '[]',"
            " :pending_delete, :missing, :unsettled, now())"
        ),
        {"pending_delete": False, "missing": False, "unsettled": "", **values}
        | {"stack_id": stack_id, "urn": urn, "parent": parent},
    )
    return urn


def add_execution(session: Session, stack_id: int, digest: str, message: str = "") -> None:
    """A plan to apply, approved by `vendor`, and its execution, which failed where there is a message."""
    plan = session.execute(
        text(
            "INSERT INTO plan (stack_id, digest, purpose, document, spec_commit, made_at)"
            " VALUES (:stack_id, :digest, 'apply', '{}', '', now()) RETURNING id"
        ),
        {"stack_id": stack_id, "digest": digest},
    ).scalar_one()
    approval = session.execute(
        text(
            "INSERT INTO approval (plan_id, approver, ground, approved_at, expires_at, voided)"
            " VALUES (:plan, 'vendor', '', now(), now(), '') RETURNING id"
        ),
        {"plan": plan},
    ).scalar_one()
    session.execute(
        text(
            "INSERT INTO execution (stack_id, plan_id, approval_id, state, message, started_at, ended_at)"
            " VALUES (:stack_id, :plan, :approval, :state, :message, now(), now())"
        ),
        {
            "stack_id": stack_id,
            "plan": plan,
            "approval": approval,
            "state": "failed" if message else "succeeded",
            "message": message,
        },
    )
