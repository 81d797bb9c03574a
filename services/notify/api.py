"""HTTP in: a person's own inbox, its live stream, and the receipt that a notice was opened."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import anyio
import orjson
from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.chassis.auth import Staff
from services.chassis.errors import NotFound, Problem
from services.notify.handlers import Notify
from services.notify.inbox import InboxAnswer, Place, Position, answer_of, cursor_of, event_id_of, place_of, position_of
from services.notify.settings import NotifySettings
from services.notify.store import Store
from services.notify.stream import Live, now

RETRY_MILLISECONDS = 2000
GRACE_SECONDS = 2.0
_STREAM: dict[str, Any] = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}


class Opened(BaseModel):
    id: str
    opened_at: datetime


def inbox_router(settings: NotifySettings, staff: Staff, store: Store, notify: Notify, live: Live) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["inbox"])

    @router.get("/inbox")
    async def inbox(
        request: Request,
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        unread: bool = False,
    ) -> InboxAnswer:
        """The caller's own notices: unread first, newest first within."""
        viewer = await staff.viewer(request)
        place, asked_at = _place(after), Position(now())
        rows = await store.page(viewer.office, viewer.person_id, place, limit, unread=unread)
        return InboxAnswer(
            notices=[answer_of(row, settings.zone) for row in rows],
            unread=await store.count_unread(viewer.office, viewer.person_id),
            next=cursor_of(rows, limit),
            stream_from=event_id_of(asked_at),
        )

    @router.get("/inbox/stream", response_class=EventSourceResponse, responses={200: _STREAM})
    async def stream(
        request: Request,
        last_event_id: Annotated[str | None, Header()] = None,
        after: Annotated[str | None, Query(description="Same as Last-Event-ID, for a first connection.")] = None,
    ) -> EventSourceResponse:
        """New notices as server-sent events `notice`. After a resume some of the last seconds come twice."""
        viewer = await staff.viewer(request)
        last, ending = _position(last_event_id or after), anyio.Event()
        rows = live.notices(viewer.office, viewer.person_id, last, lambda: staff.viewer(request), ending)
        return EventSourceResponse(
            _events(rows, settings.zone),
            ping=settings.stream_heartbeat_seconds,
            shutdown_event=ending,
            shutdown_grace_period=GRACE_SECONDS,
        )

    @router.post("/notices/{notice_id}/opened")
    async def opened(request: Request, notice_id: str) -> Opened:
        """Say that the caller has opened the notice; repeats answer the first time."""
        viewer = await staff.viewer(request)
        opened_at = await notify.open(viewer.office, viewer.person_id, notice_id)
        if opened_at is None:
            raise NotFound("notice")
        return Opened(id=notice_id, opened_at=opened_at)

    return router


async def _events(rows: AsyncGenerator[dict[str, Any] | None, None], zone: ZoneInfo) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(comment="open", retry=RETRY_MILLISECONDS)
    async with aclosing(rows):
        async for row in rows:
            yield _event(row, zone) if row else ServerSentEvent(comment="live")


def _event(row: dict[str, Any], zone: ZoneInfo) -> ServerSentEvent:
    answer = orjson.dumps(answer_of(row, zone).model_dump(mode="json")).decode()
    return ServerSentEvent(data=answer, event="notice", id=event_id_of(Position(row["created_at"], row["_id"])))


def _place(cursor: str | None) -> Place | None:
    try:
        return place_of(cursor) if cursor else None
    except ValueError as error:
        remedy = "Send `next` of the page before as it was, or nothing."
        raise Problem(400, "invalid-cursor", "There is no such page.", field="after", remedy=remedy) from error


def _position(event_id: str | None) -> Position | None:
    try:
        return position_of(event_id) if event_id else None
    except ValueError as error:
        remedy = "Send the id of the last event that the stream sent, or nothing."
        raise Problem(
            400, "invalid-event-id", "There is no such event.", field="Last-Event-ID", remedy=remedy
        ) from error
