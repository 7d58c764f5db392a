"""States → Pulumi's state file → states: equal whatever they hold; what cannot be kept or read is refused by name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.errors import Failed, Refused, WrongUse
from controller.engine.checkpoint.deployment import magic_of
from controller.engine.checkpoint.document import Checkpoint, Pending, Times, from_text, to_document
from controller.engine.order import needs
from controller.engine.plan import Op
from controller.engine.program import passphrase
from controller.engine.program.passphrase import Passphrase
from controller.engine.properties import UNKNOWN, Secret
from controller.engine.state import ResourceState
from tests.engine.values import keys, known_values

PHRASE = "a long one"
AT = datetime(2026, 9, 28, 8, 30, tzinfo=UTC)
URN = "urn:pulumi:dev::net"
SIGNED = "4dabf18193072939515e22adb298388d"
NETWORK = "openstack:networking/network:Network"

states_values = st.dictionaries(keys, known_values, max_size=3)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """A key in no time, since each file that is read needs one; Pulumi's own number has a test of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passphrase, "_ITERATIONS", 10)
        yield


def state(name: str, **given: Any) -> ResourceState:
    fields = {
        "urn": f"{URN}::{NETWORK}::{name}",
        "generation": 1,
        "type": NETWORK,
        "custom": True,
        "cloud": "sandbox" if given.get("custom", True) else "",
        "id": f"id-{name}",
        "parent": "",
        "inputs": {},
        "outputs": {},
        "observed": {},
        "position": 1,
        **given,
    }
    return ResourceState(**fields)


@st.composite
def stacks(draw: st.DrawFn) -> list[ResourceState]:
    """States that fit together: parents and dependencies stand before, some with an old generation to be removed."""
    made: list[ResourceState] = []
    for number in range(draw(st.integers(0, 5))):
        urns = [one.urn for one in made]
        some = st.lists(st.sampled_from(urns), unique=True, max_size=2) if urns else st.just([])
        custom = draw(st.booleans())
        row = state(
            f"r{number}",
            custom=custom,
            id=f"id-{number}" if custom else "",
            generation=draw(st.integers(2, 9)) if custom else 1,
            identity=draw(st.sampled_from(["", "yg-abc"])) if custom else "",
            parent=draw(st.sampled_from(["", *urns])),
            inputs=draw(states_values),
            outputs=draw(states_values),
            observed=draw(states_values) if custom else {},
            dependencies=tuple(draw(some)),
            property_dependencies={key: (urn,) for key, urn in zip("ab", draw(some), strict=False)},
            protect=draw(st.booleans()),
            retain_on_delete=draw(st.booleans()),
            secret_outputs=tuple(draw(st.lists(keys, max_size=2))),
            external=custom and draw(st.booleans()),
            deleted_with=draw(st.sampled_from(["", *urns])),
            replacement_trigger=draw(known_values),
            import_id=draw(st.sampled_from(["", "another"])) if custom else "",
            timeouts=draw(st.dictionaries(st.sampled_from(["create", "delete"]), st.floats(1, 9000), max_size=2)),
            missing=custom and draw(st.booleans()),
            unsettled=draw(st.sampled_from(["", "still building"])),
            broken=custom and draw(st.booleans()),
        )
        made.append(row)
    old = [
        replace(row, generation=1, id=f"{row.id}-old", pending_delete=True, inputs=draw(states_values))
        for row in made
        if row.custom and draw(st.booleans())
    ]
    return placed([*made, *old])


def placed(rows: list[ResourceState]) -> list[ResourceState]:
    """Each one behind what it needs, in the order in which a database gives them."""
    positions: dict[str, int] = {}
    found = []
    for row in rows:
        position = 1 + max((positions[urn] for urn in needs(row)), default=0)
        positions[row.urn] = max(position, positions.get(row.urn, 0))
        found.append(replace(row, position=position))
    return sorted(found, key=lambda one: (one.position, one.urn, one.generation))


def file_of(*states: ResourceState, cloud: str = "sandbox", **given: Any) -> dict[str, Any]:
    document = to_document(Checkpoint(AT, cloud, states, **given), Passphrase.fresh(PHRASE))
    assert set(document) - {"features"} == {"version", "deployment"}
    return document


def read(document: dict[str, Any], phrase: str | None = PHRASE) -> Checkpoint:
    return from_text(json.dumps(document), phrase)


def by_key(states: Any) -> dict[Any, ResourceState]:
    return {(one.urn, one.generation): one for one in states}


