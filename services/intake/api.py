"""intake's HTTP API: devices post, staff read and correct."""

import pathlib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from services.chassis.auth import Staff, credential_of, forbidden, require
from services.chassis.direct import DirectRoute
from services.chassis.errors import NotFound, Problem, VersionConflict
from services.chassis.logs import logger
from services.chassis.mongo import Row
from services.events import DocumentEvent, DocumentStatus
from services.intake import openapi, period_counts
from services.intake.describing import corrected, withdrawn
from services.intake.device_keys import DeviceKeys
from services.intake.documents import answer, full_view
from services.intake.files import Files
from services.intake.judging import Judge, as_problem, body_of
from services.intake.media import EXTENSIONS
from services.intake.metadata import Correction, PeriodCount, Voiding, judge
from services.intake.period_counts import PeriodCounts
from services.intake.posting import Posting
from services.intake.settings import IntakeSettings
from services.intake.store import Register
from services.intake.writer import Writer
from services.policy import Action, Viewer, may_read, viewer_tokens

STAFF = "staff"
Limit = Annotated[int, Query(ge=1, le=500, description="Most entries of a page.")]
Year = Annotated[int, Path(ge=1, le=9999)]
After = Annotated[int, Query(ge=0, le=2**53, description="Number after which the page begins.")]


