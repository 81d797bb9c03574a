"""What was heard and told of one document, and what its notices are made of. Pure."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.events import NoticeEvent, NoticeFailed, NoticeOpened, NoticeState
from services.notify.audience import Heard, Telling

MOST_CARRIED = 100
NAMES = uuid.UUID("6f1c3a52-54a1-5d0b-9a2e-0d6c5b7e4a11")


@dataclass(frozen=True, slots=True)
class About:
    """What a notice's words are made of. A restricted document has neither subject nor note."""

    book: str | None = None
    year: int | None = None
    number: int | None = None
    urgency: str = "normal"
    due_on: str | None = None
    restricted: bool = False
    subject: str | None = None
    note: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing said to one person about one event."""

    id: str
    office: str
    person_id: str
    document_id: str
    cause: str
    event_type: str
    telling: Telling
    about: About
    created_at: datetime


@dataclass(frozen=True)
class Ledger:
    """What was heard and told of one document. `version` counts notify's own events about it.

    `seal_heard` is intake's (epoch, version) that last said whether it is sealed.
    """

    document_id: str
    office: str
    version: int = 0
    restricted: bool = False
    sealed: bool = False
    seal_heard: tuple[int, int] = (0, 0)
    about: About = About()
    heard: tuple[Heard, ...] = ()
    notices: tuple[NoticeState, ...] = ()

    @property
    def wordless(self) -> bool:
        """Whether its notices may say no more than its number."""
        return self.restricted or self.sealed

    @property
    def epoch(self) -> int:
        return self.heard[-1].epoch if self.heard else 0


def discreet(about: About) -> About:
    """The same of a restricted document."""
    return replace(about, restricted=True, subject=None, note=None)


def newest(notices: Sequence[NoticeState], changed: Collection[str]) -> tuple[NoticeState, ...]:
    """What an event carries: those that changed, and as many of the others as make 100."""
    others = [each.notice_id for each in notices if each.notice_id not in changed]
    left_out = set(others[: max(0, len(notices) - MOST_CARRIED)])
    return tuple(each for each in notices if each.notice_id not in left_out)


def opened(ledger: Ledger, notice_id: str, at: datetime) -> tuple[Ledger, NoticeEvent]:
    notices = tuple(
        each.model_copy(update={"opened_at": at}) if each.notice_id == notice_id else each for each in ledger.notices
    )
    return _next(ledger, notices, NoticeOpened, notice_id, at)


def failed(ledger: Ledger, notice: NoticeState, at: datetime) -> tuple[Ledger, NoticeEvent]:
    """What goes outside enters the ledger only when it failed for good; successes are in the delivery log."""
    return _next(ledger, (*ledger.notices, notice), NoticeFailed, notice.notice_id, at)


def _next(
    ledger: Ledger, notices: tuple[NoticeState, ...], event: type[NoticeEvent], changed: str, now: datetime
) -> tuple[Ledger, NoticeEvent]:
    following = replace(ledger, version=ledger.version + 1, notices=notices)
    return following, event(
        office=ledger.office,
        key=ledger.document_id,
        version=following.version,
        epoch=ledger.epoch,
        recorded_at=now,
        notices=newest(notices, [changed]),
        changed=(changed,),
    )
