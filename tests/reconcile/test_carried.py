"""A system's state, carried in Pulumi's file into a home that knows nothing yet: nothing is made, changed or lost."""

from __future__ import annotations

import json

from sqlalchemy import text

from controller.clock import real_now
from controller.engine.checkpoint.document import from_text, to_document
from controller.engine.checkpoint.transfer import export_stack, import_stack
from controller.engine.program.passphrase import Passphrase
from controller.store.engine import StackRow
from tests.reconcile.site import CLOUD, Site

PHRASE = "a long one"


def carried(site: Site, stack_id: int) -> int:
    """Out of this home and into an empty one; the stack's new row id."""
    with site.sessions.begin() as session:
        stack = session.get_one(StackRow, stack_id)
        file = json.dumps(to_document(export_stack(session, stack, site.vault, by="wang"), Passphrase.fresh(PHRASE)))
        session.execute(text("TRUNCATE stack CASCADE"))
        other = StackRow(name=stack.name, cloud=CLOUD, changed_at=real_now())
        session.add(other)
        session.flush()
        import_stack(session, other, from_text(file, PHRASE), site.provider, site.vault, by="li")
        return other.id


def test_another_controller_previews_no_change_and_sees_no_drift(site: Site) -> None:
    spec = site.cluster()
    stack_id = carried(site, site.applied(spec))
    site.forget_counts()

    assert site.look(stack_id).summary == "nothing says yet what it shall be"
    assert site.desire(spec) == stack_id
    _, plan = site.plan(stack_id)
    result = site.scan()

    assert plan.is_empty
    assert (result.counts["same"], result.findings) == (len(site.resources(stack_id)), [])
    assert site.changes_made() == 0


def test_what_was_carried_can_be_changed_and_ended(site: Site) -> None:
    spec = site.system()
    stack_id = carried(site, site.applied(spec))
    site.desire(site.stopped(spec))
    site.approve(site.plan(stack_id)[0])
    site.look(stack_id)
    site.end(stack_id)
    site.approve(site.plan(stack_id)[0])

    site.look(stack_id)

    assert site.stack(stack_id).provisioning == "ended"
    assert site.resources(stack_id) == []
