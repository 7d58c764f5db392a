"""Chapter 11: a second yunguan, with a home and a database of its own, goes on where the first one stands."""

from __future__ import annotations

import os

from controller.cli.arguments import settings
from controller.cli.demo.cast import VENDOR
from controller.cli.demo.scene import Scene
from controller.domain.spec import SystemSpec
from controller.engine.checkpoint.document import from_text
from controller.engine.checkpoint.transfer import import_stack
from controller.engine.program.passphrase import VARIABLE
from controller.reconcile.desire import desire
from controller.workplace import open_workplace

PHRASE = "for the demo alone"


def tell(scene: Scene, stack: str) -> None:
    """The state goes out as Pulumi's file and into an empty home, where the same specification changes nothing."""
    scene.chapter("11  A second controller reads the state 状态迁移")
    file = scene.home / "state.json"
    os.environ[VARIABLE] = PHRASE
    try:
        scene.run_into(file, "stack", "export", stack, "--as", VENDOR)
    finally:
        del os.environ[VARIABLE]
    checkpoint = from_text(file.read_bytes(), PHRASE)
    spec = SystemSpec.model_validate(scene.stack(stack).spec)
    with open_workplace(settings().model_copy(update={"home": scene.home / "second"})) as second:
        with second.sessions.begin() as session:
            row = desire(session, spec, commit=spec.digest, case_id=1)
            import_stack(session, row, checkpoint, second.provider, second.means.vault, by=VENDOR)
        _, plan = second.reconciler.plan(stack)
    scene.check(
        f"another home that reads {len(checkpoint.states)} resources previews 0 changes",
        holds=plan.is_empty and len(plan.operations) == len(checkpoint.states),
    )