@given(stacks(), st.lists(st.sampled_from([Op.CREATE, Op.UPDATE, Op.DELETE]), max_size=2))
def test_what_was_exported_is_read_back_equal(states: list[ResourceState], ops: list[Op]) -> None:
    pending = [Pending(op, replace(state(f"p{number}"), position=0)) for number, op in enumerate(ops)]
    times = {(one.urn, one.generation): Times(AT, None) for one in states}
    found = read(file_of(*states, pending=pending, times=times))
    assert by_key(found.states) == by_key(states)
    assert [(one.op, one.target) for one in found.pending] == [(one.op, one.target) for one in pending]
    assert (found.made_at, found.times) == (AT, times)
    assert found.cloud == ("sandbox" if any(one.custom for one in states) or pending else "")


@given(known_values)
def test_no_secret_stands_in_a_file(value: Any) -> None:
    word = "hidden-from-all"
    text = json.dumps(file_of(state("n", inputs={"key": Secret([value, word])}, observed={"key": Secret(word)})))
    assert word not in text
    with pytest.raises(Refused, match="passphrase is not that"):
        from_text(text, "another")
    with pytest.raises(Refused, match="holds secrets"):
        from_text(text, None)


def test_pulumi_can_read_it() -> None:
    """Its own checks: the magic, providers before what refers to them, what is needed before what needs it."""
    network = state("net", position=1)
    port = state("port", position=2, dependencies=(network.urn,))
    old = replace(port, generation=7, id="old", pending_delete=True, dependencies=(network.urn, f"{URN}::t::gone"))
    file = file_of(old, port, network)["deployment"]
    assert file["manifest"]["magic"] == magic_of(file["manifest"]["version"])
    assert file["manifest"]["plugins"] == [{"name": "openstack", "path": "", "type": "resource", "version": "5.5.0"}]
    provider, *rest = file["resources"]
    assert provider["urn"] == f"{URN}::pulumi:providers:openstack::default_5_5_0"
    assert provider["inputs"] == {"cloud": "sandbox", "version": "5.5.0"}
    assert {one["provider"] for one in rest} == {f"{provider['urn']}::{provider['id']}"}
    assert [(one["id"], one.get("delete", False)) for one in rest] == [
        ("id-net", False),
        ("id-port", False),
        ("old", True),
    ]
    assert rest[2]["dependencies"] == [network.urn]


def test_a_component_keeps_what_it_refers_to_and_a_kind_is_told_its_id() -> None:
    reference = {SIGNED: "5cf8f73096256a8f31e491e813e4eb8e", "urn": f"{URN}::{NETWORK}::one", "id": "id-one"}
    whole = state("whole", custom=False, id="", outputs={"part": reference})
    part = state("part", inputs={"of": reference})
    document = file_of(whole, part)
    assert [one["outputs"].get("part") for one in document["deployment"]["resources"]].count(reference) == 1
    assert by_key(read(document).states) == by_key([whole, replace(part, inputs={"of": "id-one"})])


def test_an_unknown_is_never_exported() -> None:
    with pytest.raises(Failed, match="unknown"):
        file_of(state("n", inputs={"cidr": UNKNOWN}))


def test_files_of_pulumi_itself_are_read() -> None:
    urn = f"{URN}::{NETWORK}::net"
    cipher = Passphrase.fresh(PHRASE)
    secret = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "ciphertext": cipher.encrypt('"x"'),
    }
    resource = {
        "urn": urn,
        "custom": True,
        "type": NETWORK,
        "inputs": {"__defaults": [], "name": "net", "tags": [{"__defaults": []}], "key": secret},
        "outputs": {"__meta": '{"schema_version":"1"}', "name": "net"},
        "dependencies": None,
        "sourcePosition": "project:///__main__.py#3,4",
        "created": "2026-09-28T08:30:00.123456Z",
    }
    manifest = {"time": "2026-09-28T16:30:00+08:00", "version": "v3.200.0", "magic": magic_of("v3.200.0")}
    deployment = {
        "manifest": manifest,
        "secrets_providers": {"type": "passphrase", "state": {"salt": cipher.state}},
        "resources": [{**resource, "id": "old", "delete": True}, {**resource, "id": "new"}],
        "metadata": {},
    }
    old, new = read({"version": 3, "deployment": deployment}).states
    assert (old.id, old.generation, old.pending_delete) == ("old", 1, True)
    assert (new.id, new.generation, new.pending_delete) == ("new", 2, False)
    assert new.inputs == {"name": "net", "tags": [{}], "key": Secret("x")}
    assert new.outputs == {"name": "net"}


