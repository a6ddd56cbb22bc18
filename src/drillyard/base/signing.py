"""The key of this machine, and signatures by it: JSON Web Signatures (RFC 7515) with Ed25519 (RFC 8037).

The key is made at its first use and kept in `home()`. The public key travels in the signature's header, so
that anyone can tell an altered file; whose key it is, only its thumbprint (RFC 7638) says.
"""

import base64
import binascii
import hashlib
import json
import os
import tempfile
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from drillyard.base.errors import ExitCode, UserError
from drillyard.base.paths import home

ALGORITHM = "EdDSA"


class ForgedError(UserError):
    """Something signed was altered, or the signature is none."""

    exit_code = ExitCode.FAILED


class MachineKey:
    """A private key of this machine."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def here(cls) -> "MachineKey":
        """The key of this user on this machine, made when there is none yet.

        Raises:
            UserError: the file is there and holds no such key, or cannot be read or written.
        """
        path = _path()
        try:
            if not path.exists():
                _create(path)
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:  # TypeError: it has a password
            raise UserError(
                f"The key that signs reports cannot be used: {error}",
                where=str(path),
                next_step="Move the file away; a new key is made then, and signs from then on.",
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise UserError(
                "The key that signs reports is of another kind", where=str(path), next_step="Move it away."
            )
        return cls(key)

    @classmethod
    def if_there(cls) -> "MachineKey | None":
        """The key of this user on this machine, or None while there is none that can be used."""
        try:
            return cls.here() if _path().exists() else None
        except (UserError, OSError):
            return None

    @property
    def thumbprint(self) -> str:
        """The name of its public half (RFC 7638), as `verified` gives it."""
        return _thumbprint(_jwk(self._key.public_key()))

    def sign(self, payload: bytes) -> str:
        """A compact JWS of `payload`, which it does not contain."""
        header = {"jwk": _jwk(self._key.public_key())}
        return jwt.api_jws.encode(payload, self._key, ALGORITHM, headers=header, is_payload_detached=True)


def verified(payload: bytes, signature: str) -> str:
    """The thumbprint of the key that signed `payload`.

    Raises:
        ForgedError: `signature` is none of this payload by the key that it names.
    """
    try:
        header = jwt.get_unverified_header(signature)
        if header.get("b64") is not False:
            raise ValueError("the payload is inside the signature, whatever stands beside it")
        jwk = header["jwk"]
        public = Ed25519PublicKey.from_public_bytes(_decoded(jwk["x"]))
        jwt.api_jws.decode(signature, public, algorithms=[ALGORITHM], detached_payload=payload)
        return _thumbprint(jwk)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise ForgedError("The report is not what was signed: something in it was altered") from error


def _path() -> Path:
    return home() / "signing-key.pem"


def _create(path: Path) -> None:
    """Write a new key, whole or not at all, readable by its owner only; one made meanwhile is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        _claim(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _claim(temporary: Path, path: Path) -> None:
    """Give the file its name unless there is one; where there are no hard links, the last one wins."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError:
        temporary.replace(path)


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": _encoded(raw)}


def _thumbprint(jwk: dict[str, str]) -> str:
    members = {name: jwk[name] for name in ("crv", "kty", "x")}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return _encoded(hashlib.sha256(canonical).digest())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