class Api:
    def __init__(
        self,
        settings: IntakeSettings,
        register: Register,
        device_keys: DeviceKeys,
        counts: PeriodCounts,
        files: Files,
        writer: Writer,
        staff: Staff,
    ) -> None:
        self._register = register
        self._device_keys = device_keys
        self._counts = counts
        self._files = files
        self._staff = staff
        self._judge = Judge(register, settings.zone)
        self._posting = Posting(settings, device_keys, self._judge, files, writer, staff)

    def add_to(self, app: FastAPI) -> None:
        add = app.add_api_route
        post = self._posting
        door = partial(app.router.add_api_route, methods=["POST"], route_class_override=DirectRoute)
        door("/api/v1/documents", post.document, **openapi.POST_DOCUMENT)
        door("/api/v1/issued", post.issued, **openapi.POST_ISSUED)
        add("/api/v1/documents/{document_id}", self.document, methods=["GET"], **openapi.GET_DOCUMENT)
        add("/api/v1/documents/{document_id}", self.correct, methods=["PATCH"], **openapi.PATCH_DOCUMENT)
        add("/api/v1/documents/{document_id}/file", self.file, methods=["GET"], **openapi.GET_FILE)
        add("/api/v1/documents/{document_id}/file", self.file, methods=["HEAD"], include_in_schema=False)
        add("/api/v1/documents/{document_id}/void", self.void, methods=["POST"], **openapi.POST_VOID)
        add("/api/v1/books/{book}/{year}", self.book, methods=["GET"], **openapi.GET_BOOK)
        add("/api/v1/period-counts", self.count, methods=["POST"], **openapi.POST_COUNT)
        add("/api/v1/period-counts", self.counts, methods=["GET"], **openapi.GET_COUNTS)
        add("/api/v1/period-counts/{count_id}", self.recount, methods=["PUT"], **openapi.PUT_COUNT)

    async def document(self, request: Request, document_id: str) -> Response:
        """A device sees the answer that it got; staff see what the need-to-know policy lets them see."""
        device = await self._device_keys.device_of(credential_of(request))
        if device is not None:
            row = await self._register.get(document_id, device.office)
            if row is None or row["device"] != device.device:
                raise NotFound("document")
            return _json(answer(row))
        viewer = await self._staff.viewer(request)
        (view,) = await self._views(viewer, [await self._readable(viewer, document_id)])
        return _json(view)

    async def file(self, request: Request, document_id: str) -> Response:
        """The bytes, as an attachment, in ranges when asked; staff only."""
        if await self._device_keys.device_of(credential_of(request)) is not None:
            raise forbidden("read files with a device key", "on the staff and may read the document")
        row = await self._readable(await self._staff.viewer(request), document_id)
        if "file" not in row or "seal" in row:
            raise NotFound("file")
        path = self._files.path_of(row["office"], row["_id"])
        if not await run_in_threadpool(path.is_file):
            logger("intake").error("a document's file is not there", document=row["_id"])
            raise Problem(
                503, "file-unavailable", "The file cannot be read at the moment.", headers={"Retry-After": "60"}
            )
        return _attachment(path, row)

    async def book(self, request: Request, book: str, year: Year, after: After = 0, limit: Limit = 100) -> Response:
        """The book's entries in order of number; those that the viewer may not know of are left out."""
        viewer = await self._staff.viewer(request)
        if not await self._register.has_book(viewer.office, book):
            raise NotFound("book")
        tokens = viewer_tokens(viewer)
        rows = await self._register.page(viewer.office, book, year, after, limit, tokens, viewer.person_id)
        following = rows[-1]["number"] if len(rows) == limit else None
        return _json({"book": book, "year": year, "entries": await self._views(viewer, rows), "next": following})

    async def correct(self, request: Request, document_id: str) -> Response:
        """Corrects the description; `expected_version` in the body. A clerk's work."""
        viewer = await self._staff.viewer(request)
        said = await self._judge.metadata(Correction, await body_of(request), viewer.office, STAFF)
        today, now = self._judge.today(), datetime.now(UTC)

        def decide(row: Row) -> tuple[Row, DocumentEvent]:
            _may_change(viewer, row, Action.CORRECT_DOCUMENT, said.expected_version)
            with as_problem():
                return corrected(row, said, today, now)

        (view,) = await self._views(viewer, [await self._register.change(document_id, viewer.office, decide)])
        return _json(view)

    async def void(self, request: Request, document_id: str) -> Response:
        """A mistake keeps its number; the reason stands beside it. A clerk's work."""
        viewer = await self._staff.viewer(request)
        said = await self._judge.metadata(Voiding, await body_of(request), viewer.office, STAFF)
        now = datetime.now(UTC)

        def decide(row: Row) -> tuple[Row, DocumentEvent]:
            _may_change(viewer, row, Action.VOID_DOCUMENT, said.expected_version)
            return withdrawn(row, said.reason, viewer.person_id, now)

        (view,) = await self._views(viewer, [await self._register.change(document_id, viewer.office, decide)])
        return _json(view)

    async def count(self, request: Request) -> Response:
        """Enter how many secret documents a period had. The same again gives the first answer."""
        viewer, said = await self._counted(request)
        row = await self._counts.keep_first(viewer.office, said, viewer.person_id)
        location = f"/intake/api/v1/period-counts/{row['_id']}"
        return _json(period_counts.view(row), 201, {"Location": location})

    async def recount(self, request: Request, count_id: str) -> Response:
        """Correct a count; `expected_version` in the body."""
        viewer, said = await self._counted(request)
        return _json(period_counts.view(await self._counts.correct(count_id, viewer.office, said, viewer.person_id)))

    async def counts(self, request: Request) -> Response:
        viewer = await self._staff.viewer(request)
        require(viewer, Action.READ_REPORTS, "a clerk, a leader or an auditor")
        return _json({"counts": [period_counts.view(row) for row in await self._counts.all(viewer.office)]})

    async def _counted(self, request: Request) -> tuple[Viewer, PeriodCount]:
        viewer = await self._staff.viewer(request)
        require(viewer, Action.ENTER_PERIOD_COUNTS, "a clerk")
        text = await body_of(request)
        with as_problem():
            said = self._judge.plain(PeriodCount, text)
            judge(said.faults(self._judge.today()))
        return viewer, said

    async def _views(self, viewer: Viewer, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """As the viewer may see them: also that there is an earlier one with equal bytes only if they may know of it."""
        earlier = {row["possible_duplicate_of"] for row in rows if "possible_duplicate_of" in row}
        known = await self._register.readable_of(earlier, viewer.office, viewer_tokens(viewer), viewer.person_id)
        views = [full_view(row) for row in rows]
        return [
            view | {"possible_duplicate_of": _if_known(view["possible_duplicate_of"], known)}
            if "possible_duplicate_of" in view
            else view
            for view in views
        ]

    async def _readable(self, viewer: Viewer, document_id: str) -> Row:
        row = await self._register.get(document_id, viewer.office)
        if row is None or not may_read(viewer, row["office"], row["readers"], row["conflicted"]):
            raise NotFound("document")
        return row


def _if_known(id: str | None, known: Collection[str]) -> str | None:
    return id if id in known else None


def _may_change(viewer: Viewer, row: Row, action: Action, expected_version: int) -> None:
    if not may_read(viewer, row["office"], row["readers"], row["conflicted"]):
        raise NotFound("document")
    require(viewer, action, "a clerk")
    if row["version"] != expected_version:
        raise VersionConflict(row["version"], _plain(full_view(row)))
    if "seal" in row:
        raise Problem(409, "sealed", "The document is sealed.", remedy="Let a security officer confirm or unseal it.")
    if row["status"] == DocumentStatus.VOIDED:
        raise Problem(409, "voided", "The document is voided; it stays as it is.", remedy="Register it anew.")


def _plain(view: Mapping[str, Any]) -> dict[str, object]:
    plain: dict[str, object] = orjson.loads(orjson.dumps(view))
    return plain


def _attachment(path: pathlib.Path, row: Row) -> Response:
    name = f"{row['book']}-{row['year']}-{row['number']}.{EXTENSIONS[row['file']['media_type']]}"
    headers = {
        "ETag": f'"{row["sha256"]}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return FileResponse(path, headers=headers, media_type=row["file"]["media_type"], filename=name)


def _json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, "application/json")
