"""Rows that are older than their own journal get the newest state that it tells."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Container, Sequence
from dataclasses import dataclass, field

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


@dataclass
class Adopted:
    """`unlogged` are documents that stand in no line of the register log; `contested` have another's number."""

    behind: int = 0
    unlogged: list[str] = field(default_factory=list)
    contested: list[str] = field(default_factory=list)


async def adopt_documents(
    intake: IntakeRecovery, journal: Collection, contested: Container[str], progress: Progress
) -> Adopted:
    """Documents and hand-entered counts. Nothing is made of those that the register log contradicts itself about."""
    done = Adopted()
    async for row in _behind(said(journal, "documents"), intake.by_id(), progress):
        if row["key"] in contested:
            continue
        event = event_of(await _whole(journal, row))
        if isinstance(event, PeriodCounted):
            if await intake.count_version(event.key) < event.version:
                await intake.keep_count(event)
                done.behind += 1
        elif isinstance(event, DocumentEvent) and (state := getattr(event, "document", None)):
            await _adopt_document(intake, event, state, done)
    return done


async def _adopt_document(intake: IntakeRecovery, event: DocumentEvent, state: DocumentState, done: Adopted) -> None:
    known = await intake.get(event.key)
    if known is not None:
        await intake.replace(with_state(known, state, event.version))
        done.behind += 1
    elif await intake.register_unlogged(from_event(event, state)):
        done.unlogged.append(event.key)
    else:
        done.contested.append(event.key)


async def adopt_assignments(
    routing: RoutingRecovery, journal: Collection, documents: Collection, progress: Progress
) -> int:
    """How many assignments were behind. `documents` is intake's journal: what routing had heard."""
    behind = 0
    async for row in _behind(said(journal, "assignments"), routing.by_id(), progress):
        event = event_of(await _whole(journal, row))
        if isinstance(event, AssignmentEvent) and (said_so_far := await _document_events(event.key, documents)):
            behind += 1
            await routing.adopt(event, _heard(said_so_far, event), order_of(said_so_far[-1]))
    return behind


async def _behind(events: AsyncIterable[Row], states: AsyncIterable[Row], progress: Progress) -> AsyncIterator[Row]:
    """The newest event of each subject whose row is older than it, or is not there."""
    async for _, found in side_by_side({"events": events, "states": states}, _key):
        progress(1)
        newest = max(found["events"], key=order_of, default=None)
        if newest and newest["version"] > max((row["version"] for row in found["states"]), default=0):
            yield newest


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