def _resource(**given: Any) -> Callable[[dict[str, Any]], None]:
    return lambda file: file["deployment"]["resources"][-1].update(given)


def _deployment(**given: Any) -> Callable[[dict[str, Any]], None]:
    return lambda file: file["deployment"].update(given)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda file: file.update(version=2), "version 2"),
        (lambda file: file.update(version=4, features=["views"]), "views"),
        (lambda file: file["deployment"]["manifest"].update(version="v9"), "magic"),
        (_resource(colour="red"), r"not known \(deployment\.resources\.1\.colour\)"),
        (_resource(viewOf="urn"), "viewOf"),
        (_resource(resourceHooks={"DuringCreate": ["h"]}), "resourceHooks.DuringCreate"),
        (_resource(parent="urn:pulumi:dev::net::t::late"), "does not stand before it"),
        (_resource(inputs={"file": {SIGNED: "something-new"}}), "signature something-new"),
        (_resource(inputs={"cidr": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}), r"a value is unknown \(net\.cidr\)"),
        (_resource(inputs={"a": {"$secret": "x"}}), "reserved"),
        (_deployment(secrets_providers={"type": "service"}), "encrypted by service"),
        (_deployment(metadata={"integrity_error": {"error": "x"}}), "broken"),
        (_deployment(snippets=[{"uuid": "1"}]), "snippets"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(edit: Callable[[dict[str, Any]], None], said: str) -> None:
    file = file_of(state("net"))
    edit(file)
    with pytest.raises(Refused) as caught:
        read(file)
    assert re.search(said, str(caught.value))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 3}', '{"version": 3, "deployment": {}}'])
def test_what_is_no_state_file_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        from_text(text, None)


def test_a_key_is_made_as_pulumi_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state of the passphrase manager's from Pulumi's own tests opens with its passphrase, and with no other."""
    monkeypatch.setattr(passphrase, "_ITERATIONS", 1_000_000)
    known = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ=="
    cipher = Passphrase.of("password", known)
    assert cipher.state == known
    with pytest.raises(Refused, match="not that of the file"):
        Passphrase.of("password123", known)


@pytest.mark.parametrize("salt", ["", "v1", "v2:AAAA:v1:A:B", "v1:?:v1:A:B", "fozI5u6B030=:v1:F+6Z:PGMF"])
def test_a_malformed_salt_is_refused(salt: str) -> None:
    with pytest.raises(Refused):
        Passphrase.of(PHRASE, salt)


def test_an_empty_passphrase_keeps_nothing_secret() -> None:
    with pytest.raises(WrongUse):
        Passphrase.fresh("")


@given(st.text(max_size=20))
def test_a_text_that_was_changed_is_not_opened(plain: str) -> None:
    cipher = Passphrase.fresh(PHRASE)
    text = cipher.encrypt(plain)
    assert cipher.decrypt(text) == plain
    version, nonce, sealed = text.split(":")
    other = "A" if sealed[0] != "A" else "B"
    for wrong in (f"{version}:{nonce}:{other}{sealed[1:]}", f"v2:{nonce}:{sealed}", sealed, f"{text}:"):
        with pytest.raises(Refused):
            cipher.decrypt(wrong)


def test_an_explicit_provider_is_a_resource_and_tells_the_cloud_of_what_refers_to_it() -> None:
    type_ = "pulumi:providers:openstack"
    provider = state("p", urn=f"{URN}::{type_}::p", type=type_, cloud="", inputs={"cloud": "other"})
    far = state("far", provider=f"{provider.urn}::id-p", cloud="other", position=2)
    near = state("near")
    back = read(file_of(provider, far, near))
    assert by_key(back.states) == by_key([provider, far, near])
    assert back.cloud == "sandbox"


def test_the_names_of_hooks_around_deletions_and_errors_travel() -> None:
    row = state("net", delete_hooks={"before_delete": ("guard", "bell"), "on_error": ("again",)})
    file = file_of(row)
    resource = file["deployment"]["resources"][-1]
    assert resource["resourceHooks"] == {"BeforeDelete": ["guard", "bell"], "OnError": ["again"]}
    assert (file["version"], file["features"]) == (4, ["hooks"])
    resource["resourceHooks"] |= {"BeforeCreate": ["brought"], "AfterDelete": None}
    [back] = [one for one in read(file).states if one.urn == row.urn]
    assert back.delete_hooks == row.delete_hooks
