"""HTTP in: whoever recognises a state secret seals it at once; a security officer confirms or unseals."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import orjson
from fastapi import FastAPI, Request, Response
from uuid_utils import uuid7

from services.chassis.auth import Staff, require
from services.chassis.errors import NotFound, Problem, VersionConflict
from services.chassis.mongo import Row, kept_now
from services.events import DocumentEvent, SecrecyIncidentRaised
from services.intake import openapi
from services.intake.documents import bare_view
from services.intake.judging import Judge, body_of
from services.intake.sealing import (
    Confirming,
    Outcome,
    Refused,
    Sealing,
    Stale,
    Unsealing,
    confirmed,
    sealed,
    unsealed,
)
from services.intake.store import Register
from services.policy import Action, Role, Viewer, may_read

OFFICER = "a security officer"


class Seals:
    def __init__(self, register: Register, staff: Staff, zone: ZoneInfo) -> None:
        self._register = register
        self._staff = staff
        self._judge = Judge(register, zone)

    def add_to(self, app: FastAPI) -> None:
        document = "/api/v1/documents/{document_id}"
        app.add_api_route(f"{document}/seal", self.seal, methods=["POST"], **openapi.POST_SEAL)
        app.add_api_route(f"{document}/confirm-seal", self.confirm, methods=["POST"], **openapi.POST_CONFIRM)
        app.add_api_route(f"{document}/unseal", self.unseal, methods=["POST"], **openapi.POST_UNSEAL)
        app.add_api_route("/api/v1/sealed", self.listed, methods=["GET"], **openapi.GET_SEALED)

    async def seal(self, request: Request, document_id: str) -> Response:
        """Nobody reads it from now on. A repeat changes nothing."""
        viewer = await self._staff.viewer(request)
        said = self._judge.plain(Sealing, await body_of(request))

        now = kept_now()

        def decide(row: Row) -> Outcome:
            if not _may_know(viewer, row):
                raise NotFound("document")
            require(viewer, Action.SEAL_DOCUMENT, "a clerk, a leader or a security officer")
            with as_conflict():
                new, *events = sealed(row, said, viewer.person_id, now)
            incident = SecrecyIncidentRaised(
                office=viewer.office, key=str(uuid7()), version=1, recorded_at=now, device=row["device"]
            )
            told: list[DocumentEvent] = [*events, incident] if events else []
            return (new, *told)

        return _bare(await self._register.change(document_id, viewer.office, decide))

    async def confirm(self, request: Request, document_id: str) -> Response:
        """It is a state secret: `vanthu erase` may destroy it."""
        viewer = await self._officer(request)
        said = self._judge.plain(Confirming, await body_of(request))
        return await self._change(viewer, document_id, lambda row: confirmed(row, said, viewer.person_id, kept_now()))

    async def unseal(self, request: Request, document_id: str) -> Response:
        """It is none: it reads as before. What notices and notes said of it does not come back."""
        viewer = await self._officer(request)
        said = self._judge.plain(Unsealing, await body_of(request))
        return await self._change(viewer, document_id, lambda row: unsealed(row, said, viewer.person_id, kept_now()))

    async def listed(self, request: Request) -> Response:
        """What waits for a security officer: by book and number only."""
        viewer = await self._officer(request)
        rows = await self._register.sealed(viewer.office, viewer.person_id)
        return Response(orjson.dumps({"documents": list(map(bare_view, rows))}), media_type="application/json")

    async def _officer(self, request: Request) -> Viewer:
        viewer = await self._staff.viewer(request)
        require(viewer, Action.JUDGE_SEAL, OFFICER)
        return viewer

    async def _change(self, viewer: Viewer, document_id: str, decide: Callable[[Row], Outcome]) -> Response:
        def seen(row: Row) -> Outcome:
            if viewer.person_id in row["conflicted"]:
                raise NotFound("document")
            with as_conflict():
                return decide(row)

        return _bare(await self._register.change(document_id, viewer.office, seen))


class as_conflict:  # noqa: N801
    """Inside it, what a document's state does not allow becomes the problem that the caller is told."""

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Stale):
            raise VersionConflict(error.version) from None
        if isinstance(error, Refused):
            raise Problem(409, error.code, str(error), remedy=error.remedy) from None


def _may_know(viewer: Viewer, row: Row) -> bool:
    """Whoever may read it; who sealed it, for a repeat; and the security officers, of every document."""
    if viewer.person_id in row["conflicted"]:
        return False
    own = row.get("seal", {}).get("by") == viewer.person_id
    return own or Role.SECURITY_OFFICER in viewer.roles or may_read(viewer, row["office"], row["readers"])


def _bare(row: Row) -> Response:
    return Response(orjson.dumps(bare_view(row)), media_type="application/json")
