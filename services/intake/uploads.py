"""Reads a multipart body as a stream: metadata first, judged before the next byte is accepted, then the file."""

import base64
import binascii
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import unquote

from fastapi import Request
from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)
from starlette.requests import ClientDisconnect

from services.chassis.errors import Problem
from services.intake.documents import StoredFile
from services.intake.files import Draft
from services.intake.media import HEAD_BYTES, agrees, media_type_of
from services.intake.metadata import MAX_METADATA_BYTES
from services.intake.pacing import Pace

M = TypeVar("M")
Judge = Callable[[bytes], Awaitable[M]]
_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):")
_FILE_NAME = re.compile(r"""filename(\*?)\s*=\s*(?:"((?:\\.|[^"\\])*)("?)|([^;]*))""", re.IGNORECASE)
_OVERHEAD_BYTES = MAX_METADATA_BYTES + 16 * 1024
ACCEPTED = "PDF, TIFF, JPEG, PNG, DOCX, XLSX or XML"


@dataclass(frozen=True, slots=True)
class Received(Generic[M]):
    metadata: M
    file: StoredFile | None


class Upload(Generic[M]):
    """One body on its way in. Whatever fails, the draft is discarded and nothing is stored."""

    def __init__(
        self,
        request: Request,
        judge: Judge[M],
        refuse_name: Callable[[str], Awaitable[None]],
        draft: Draft,
        pace: Pace,
        *,
        max_bytes: int,
        file_needed: bool,
    ) -> None:
        self._request = request
        self._judge = judge
        self._refuse_name = refuse_name
        self._draft = draft
        self._pace = pace
        self._max_bytes = max_bytes
        self._received_bytes = 0
        self._file_needed = file_needed
        self._metadata_text = b""
        self._metadata: M | None = None
        self._part = ""
        self._parts = 0
        self._declared = ""
        self._head = b""
        self._media_type: str | None = None
        self._size_bytes = 0

    async def receive(self) -> Received[M]:
        """Metadata and the durable file. Raises Problem."""
        expected = expected_digest(self._request)
        self._check_announced_size()
        whole = hashlib.sha256() if expected else None
        try:
            await self._read(whole)
            file = await self._finish(expected, whole.digest() if whole else None)
        except ParserLimitReached as error:
            await self._draft.discard()
            raise header_too_large("/file" if self._parts else "/metadata") from error
        except (MultipartError, ClientDisconnect, OSError) as error:
            await self._draft.discard()
            raise _as_problem(error) from error
        except BaseException:
            await self._draft.discard()
            raise
        assert self._metadata is not None
        return Received(self._metadata, file)

    def _check_announced_size(self) -> None:
        announced = self._request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > self._max_bytes + _OVERHEAD_BYTES:
            raise too_large(self._max_bytes)

    async def _read(self, whole: "hashlib._Hash | None") -> None:
        parser = PushMultipartParser(_boundary_of(self._request), max_header_count=8)
        async for chunk in self._pace.chunks(self._request):
            self._received_bytes += len(chunk)
            if self._received_bytes > self._max_bytes + _OVERHEAD_BYTES:  # also what belongs to no part
                raise too_large(self._max_bytes)
            if chunk:
                if whole:
                    whole.update(chunk)
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        await self._begin_part(event)
                    elif event is None:
                        await self._end_part()
                    else:
                        await self._take(bytes(event))
        parser.close()

    async def _begin_part(self, segment: MultipartSegment) -> None:
        self._parts += 1
        expected = {1: "metadata", 2: "file"}.get(self._parts)
        if segment.name != expected:
            raise unexpected_part(expected)
        self._part = segment.name
        if self._part == "file":
            self._declared = segment.content_type or ""
            for name in (segment.filename or "", *file_names_of(segment.header("Content-Disposition") or "")):
                await self._refuse_name(name)

    async def _take(self, data: bytes) -> None:
        if self._part == "metadata":
            self._metadata_text += data
            if len(self._metadata_text) > MAX_METADATA_BYTES:
                raise metadata_too_large("/metadata")
            return
        self._size_bytes += len(data)
        if self._size_bytes > self._max_bytes:
            raise too_large(self._max_bytes)
        if self._media_type is None:
            self._head += data
            if len(self._head) >= HEAD_BYTES:
                self._recognise()
        await self._draft.write(data)

    async def _end_part(self) -> None:
        if self._part == "metadata":
            self._metadata = await self._judge(self._metadata_text)

    def _recognise(self) -> None:
        found = media_type_of(self._head)
        if found is None:
            raise Problem(
                415,
                "media-type-refused",
                "The file is of a kind that is not accepted.",
                field="/file",
                remedy=f"Send {ACCEPTED}.",
            )
        if not agrees(self._declared, found):
            raise Problem(
                415,
                "media-type-mismatch",
                f"The file is {found}, but its part says otherwise.",
                field="/file",
                remedy="Declare the content type that the file has.",
            )
        self._media_type = found
        self._head = b""

    async def _finish(self, expected: bytes | None, whole: bytes | None) -> StoredFile | None:
        if self._metadata is None:
            raise unexpected_part("metadata")
        if self._parts == 1:
            if self._file_needed:
                raise Problem(400, "file-missing", "There is no part `file`.", field="/file", remedy="Send the file.")
            return None
        if self._size_bytes == 0:
            raise Problem(422, "file-empty", "The file is empty.", field="/file", remedy="Scan the document again.")
        if self._media_type is None:
            self._recognise()
        assert self._media_type is not None

        def approve(digest: bytes) -> None:
            if expected not in {None, whole, digest}:
                raise wrong_digest()

        digest = await self._draft.keep(approve)
        return StoredFile(digest.hex(), self._size_bytes, self._media_type)


