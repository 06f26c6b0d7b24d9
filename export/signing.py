"""Detached Ed25519 signatures with a key of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.errors import ExportError

ALGORITHM = "Ed25519"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key; `public_key` is its public half, the 32 bytes of RFC 8032 as hexadecimal digits."""

    public_key: str
    _key: Any

    @classmethod
    def read(cls, path: str | Path) -> Signer:
        """The key of a PEM file, as `openssl genpkey -algorithm ed25519` writes it.

        Raises: ExportError where it holds none, or asks for a password.
        """
        from cryptography.hazmat.primitives import serialization

        wanted = "give an unencrypted Ed25519 key: openssl genpkey -algorithm ed25519 -out key.pem"
        try:
            key = serialization.load_pem_private_key(_content(path), password=None)
        except (ValueError, TypeError, _unsupported()) as error:
            raise ExportError(f"{path}: no private key that can be used; {wanted}") from error
        public = getattr(key, "public_key", lambda: None)()
        return cls(_raw(public, f"{path}: a private key of another kind; {wanted}"), key)

    def sign(self, content: bytes) -> bytes:
        """The 64 bytes of the signature; of equal contents they are equal."""
        return bytes(self._key.sign(content))


def read_public(path: str | Path) -> str:
    """The public key of a PEM file as hexadecimal digits.

    Raises: ExportError where it holds none of Ed25519.
    """
    from cryptography.hazmat.primitives import serialization

    wanted = "give a public Ed25519 key: openssl pkey -in key.pem -pubout -out public.pem"
    try:
        key = serialization.load_pem_public_key(_content(path))
    except (ValueError, _unsupported()) as error:
        raise ExportError(f"{path}: no public key; {wanted}") from error
    return _raw(key, f"{path}: a public key of another kind; {wanted}")


def holds(public_key: str, signature: bytes, content: bytes) -> bool:
    """Whether the signature of `content` was made with the private half of `public_key`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _content(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}; give a key as PEM") from error


def _unsupported() -> type[Exception]:
    from cryptography.exceptions import UnsupportedAlgorithm

    return UnsupportedAlgorithm


def _raw(key: Any, refusal: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not isinstance(key, Ed25519PublicKey):
        raise ExportError(refusal)
    return key.public_bytes_raw().hex()
