"""Property values on the wire: what goes out comes back; what is not supported is named."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from pulumi.runtime import rpc, settings
from pulumi.runtime.proto import resource_pb2

from controller.domain.errors import Refused
from controller.engine import wire
from controller.engine.properties import UNKNOWN, Secret
from tests.engine.values import properties

_SIGNATURE = "4dabf18193072939515e22adb298388d"


def struct(**fields: Any) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(fields)
    return message


def signed(signature: str, **fields: Any) -> dict[str, Any]:
    return {_SIGNATURE: signature, **fields}


@given(properties)
def test_what_is_encoded_is_decoded_as_it_was(value: dict[str, Any]) -> None:
    assert wire.decode(wire.encode(value)) == value


@given(properties)
def test_it_survives_the_serialized_message(value: dict[str, Any]) -> None:
    message = struct_pb2.Struct.FromString(wire.encode(value).SerializeToString())
    assert wire.decode(message) == value


def test_what_the_sdk_writes_is_read() -> None:
    """The SDK's own serialization with the features that the monitor offers, set in the task's context alone."""

    async def serialize() -> struct_pb2.Struct:
        settings.SETTINGS.monitor_features = {resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS}
        unknown = pulumi.Output(set(), _done(None), _done(False), _done(False))
        inputs = {"s": pulumi.Output.secret({"p": 1}), "u": unknown, "n": 3, "f": 1.5, "l": [True, "x", unknown]}
        return await rpc.serialize_properties(inputs, {})

    assert wire.decode(asyncio.run(serialize())) == {
        "s": Secret({"p": 1}),
        "u": UNKNOWN,
        "n": 3,
        "f": 1.5,
        "l": [True, "x", UNKNOWN],
    }


def test_what_is_written_the_sdk_reads() -> None:
    message = wire.encode({"s": Secret("word"), "n": 3, "u": UNKNOWN})
    read = rpc.deserialize_properties(message, keep_unknowns=True)
    assert rpc.unwrap_rpc_secret(read["s"]) == "word"
    assert rpc.is_rpc_secret(read["s"])
    assert read["n"] == 3
    assert rpc.contains_unknowns(read["u"])


def test_whole_numbers_are_integers() -> None:
    decoded = wire.decode(struct(size=20.0))
    assert decoded == {"size": 20}
    assert isinstance(decoded["size"], int)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_what_is_no_number_of_json_is_refused_with_its_path(number: float) -> None:
    with pytest.raises(Refused, match="no number that can be stored") as refusal:
        wire.decode(struct(sizes=[1, number]))
    assert refusal.value.where == "sizes[1]"


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**1000, 1e-300, -0.5])
def test_big_and_small_numbers_keep_their_value(number: float) -> None:
    assert wire.decode(wire.encode({"n": number})) == {"n": number}


def test_empty_objects_and_lists_stay_what_they_are() -> None:
    assert wire.decode(wire.encode({"o": {}, "l": [], "n": None})) == {"o": {}, "l": [], "n": None}


def test_assets_are_what_the_sdk_writes_and_reads() -> None:
    async def serialize(values: dict[str, Any]) -> struct_pb2.Struct:
        settings.SETTINGS.monitor_features = {resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS}
        return await rpc.serialize_properties(values, {})

    inner = {"in": pulumi.StringAsset("text"), "deep": pulumi.FileArchive("folder")}
    decoded = wire.decode(
        asyncio.run(serialize({"file": pulumi.FileAsset("a.txt"), "all": pulumi.AssetArchive(inner)}))
    )
    assert decoded["file"] == {_SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "path": "a.txt"}
    read = rpc.deserialize_properties(wire.encode(decoded))
    assert read["file"].path == "a.txt"
    assert (read["all"].assets["in"].text, read["all"].assets["deep"].path) == ("text", "folder")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"urn": "urn:x", "id": "42"}, "42"),
        ({"urn": "urn:x", "id": wire.UNKNOWN_MARK}, UNKNOWN),
        ({"urn": "urn:x"}, "urn:x"),
    ],
)
def test_a_resource_stays_a_reference_and_is_told_by_its_id_or_as_a_component_by_its_urn(
    fields: dict[str, str], told: object
) -> None:
    message = struct(r=signed(wire.RESOURCE, **fields))
    values = wire.decode(message)
    assert wire.encode(values) == message
    assert wire.without_references({"deep": [Secret(values)]}) == {"deep": [Secret({"r": told})]}


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"value": "v"}, "v"),
        ({}, UNKNOWN),
        ({"value": "v", "secret": True}, Secret("v")),
        ({"secret": True, "dependencies": ["urn:x"]}, Secret(UNKNOWN)),
    ],
)
def test_output_value_is_what_is_known_of_it(fields: dict[str, Any], value: object) -> None:
    assert wire.decode(struct(o=signed("d0e6a833031e9bbcd3f4e8bde6ca49a4", **fields))) == {"o": value}


@pytest.mark.parametrize(
    ("signature", "what"),
    [
        ("c44067f5952c0a294b673a41bacd8c17", "a remote asset"),
        ("0def7320c3a5731c473e5ecbe6d01bc7", "a remote archive"),
        ("something-new", "signature something-new"),
    ],
)
def test_unsupported_value_is_refused_with_its_path(signature: str, what: str) -> None:
    with pytest.raises(Refused, match=what) as refusal:
        wire.decode(struct(config={"files": [signed(signature, uri="https://x")]}))
    assert refusal.value.where == "config.files[0]"


@pytest.mark.parametrize("key", ["$secret", "$unknown"])
def test_what_stands_for_secrets_in_store_cannot_be_forged(key: str) -> None:
    with pytest.raises(Refused, match="reserved"):
        wire.decode(struct(inner={key: True}))


def test_other_types_are_a_defect() -> None:
    with pytest.raises(TypeError, match="bytes"):
        wire.encode({"b": b"x"})


def _done(value: object) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future
