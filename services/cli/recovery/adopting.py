"""Rows that are older than their own journal get the newest state that it tells."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence

from services.chassis.journal import order_of, rows_about
from services.chassis.mongo import Collection, Row
from services.cli.check.figures import event_of
from services.cli.check.merging import side_by_side
from services.events import AssignmentEvent, DocumentEvent, DocumentState, PeriodCounted
from services.intake.documents import from_event, with_state
from services.intake.recovering import Recovery as IntakeRecovery
from services.routing.recovering import Recovery as RoutingRecovery

Progress = Callable[[int], None]
SAID = dict.fromkeys(("key", "version", "epoch", "type"), 1)


async def said(journal: Collection, topic: str) -> AsyncIterator[Row]:
    """Every event of the topic without its value, by key and version; at any size."""
    async for row in journal.find({"topic": topic}, SAID).sort("_id", 1).batch_size(5000):
        yield row


async def adopt_documents(intake: IntakeRecovery, journal: Collection, progress: Progress) -> tuple[int, list[str]]:
    """How many documents and counts were behind, and the documents that stand in no line of the register log."""
    behind, unlogged = 0, []
    streams: dict[str, AsyncIterable[Row]] = {"said": said(journal, "documents"), "kept": intake.by_id()}
    async for key, found in side_by_side(streams, _key):
        progress(1)
        newest = max(found["said"], key=order_of, default=None)
        kept = found["kept"][0]["version"] if found["kept"] else 0
        if newest is None or newest["version"] <= kept:
            continue
        event = event_of(await _whole(journal, newest))
        state: DocumentState | None = getattr(event, "document", None)
        if isinstance(event, PeriodCounted) and await intake.count_version(key) < event.version:
            await intake.keep_count(event)
            behind += 1
        elif isinstance(event, DocumentEvent) and state is not None:
            behind += 1
            row = await intake.get(key)
            if row is None:
                unlogged.append(key)
                await intake.register_unlogged(from_event(event, state))
            else:
                await intake.replace(with_state(row, state, event.version))
    return behind, unlogged


async def adopt_assignments(
    routing: RoutingRecovery, journal: Collection, documents: Collection, progress: Progress
) -> int:
    """How many assignments were behind. `documents` is intake's journal: what routing had heard."""
    behind = 0
    streams: dict[str, AsyncIterable[Row]] = {"said": said(journal, "assignments"), "kept": routing.by_id()}
    async for _, found in side_by_side(streams, _key):
        progress(1)
        newest = max(found["said"], key=order_of, default=None)
        if newest is None or newest["version"] <= (found["kept"][0]["version"] if found["kept"] else 0):
            continue
        event = event_of(await _whole(journal, newest))
        if isinstance(event, AssignmentEvent) and (said_so_far := await _document_events(event.key, documents)):
            behind += 1
            await routing.adopt(event, _heard(said_so_far, event), order_of(said_so_far[-1]))
    return behind


async def _whole(journal: Collection, row: Row) -> Row:
    found = await journal.find_one({"_id": row["_id"]})
    assert found is not None
    return found


async def _document_events(key: str, documents: Collection) -> list[Row]:
    rows = [row async for row in documents.find(rows_about([key])) if hasattr(event_of(row), "document")]
    return sorted(rows, key=order_of)


def _heard(rows: Sequence[Row], before: AssignmentEvent) -> DocumentState:
    """What intake had said of the document when routing spoke; what it said first where clocks differ."""
    earlier = [row for row in rows if row["recorded_at"] <= before.recorded_at]
    state: DocumentState = getattr(event_of([*rows[:1], *earlier][-1]), "document")  # noqa: B009
    return state


def _key(row: Row) -> str:
    return str(row.get("key") or row["_id"])
