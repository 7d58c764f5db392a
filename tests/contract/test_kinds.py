"""What every kind promises the engine, shown on each of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest

from controller.engine.provider import Carrier, Incomplete, Kind, Observation, Rejected, Uncertain
from controller.providers.registry import KINDS
from tests.contract.cases import CASES
from tests.contract.world import Inputs, World
from tests.providers.otherwise import BEYOND, NOT_SHOWN, differing
from tests.providers.sdk import sdk_resource

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.token.rpartition(":")[2])

SERVICES = {"network": "network", "compute": "compute", "block-storage": "volume", "load-balancer": "load-balancer"}
"""What the simulated cloud calls the service."""


def inputs_of(world: World, kind: Kind) -> Inputs:
    checked = kind.check(CASES[kind.token].inputs(world))
    assert not checked.failures
    return checked.inputs


def changing(kind: Kind) -> dict[str, str]:
    """Matches the request that makes a resource of this kind."""
    return {"service": SERVICES[kind.service], "method": "POST|PUT"}


def not_shown(kind: Kind) -> set[str]:
    return differing(NOT_SHOWN, kind) & sdk_resource(kind.token).outputs


def listing(kind: Kind) -> dict[str, str]:
    return {"method": "GET"}


def found(world: World, kind: Kind, identity: str, inputs: Inputs) -> Sequence[Observation]:
    """What carries the identity, which is removed at the end."""
    observations = kind.find(world.cloud, identity, inputs)
    for observation in observations:
        world.owns(kind, observation.id, inputs)
    return observations


@each_kind
def test_a_resource_is_made_read_found_listed_changed_and_removed(world: World, kind: Kind) -> None:
    inputs, identity = inputs_of(world, kind), world.identity()
    made = kind.create(world.cloud, inputs, identity)
    world.owns(kind, made.id, inputs)

    assert kind.desired(inputs).items() <= made.fields.items()
    assert made.identity == (None if kind.carrier is Carrier.NATURAL else identity)
    assert not kind.diff(inputs, made.fields, inputs).changes
    assert sdk_resource(kind.token).outputs - made.outputs.keys() == not_shown(kind)
    assert made.outputs.keys() - sdk_resource(kind.token).outputs <= differing(BEYOND, kind)
    assert kind.read(world.cloud, made.id, inputs) == made
    assert [item.id for item in kind.find(world.cloud, identity, inputs)] == [made.id]
    listed = [item for item in world.everything(kind) if item.id == made.id]
    assert [(item.identity, item.version, item.by_cloud) for item in listed] == [(made.identity, made.version, False)]

    kind.delete(world.cloud, made.id, inputs)
    assert kind.read(world.cloud, made.id, inputs) is None
    assert not kind.find(world.cloud, identity, inputs)
    assert made.id not in [item.id for item in world.everything(kind)]
    kind.delete(world.cloud, made.id, inputs)


@each_kind
def test_each_input_that_can_change_in_place_does_and_keeps_the_identity(world: World, kind: Kind) -> None:
    case, identity = CASES[kind.token], world.identity()
    inputs = inputs_of(world, kind)
    changes = {**case.changes, **{name: make(world) for name, make in case.later.items()}}
    made = kind.create(world.cloud, inputs, identity)
    world.owns(kind, made.id, inputs)
    for name, value in changes.items():
        wanted = kind.check({**inputs, name: value}).inputs
        diff = kind.diff(inputs, made.fields, wanted)
        assert diff.changes
        assert not diff.replaces
        for _twice in range(2):
            made = kind.update(world.cloud, made.id, wanted, diff.changes)
        assert not kind.diff(wanted, made.fields, wanted).changes
        assert kind.desired(wanted).items() <= made.fields.items()
        inputs = wanted
    assert [item.id for item in kind.find(world.cloud, identity, inputs)] == [made.id]


@each_kind
def test_an_update_without_a_change_only_looks(world: World, kind: Kind) -> None:
    """So the engine waits for what it found again after a crash."""
    inputs = inputs_of(world, kind)
    made = kind.create(world.cloud, inputs, world.identity())
    world.owns(kind, made.id, inputs)
    world.simulated.ask("DELETE", "/counts")
    again = kind.update(world.cloud, made.id, inputs, {})
    assert (again.id, again.version, again.identity) == (made.id, made.version, made.identity)
    assert world.simulated.ask("GET", "/counts")["mutating"] == 0


@each_kind
@pytest.mark.parametrize("spelt", ["{}?", "x/../{}"])
def test_no_other_spelling_of_an_id_names_a_resource(world: World, kind: Kind, spelt: str) -> None:
    """Else what another stack holds could be taken, and removed, under it."""
    inputs = inputs_of(world, kind)
    made = kind.create(world.cloud, inputs, world.identity())
    world.owns(kind, made.id, inputs)
    id = spelt.format(made.id)
    with suppress(Rejected):
        assert kind.read(world.cloud, id, inputs) is None
    with suppress(Rejected):
        kind.delete(world.cloud, id, inputs)
    assert kind.read(world.cloud, made.id, inputs) == made


@each_kind
@pytest.mark.parametrize("id", ["", ".", ".."])
def test_what_is_no_id_is_not_asked_for(world: World, kind: Kind, id: str) -> None:
    with pytest.raises(Rejected, match="is no id"):
        kind.read(world.cloud, id, {})


@each_kind
def test_a_lost_reply_is_uncertain_and_what_it_made_is_found_once(world: World, kind: Kind) -> None:
    inputs, identity = inputs_of(world, kind), world.identity()
    world.fault(action="lose_reply", **changing(kind))
    with pytest.raises(Uncertain):
        kind.create(world.cloud, inputs, identity)
    assert world.faults_fired() == 1
    assert len(found(world, kind, identity, inputs)) == 1


@each_kind
def test_a_connection_that_closed_before_is_uncertain_and_nothing_is_found(world: World, kind: Kind) -> None:
    inputs, identity = inputs_of(world, kind), world.identity()
    world.fault(action="close_before", **changing(kind))
    with pytest.raises(Uncertain):
        kind.create(world.cloud, inputs, identity)
    assert not found(world, kind, identity, inputs)


@each_kind
def test_a_server_error_on_a_create_is_uncertain_and_never_tried_again(world: World, kind: Kind) -> None:
    inputs, identity = inputs_of(world, kind), world.identity()
    world.fault(action="status", status=500, **changing(kind))
    with pytest.raises(Uncertain):
        kind.create(world.cloud, inputs, identity)
    assert not found(world, kind, identity, inputs)


@each_kind
@pytest.mark.parametrize("action", ["expire_token", "status"])
def test_a_void_token_and_a_request_to_slow_down_make_it_once_all_the_same(
    world: World, kind: Kind, action: str
) -> None:
    inputs, identity = inputs_of(world, kind), world.identity()
    world.fault(action=action, status=429, seconds=0.1, count=1, **changing(kind))
    made = kind.create(world.cloud, inputs, identity)
    assert world.faults_fired() == 1
    assert [item.id for item in found(world, kind, identity, inputs)] == [made.id]


@each_kind
def test_errors_while_it_is_read_are_outlived(world: World, kind: Kind) -> None:
    inputs, identity = inputs_of(world, kind), world.identity()
    made = kind.create(world.cloud, inputs, identity)
    world.owns(kind, made.id, inputs)
    world.fault(action="status", status=503, count=2, **listing(kind))
    assert kind.read(world.cloud, made.id, inputs) == made
    world.fault(action="close_before", count=2, **listing(kind))
    assert [item.id for item in kind.find(world.cloud, identity, inputs)] == [made.id]


@each_kind
def test_an_outage_is_never_absence(world: World, kind: Kind) -> None:
    inputs, identity = inputs_of(world, kind), world.identity()
    made = kind.create(world.cloud, inputs, identity)
    world.owns(kind, made.id, inputs)
    world.fault(action="status", status=500, count=None, **listing(kind))
    for call in (
        lambda: kind.read(world.cloud, made.id, inputs),
        lambda: kind.find(world.cloud, identity, inputs),
        lambda: world.everything(kind),
    ):
        with pytest.raises(Incomplete):
            call()


@each_kind
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_an_empty_page_hides_nothing(world: World, kind: Kind, nth: int) -> None:
    inputs, identity = inputs_of(world, kind), world.identity()
    made = kind.create(world.cloud, inputs, identity)
    world.owns(kind, made.id, inputs)
    world.fault(action="empty_page", nth=nth, count=1, **listing(kind))
    with suppress(Incomplete):
        assert [item.id for item in kind.find(world.cloud, identity, inputs)] == [made.id]
    world.simulated.ask("DELETE", "/faults")
    world.fault(action="empty_page", nth=nth, count=1, **listing(kind))
    with suppress(Incomplete):
        assert made.id in [item.id for item in world.everything(kind)]


@each_kind
def test_what_the_cloud_refuses_is_rejected_and_leaves_nothing(world: World, kind: Kind) -> None:
    inputs, identity = inputs_of(world, kind), world.identity()
    world.fault(action="status", status=403, count=1, **changing(kind))
    with pytest.raises(Rejected) as refusal:
        kind.create(world.cloud, inputs, identity)
    assert refusal.value.status == 403
    assert not found(world, kind, identity, inputs)


@each_kind
def test_it_is_removed_without_knowing_its_inputs(world: World, kind: Kind) -> None:
    """As a stranger is that the drift scan found inside one of ours."""
    inputs = inputs_of(world, kind)
    made = kind.create(world.cloud, inputs, world.identity())
    kind.delete(world.cloud, made.id, {})
    assert kind.read(world.cloud, made.id, inputs) is None
