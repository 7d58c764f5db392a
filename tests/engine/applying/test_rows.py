"""What a row keeps of an observation."""

from __future__ import annotations

from controller.engine.applying.rows import seen
from controller.engine.properties import Secret
from controller.engine.provider import Observation
from controller.engine.state import ResourceState

TARGET = ResourceState(
    urn="urn:pulumi:dev::desk::desk:Thing::one",
    generation=1,
    type="desk:Thing",
    custom=True,
    id="",
    parent="",
    inputs={"word": Secret("hush"), "within": {"a": "plain", "b": [Secret("hush")]}, "open": ["plain"]},
    outputs={},
    observed={},
    secret_outputs=("made",),
)


def test_what_the_cloud_tells_back_is_secret_wherever_the_input_holds_a_secret() -> None:
    told = {"word": "hush", "within": {"a": "plain", "b": ["hush"]}, "open": ["plain"], "made": [Secret("new"), 1]}
    kept = seen(TARGET, Observation(id="one", fields={}, outputs=told)).outputs
    assert kept == {
        "word": Secret("hush"),
        "within": Secret({"a": "plain", "b": ["hush"]}),
        "open": ["plain"],
        "made": Secret(["new", 1]),
    }
