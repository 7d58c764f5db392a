"""Keypairs: public keys of a user, given or made here."""

import base64
import hashlib
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.cloud import paging
from sandbox.cloud.clock import micro_stamp
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import BadRequest, Conflict, Forbidden, NotFound
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document

BASE = "/v2.1/os-keypairs"


def keypair_of(state: ComputeState, user_id: str, name: str) -> Document | None:
    """A user's keypair by name, or nothing."""
    return state.keypairs.get(f"{user_id}/{name}")


def new_keypair(state: ComputeState, user_id: str, name: str, public_key: str, kind: str = "ssh") -> Document:
    """Keep a keypair; 409 where the user has one of that name, 400 where the key cannot be read."""
    if keypair_of(state, user_id, name):
        raise Conflict(f"Key pair '{name}' already exists.")
    return state.keypairs.add(
        {
            "id": f"{user_id}/{name}",
            "number": len(state.keypairs) + 1,
            "name": name,
            "user_id": user_id,
            "type": kind,
            "public_key": public_key,
            "fingerprint": _fingerprint(public_key, kind),
            "created_at": micro_stamp(),
        }
    )


def _fingerprint(public_key: str, kind: str) -> str:
    """The MD5 fingerprint nova shows of an SSH key (SHA-1 of a certificate)."""
    if kind == "x509":
        return ":".join(f"{byte:02X}" for byte in hashlib.sha1(public_key.encode(), usedforsecurity=False).digest())
    try:
        blob = base64.b64decode(public_key.split()[1], validate=True)
    except (IndexError, ValueError):
        raise BadRequest("Keypair data is invalid: failed to generate fingerprint") from None
    return ":".join(f"{byte:02x}" for byte in hashlib.md5(blob, usedforsecurity=False).digest())


def _made_key() -> tuple[str, str]:
    """A fresh RSA key: public in OpenSSH form, private in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return f"{public.decode()} Generated-by-Nova", private.decode()


def _user(call: Call, asked: str | None) -> str:
    """Whose keypairs are meant: an administrator may name another user (2.10)."""
    if asked is None or call.microversion < (2, 10) or asked == call.caller.user_id:
        return call.caller.user_id
    if not call.caller.is_admin:
        raise Forbidden("Policy doesn't allow os_compute_api:os-keypairs to be performed.")
    return asked


def _shown(call: Call, keypair: Document, *names: str) -> Document:
    document = {name: keypair[name] for name in ("name", "public_key", "fingerprint", *names)}
    if call.microversion >= (2, 2):
        document["type"] = keypair["type"]
    return document


@routes.get(BASE)
def index(call: Call) -> dict[str, Any]:
    """A user's keypairs."""
    user_id = _user(call, call.query.get("user_id"))
    kept = sorted(call.world[ComputeState].keypairs.where(user_id=user_id), key=lambda one: str(one["name"]))
    page = paging.cut(call, kept, key="name")
    document: Document = {"keypairs": [{"keypair": _shown(call, one)} for one in page.documents]}
    if page.links and call.microversion >= (2, 35):
        document["keypairs_links"] = page.links
    return document


@routes.post(BASE, status=201)
def create(call: Call) -> Reply:
    """Import a public key, or make a pair and show its private half this once (until 2.91)."""
    fields = call.body("keypair")
    name, public_key, private_key = fields.get("name"), fields.get("public_key"), None
    if not name or len(name) > 255:
        raise BadRequest("Keypair name must be string and between 1 and 255 characters long")
    if public_key is None:
        if call.microversion >= (2, 92):
            raise BadRequest("Invalid input: 'public_key' is a required property")
        public_key, private_key = _made_key()
    user_id = _user(call, fields.get("user_id"))
    keypair = new_keypair(call.world[ComputeState], user_id, name, public_key, fields.get("type", "ssh"))
    document = _shown(call, keypair, "user_id")
    if private_key is not None:
        document["private_key"] = private_key
    return Reply({"keypair": document}, status=201 if call.microversion >= (2, 2) else 200)


def _find(call: Call) -> Document:
    user_id = _user(call, call.query.get("user_id"))
    keypair = keypair_of(call.world[ComputeState], user_id, call.params["name"])
    if keypair is None:
        raise NotFound(f"Keypair {call.params['name']} not found for user {user_id}")
    return keypair


@routes.get(BASE + "/{name}")
def show(call: Call) -> dict[str, Any]:
    """One keypair."""
    keypair = _find(call)
    shown = _shown(call, keypair, "user_id", "created_at")
    return {"keypair": {**shown, "id": keypair["number"], "deleted": False, "deleted_at": None, "updated_at": None}}


@routes.delete(BASE + "/{name}")
def delete(call: Call) -> Reply:
    """Forget a keypair."""
    call.world[ComputeState].keypairs.remove(_find(call)["id"])
    return Reply(status=204 if call.microversion >= (2, 2) else 202)