def file_names_of(disposition: str) -> list[str]:
    """Every name that the part says its file has: a second one, or one in another writing, may hide what the first says."""
    found = _FILE_NAME.findall(disposition)
    return [
        unquote((quoted or bare).rpartition("'")[2] if extended else quoted or bare)
        for extended, quoted, _, bare in found
    ]


def expected_digest(request: Request) -> bytes | None:
    """The SHA-256 in `Content-Digest` (RFC 9530): of the whole body, or, as simple senders have it, of the file."""
    header = request.headers.get("content-digest")
    if header is None:
        return None
    found = _DIGEST.search(header)
    try:
        digest = base64.b64decode(found[1], validate=True) if found else b""
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        raise Problem(
            400,
            "digest-unreadable",
            "Content-Digest holds no SHA-256.",
            field="Content-Digest",
            remedy="Send `Content-Digest: sha-256=:BASE64:` of the body, or leave it out.",
        )
    return digest


def wrong_digest() -> Problem:
    return Problem(
        400,
        "digest-mismatch",
        "The SHA-256 of what arrived is not the one in Content-Digest.",
        field="Content-Digest",
        remedy="Send the file again: it was changed on its way.",
    )


def too_large(max_bytes: int) -> Problem:
    return Problem(
        413,
        "too-large",
        f"The file is larger than {max_bytes} bytes.",
        field="/file",
        remedy="Scan with a lower resolution or in black and white.",
    )


def metadata_too_large(field: str | None) -> Problem:
    return Problem(
        413,
        "too-large",
        f"The metadata is larger than {MAX_METADATA_BYTES} bytes.",
        field=field,
        remedy="Shorten the texts.",
    )


def unexpected_part(expected: str | None) -> Problem:
    detail = f"The next part should be `{expected}`." if expected else "There are more parts than two."
    return Problem(
        400,
        "unexpected-part",
        detail,
        field=f"/{expected}" if expected else None,
        remedy="Send multipart/form-data with two parts: `metadata` (JSON) first, then `file`.",
    )


def header_too_large(field: str) -> Problem:
    return Problem(
        400,
        "header-too-large",
        "The part has too many header lines, or one that is too long.",
        field=field,
        remedy="Send the part with a shorter file name and only Content-Disposition and Content-Type.",
    )


def broken(detail: str) -> Problem:
    remedy = "Send multipart/form-data with two parts: `metadata` (JSON) first, then `file`."
    return Problem(400, "multipart-broken", detail, remedy=remedy)


def _boundary_of(request: Request) -> str:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data":
        raise Problem(
            415,
            "content-type-refused",
            "The body is no multipart/form-data.",
            field="Content-Type",
            remedy="Send multipart/form-data with two parts: `metadata` (JSON) first, then `file`.",
        )
    boundary: str = options.get("boundary", "")
    if not boundary:
        raise broken("The Content-Type names no boundary.")
    return boundary


def _as_problem(error: MultipartError | ClientDisconnect | OSError) -> Problem:
    if isinstance(error, MultipartError):
        return broken("The body is no whole multipart/form-data.")
    if isinstance(error, ClientDisconnect):
        return Problem(400, "sender-gone", "The connection ended before the body did.")
    return Problem(
        503,
        "storage-unavailable",
        "The file could not be stored safely. Nothing was done.",
        remedy="Send the same request again a little later.",
        headers={"Retry-After": "5"},
    )
