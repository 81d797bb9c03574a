"""Turns a body's text into judged metadata, or into the problem that its sender is told."""

import json
import re
from datetime import UTC, date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import orjson
from fastapi import Request
from uuid_utils import uuid7

from services.chassis.errors import Problem
from services.chassis.logs import logger
from services.chassis.mongo import DEPENDENCY_DOWN
from services.events import SecrecyIncidentRaised
from services.intake.metadata import MAX_METADATA_BYTES, InvalidMetadata, Metadata, read
from services.intake.pacing import Pace
from services.intake.secrecy import is_secret, names_secret
from services.intake.store import Register
from services.intake.uploads import metadata_too_large

M = TypeVar("M", bound=Metadata)
SMALL_BODY_SECONDS = 60.0
_SENDER_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")


class Judge:
    """Secrecy comes first: what claims to be secret is refused before anything of it is written or logged."""

    def __init__(self, register: Register, zone: ZoneInfo) -> None:
        self._register = register
        self._zone = zone

    def today(self) -> date:
        return datetime.now(self._zone).date()

    async def metadata(self, model: type[M], text: bytes, office: str, device: str, *, pointer: str = "") -> M:
        """Well-formed and not secret. `pointer` leads to the metadata inside the body."""
        said = _decoded(text, pointer)
        if is_secret(said):
            await self.refuse(office, device)
        with as_problem(pointer):
            return read(model, said)

    def plain(self, model: type[M], text: bytes) -> M:
        """Well-formed; for bodies that speak of secret documents without being any."""
        with as_problem():
            return read(model, _decoded(text, ""))

    async def file_name(self, name: str, office: str, device: str) -> None:
        """The name is judged and then forgotten."""
        if names_secret(name):
            await self.refuse(office, device)

    async def refuse(self, office: str, device: str) -> None:
        """Raises Problem 422, always. The incident says where and when, and nothing else."""
        incident = SecrecyIncidentRaised(
            office=office, key=str(uuid7()), version=1, recorded_at=datetime.now(UTC), device=device
        )
        try:
            await self._register.raise_incident(incident)
        except DEPENDENCY_DOWN:
            logger("intake").error("secrecy incident not recorded", office=office, device=device)
        raise Problem(
            422,
            "secrecy-refused",
            "State secrets may not be on this system, not even their registration. Nothing was kept.",
            remedy="Register the document by hand in the register of secret documents; enter only period counts here.",
            headers={"Connection": "close"},
        )


def _decoded(text: bytes, pointer: str) -> object:
    try:
        said: object = orjson.loads(text)
        json.loads(text, object_pairs_hook=_once_each)
    except _Repeated as repeated:
        raise Problem(
            400,
            "repeated-name",
            f"{repeated} stands there more than once, and only one of them would count.",
            field=pointer or None,
            remedy="Send each name once.",
        ) from None
    except (ValueError, RecursionError):
        raise unreadable(pointer) from None
    return said


class _Repeated(Exception):
    """A name that an object has twice: a declared secrecy could hide behind the second one."""


def _once_each(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise _Repeated(next(repr(name)[:80] for place, name in enumerate(names) if name in names[:place]))


class as_problem:  # noqa: N801
    """Inside it, InvalidMetadata becomes the problem that the caller is told."""

    def __init__(self, pointer: str = "") -> None:
        self._pointer = pointer

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InvalidMetadata):
            raise invalid(error, self._pointer) from None


def invalid(error: InvalidMetadata, pointer: str) -> Problem:
    faults = [{"field": pointer + each.pointer, "detail": each.detail} for each in error.faults]
    return Problem(
        422,
        "invalid-metadata",
        f"{faults[0]['field'] or 'the metadata'}: {faults[0]['detail']}",
        field=faults[0]["field"],
        remedy="Correct the named fields; the API's page lists what each may be.",
        extra={"errors": faults},
    )


def unreadable(pointer: str) -> Problem:
    return Problem(
        400, "unreadable", "This is no JSON in UTF-8.", field=pointer or None, remedy="Send one JSON object in UTF-8."
    )


async def body_of(request: Request, pace: Pace | None = None) -> bytes:
    """A small JSON body. Raises Problem 408, 413 and, if its pace gives way, 503."""
    text = b""
    async for chunk in (pace or Pace(SMALL_BODY_SECONDS)).chunks(request):
        text += chunk
        if len(text) > MAX_METADATA_BYTES:
            raise metadata_too_large(None)
    return text


def sender_key_of(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _SENDER_KEY.match(key):
        raise Problem(
            400,
            "idempotency-key-unreadable",
            "The key should be 1 to 255 visible ASCII characters.",
            field="Idempotency-Key",
            remedy="Use a random UUID for every document.",
        )
    return key
