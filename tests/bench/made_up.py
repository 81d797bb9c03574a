"""The demo's year as input: metadata to post, or the events that intake would say about it."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from uuid_utils.compat import uuid7

from services.demo.papers import Paper, Papers
from services.demo.plan import published, sampled
from services.demo.year import year
from services.events import Direction, DocumentReceived, DocumentState, DocumentStatus, FileReference
from services.intake.documents import Arrival, StoredFile, entry

DESCRIBED = {
    "issuer",
    "issuer_level",
    "kind",
    "document_number",
    "symbol",
    "document_date",
    "arrived_on",
    "due_on",
    "subject",
    "urgency",
    "restricted",
}


def incoming(documents: int) -> Iterator[Paper]:
    """So many incoming papers, spread over the year in the order of their days."""
    counts = {category: count for category, count in published().counts.items() if category.incoming}
    papers = Papers([])
    slots = year(sampled(counts, documents))
    return islice((papers.paper(slot) for slot in slots), documents)


def metadata_sample(documents: int) -> list[dict[str, Any]]:
    return [paper.metadata for paper in incoming(documents)]


def received(office: str, documents: int) -> Iterator[DocumentReceived]:
    """What intake says when such papers come in; of more than a year has, the year again."""
    began_at, number = datetime.now(UTC), 0
    while number < documents:
        for paper in incoming(documents - number):
            number += 1
            yield _received(office, paper, number, began_at + timedelta(milliseconds=number))


def _received(office: str, paper: Paper, number: int, at: datetime) -> DocumentReceived:
    said = dict(paper.metadata)
    document_id, restricted = str(uuid7()), bool(said.pop("restricted", False))
    if restricted:
        said.pop("subject"), said.pop("issuer", None)
    state = DocumentState(
        document_id=document_id,
        direction=Direction.INCOMING,
        book="incoming",
        year=at.year,
        number=number,
        received_at=at,
        status=DocumentStatus.REGISTERED,
        document_number=said.pop("number", None),
        document_date=_day(said.pop("document_date", None)),
        due_on=_day(said.pop("due_on", None)),
        arrived_on=date.fromisoformat(said.pop("arrived_on")),
        restricted=restricted,
        file=_file(office, document_id),
        **said,
    )
    return DocumentReceived(office=office, key=document_id, version=1, recorded_at=at, document=state)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _file(office: str, document_id: str) -> FileReference:
    digest = hashlib.sha256(document_id.encode()).hexdigest()
    return FileReference(
        reference=f"{office}/{document_id}", sha256=digest, size_bytes=20_000, media_type="application/pdf"
    )


def entries_of(events: Iterable[DocumentReceived]) -> list[dict[str, Any]]:
    """intake's own rows of these documents, before anybody was assigned."""
    return [_entry(event.office, event.document) for event in events]


def _entry(office: str, state: DocumentState) -> dict[str, Any]:
    said = state.model_dump(mode="json", exclude_none=True, include=DESCRIBED)
    assert state.file is not None
    stored = StoredFile(state.file.sha256, state.file.size_bytes, state.file.media_type)
    arrival = Arrival(
        document_id=state.document_id,
        office=office,
        book=state.book,
        direction=state.direction,
        device="scan-1",
        body="UBND",
        description=said,
        file=stored,
        fingerprint=stored.sha256,
        idempotency_key=state.document_id,
    )
    return entry(arrival, state.year, state.number, state.received_at, None, "bench")
