"""How ledgers and notices look as rows, and back. Pure."""

from dataclasses import fields
from typing import Any

from services.events import NoticeState
from services.notify.audience import Heard, Telling
from services.notify.ledger import About, Ledger, Notice

Row = dict[str, Any]
ABOUT = tuple(each.name for each in fields(About))


def ledger_row(ledger: Ledger) -> Row:
    return {
        "_id": ledger.document_id,
        "office": ledger.office,
        "version": ledger.version,
        "restricted": ledger.restricted,
        "sealed": ledger.sealed,
        "seal_heard": list(ledger.seal_heard),
        "about": about_row(ledger.about),
        "heard": [_heard_row(each) for each in ledger.heard],
        "notices": [each.__dict__.copy() for each in ledger.notices],
    }


def ledger_of(row: Row) -> Ledger:
    return Ledger(
        document_id=row["_id"],
        office=row["office"],
        version=row["version"],
        restricted=row["restricted"],
        sealed=row.get("sealed", False),
        seal_heard=tuple(row.get("seal_heard", (0, 0))),
        about=About(**row["about"]),
        heard=tuple(map(_heard, row["heard"])),
        notices=tuple(NoticeState.model_construct(**each) for each in row["notices"]),
    )


def _heard_row(heard: Heard) -> list[Any]:
    who = [str(heard.status), heard.lead, list(heard.coordinators)]
    return [heard.type, heard.epoch, heard.version, *who, list(heard.conflicted), heard.deciding, heard.restricted]


def _heard(facts: list[Any]) -> Heard:
    """Rows of the first release end with the co-ordinators."""
    type, epoch, version, status, lead, coordinators, *more = facts
    conflicted, deciding, restricted = more or ((), None, False)
    return Heard(type, epoch, version, status, lead, tuple(coordinators), tuple(conflicted), deciding, restricted)


def notice_row(notice: Notice) -> Row:
    return {
        "_id": notice.id,
        "office": notice.office,
        "person_id": notice.person_id,
        "document_id": notice.document_id,
        "cause": notice.cause,
        "event_type": notice.event_type,
        "telling": str(notice.telling),
        "about": about_row(notice.about),
        "created_at": notice.created_at,
        "unread": True,
    }


def notice_of(row: Row) -> Notice:
    return Notice(
        id=row["_id"],
        office=row["office"],
        person_id=row["person_id"],
        document_id=row["document_id"],
        cause=row["cause"],
        event_type=row["event_type"],
        telling=Telling(row["telling"]),
        about=About(**row["about"]),
        created_at=row["created_at"],
    )


def about_row(about: About) -> Row:
    """Only what is there, so that rows stay small."""
    return {name: value for name in ABOUT if (value := getattr(about, name)) is not None}
