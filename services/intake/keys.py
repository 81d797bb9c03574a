"""Device keys: `KID.SECRET`, 32 random bytes of which only the SHA-256 is kept."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from services.events import Direction

_KID = re.compile(r"^k[0-9a-f]{16}$")


@dataclass(frozen=True, slots=True)
class Device:
    """Who posts: a key of one door, which writes into one book of one office."""

    kid: str
    office: str
    device: str
    direction: Direction
    book: str
    body: str


@dataclass(frozen=True, slots=True)
class MintedKey:
    """`text` is shown once and never kept."""

    kid: str
    text: str
    hashed: str


def mint() -> MintedKey:
    kid, secret = f"k{secrets.token_hex(8)}", secrets.token_urlsafe(32)
    return MintedKey(kid, f"{kid}.{secret}", hash_of(secret))


def parse(name: str, secret: str) -> tuple[str, str] | None:
    """Key id and secret out of a credential, as bearer (`KID.SECRET`) or Basic; None where it is no device key."""
    kid, _, secret = (name, "", secret) if name else secret.partition(".")
    return (kid, secret) if _KID.match(kid) and secret else None


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def matches(secret: str, hashed: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(hash_of(secret), hashed)
