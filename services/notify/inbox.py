"""An inbox as its person sees it: pages, places in them, and notices as answers. Pure."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from services.notify.rows import notice_of
from services.notify.wording import Words, body, title

MOST_CURSOR = 300
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Text(BaseModel):
    vi: str
    en: str


class NoticeAnswer(BaseModel):
    id: str
    office: str
    document_id: str = Field(description="The document's id; of a secrecy incident, the incident's.")
    event_type: str
    cause: str = Field(description="Id of the event that caused the notice.")
    telling: str = Field(description="What it says: awaits_you, co_ordinate, went_elsewhere and so on.")
    title: Text
    body: Text
    urgency: str
    book: str | None
    year: int | None
    number: int | None
    due_on: str | None
    created_at: datetime
    opened_at: datetime | None


class InboxAnswer(BaseModel):
    notices: list[NoticeAnswer]
    unread: int = Field(description="All unread notices of the person, counted up to 10,000.")
    next: str | None = Field(description="Send as `after` for the next page; null on the last.")
    stream_from: str = Field(description="Send as `Last-Event-ID` to the stream to miss nothing after this page.")


@dataclass(frozen=True)
class Place:
    """The last notice of a page."""

    unread: bool
    created_at: datetime
    id: str


@dataclass(frozen=True)
class Position:
    """The last notice that a stream has sent."""

    created_at: datetime
    id: str = ""


def cursor_of(rows: Sequence[dict[str, Any]], limit: int) -> str | None:
    if len(rows) < limit:
        return None
    last = rows[-1]
    place = json.dumps([last["unread"], _milliseconds(last["created_at"]), last["_id"]])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """Raises ValueError for what no page has given out."""
    if len(cursor) > MOST_CURSOR:
        raise ValueError("not a cursor")
    try:
        unread, milliseconds, id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(unread, bool) or not isinstance(id, str):
            raise ValueError("not a cursor")
        id.encode()  # half a surrogate pair is no text that a database takes
        return Place(unread, _moment(milliseconds), id)
    except (binascii.Error, TypeError, OverflowError, RecursionError) as error:
        raise ValueError("not a cursor") from error


def event_id_of(position: Position) -> str:
    return f"{_milliseconds(position.created_at)}.{position.id}"


def position_of(event_id: str) -> Position:
    """Raises ValueError for what no stream has given out."""
    milliseconds, dot, id = event_id.partition(".")
    if not dot or not milliseconds.isdigit() or len(milliseconds) > 15:
        raise ValueError("not an event id of this stream")
    try:
        return Position(_moment(int(milliseconds)), id)
    except OverflowError as error:
        raise ValueError("not an event id of this stream") from error


def answer_of(row: dict[str, Any], zone: ZoneInfo) -> NoticeAnswer:
    notice = notice_of(row)
    about = notice.about
    return NoticeAnswer(
        id=notice.id,
        office=notice.office,
        document_id=notice.document_id,
        event_type=notice.event_type,
        cause=notice.cause,
        telling=notice.telling,
        title=_text(title(notice.telling, about)),
        body=_text(body(notice.telling, about, notice.created_at, zone)),
        urgency=about.urgency,
        book=about.book,
        year=about.year,
        number=about.number,
        due_on=about.due_on,
        created_at=notice.created_at,
        opened_at=row.get("opened_at"),
    )


def _text(words: Words) -> Text:
    return Text(vi=words.vi, en=words.en)


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)
