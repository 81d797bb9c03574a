"""Who is calling: a signed staff token, checked against this service's own copy of the people.

Tokens are JSON Web Tokens signed with Ed25519 (RFC 8037) and carry only office, person and time of issue.
Roles and units are read from the copy at each request, so a change there counts within seconds.
"""

import base64
import binascii
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from services.chassis.copies import Copies
from services.chassis.errors import Problem
from services.policy import Action, Viewer, may_do

T = TypeVar("T")
ALGORITHM = "Ed25519"
COPY_SECONDS = 2.0
CLOCK_LEEWAY_SECONDS = 30
LONGEST_TOKEN = 4096
PERSON, UNIT, SIGNING_KEY = "person", "unit", "signing-key"


@dataclass(frozen=True)
class Credential:
    """What came in the Authorization header: `name` is empty for a bearer token."""

    name: str
    secret: str


def credential_of(request: Request) -> Credential:
    """Bearer or Basic, so that a browser can open the API's pages too. Raises Problem 401 without one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return Credential("", value.strip())
    if scheme.lower() == "basic" and value:
        return _basic(value)
    raise unauthorized("Send `Authorization: Bearer` with a device key or a staff token.")


def _basic(value: str) -> Credential:
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise unauthorized("The Authorization header cannot be read.") from error
    return Credential(name, secret)


def unauthorized(detail: str) -> Problem:
    remedy = "A device key comes from `vanthu key create`, a staff token from `vanthu token create`."
    return Problem(
        401,
        "unauthorized",
        detail,
        field="Authorization",
        remedy=remedy,
        headers={"WWW-Authenticate": 'Basic realm="Vanthu", charset="UTF-8"'},
    )


def forbidden(action: str, needs: str) -> Problem:
    return Problem(403, "forbidden", f"You may not {action}.", remedy=f"Ask somebody who is {needs}.")


def new_signing_key(key_id: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": key_id})


def sign_token(key: OKPKey, key_id: str, office: str, person_id: str, issued_at: datetime, hours: float) -> str:
    """A staff token that is good for `hours`."""
    expires_at = issued_at + timedelta(hours=hours)
    claims = {
        "iss": "vanthu",
        "office": office,
        "sub": person_id,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    return jwt.encode({"alg": ALGORITHM, "kid": key_id}, claims, key, algorithms=[ALGORITHM])


class Remembered:
    """Answers of a lookup, kept for a few seconds so that a burst of requests asks seldom."""

    def __init__(self, seconds: float = COPY_SECONDS, most: int = 10_000) -> None:
        self._seconds = seconds
        self._most = most
        self._answers: dict[object, tuple[float, Any]] = {}

    async def get(self, key: object, ask: Callable[[], Awaitable[T]]) -> T:
        known = self._answers.get(key)
        if known and time.monotonic() - known[0] < self._seconds:
            answer: T = known[1]
            return answer
        if len(self._answers) >= self._most:
            self._answers.clear()
        answer = await ask()
        if answer is not None:  # what strangers ask for is not remembered
            self._answers[key] = (time.monotonic(), answer)
        return answer


class Staff:
    """Turns a token into a viewer, or raises Problem 401 without saying which part was wrong."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies
        self._remembered = Remembered()

    async def viewer(self, request: Request) -> Viewer:
        return await self.viewer_of(credential_of(request).secret)

    async def viewer_of(self, token: str) -> Viewer:
        claims = await self._claims(token)
        office, person_id = str(claims.get("office")), str(claims.get("sub"))
        key = (office, person_id)
        known = await self._remembered.get(key, lambda: self._person(office, person_id))
        if known is None:
            raise unauthorized("The token is not valid (any more).")
        person, units = known
        if person.get("disabled") or _issued_before(claims, person.get("sessions_valid_from")):
            raise unauthorized("The token is not valid (any more).")
        headed = frozenset(unit["unit_id"] for unit in units if unit.get("head_person_id") == person_id)
        return Viewer(office, person_id, frozenset(person.get("roles", ())), headed)

    async def _person(self, office: str, person_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """With the office's units."""
        person = await self._copies.get(office, PERSON, person_id)
        return None if person is None else (person, await self._copies.all(office, UNIT))

    async def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > LONGEST_TOKEN:
            raise unauthorized("The token is not valid (any more).")
        try:
            office, key_id = _unverified(token)
            key = await self._remembered.get(("key", office, key_id), lambda: self._key(office, key_id))
            if key is None:
                raise unauthorized("The token is not valid (any more).")
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            jwt.JWTClaimsRegistry(
                leeway=CLOCK_LEEWAY_SECONDS, exp={"essential": True}, iss={"essential": True, "value": "vanthu"}
            ).validate(claims)
        except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise unauthorized("The token is not valid (any more).") from error
        return dict(claims)

    async def _key(self, office: str, key_id: str) -> OKPKey | None:
        state = await self._copies.get(office, SIGNING_KEY, key_id)
        if state is None or state.get("retired"):
            return None
        return OKPKey.import_key(json.loads(state["public_key"]))


def require(viewer: Viewer, action: Action, needs: str) -> None:
    """Raises Problem 403 unless the viewer's roles allow the action."""
    if not may_do(viewer, action):
        raise forbidden(action.value, needs)


def _issued_before(claims: dict[str, Any], moment: object) -> bool:
    if not moment:
        return False
    valid_from = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return datetime.fromtimestamp(float(claims["iat"]), UTC) < valid_from


def _unverified(token: str) -> tuple[str, str]:
    """Office and key id as the token claims them: only good for choosing the key to check it with."""
    header, payload, _ = token.split(".")
    return str(json.loads(_unpad(payload))["office"]), str(json.loads(_unpad(header))["kid"])


def _unpad(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
