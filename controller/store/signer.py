"""The home's signature: an Ed25519 key pair that signs certificates, and its public half by which others check them."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from controller.domain.errors import Failed, WrongUse
from controller.store.keyfile import kept_key

FILE = "certificate.key"


class Signer:
    """Signs with the private key; `public_key` are the 32 bytes of the public one."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()

    @classmethod
    def at(cls, home: Path) -> Signer:
        """The signer of a home; its key file is made on first use. Raises Failed where the file holds another key."""
        return cls(_private_key(home / FILE, kept_key(home / FILE, _fresh)))

    def sign(self, content: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(content)


def public_key_of(home: Path) -> bytes | None:
    """The 32 bytes of the home's public key; None where it has not signed anything yet. Makes nothing."""
    path = home / FILE
    return Signer(_private_key(path, path.read_bytes())).public_key if path.exists() else None


def is_signed_by(public_key: bytes, signature: bytes, content: bytes) -> bool:
    """Whether `signature` over `content` was made with the private half of `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def to_pem(public_key: bytes) -> str:
    """The public key as the PEM text that is handed to whoever is to check certificates."""
    key = Ed25519PublicKey.from_public_bytes(public_key)
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def from_pem(path: Path) -> bytes:
    """The public key in a PEM file. Raises WrongUse where it does not hold one of Ed25519."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise WrongUse("文件不是 Ed25519 公钥", where=str(path), remedy="用 yunguan certificate key 导出签发方的公钥")
    return key.public_bytes_raw()


def _fresh() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _private_key(path: Path, pem: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Failed("签名密钥文件不是 Ed25519 私钥", where=str(path), remedy="请从备份恢复该文件")
    return key
