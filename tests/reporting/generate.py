"""Facts and their counters, straight into the store: for measuring reports at any number of documents."""

import asyncio
import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from services.events import AssignmentStatus, DocumentStatus, IssuerLevel, Kind, Urgency
from services.reporting.facts import Fact, fact_of
from services.reporting.store import ReportingStore, _increment
from services.reporting.tally import Delta, by_row, move
from tests.offices import HA_TINH

PIECE = 5_000
FIRST_DAY = date(2016, 1, 1)
DAYS = 350
UNITS = tuple(f"U{number}" for number in range(10))
KINDS = tuple(Kind)
LEVELS = tuple(IssuerLevel)


async def generate(store: ReportingStore, count: int, *, office: str = HA_TINH, seed: int = 1) -> None:
    """Insert facts beside what is there; a million takes two minutes or so. No other writer may be at work."""
    choose = random.Random(seed)
    delta: Delta = {}
    piece: list[Fact] = []
    inserting = asyncio.create_task(_insert(store, []))
    for fact in _facts(choose, count, office, seed):
        move(delta, office, (), fact["counted"])
        piece.append(fact)
        if len(piece) == PIECE:
            await inserting  # the database works on one piece while the next one is made
            inserting = asyncio.create_task(_insert(store, piece))
            await asyncio.sleep(0)
            piece = []
    await inserting
    await _insert(store, piece)
    counters = store._database[f"counters_{(await store.pointer()).current.counters}"]
    await counters.bulk_write([_increment(row, 0, counts) for row, counts in by_row(delta).items()], ordered=False)


async def _insert(store: ReportingStore, piece: list[Fact]) -> None:
    if piece:
        await store._facts((await store.pointer()).current).insert_many(piece, ordered=False)


def _facts(choose: random.Random, count: int, office: str, seed: int) -> Iterator[Fact]:
    days = [(FIRST_DAY + timedelta(days=offset)).isoformat() for offset in range(DAYS + 40)]
    for index in range(count):
        day = choose.randrange(DAYS)
        unit = choose.randrange(len(UNITS))
        incoming = index % 4 != 3
        due_on = days[day + 10] if index % 3 else None
        parts = {"intake": _intake(index, days[day], incoming, choose)}
        if incoming:
            done_on = days[day + choose.randrange(40)] if index % 2 else None
            parts["routing"] = _routing(UNITS[unit], f"p{unit}{index % 4}", due_on, done_on)
        yield fact_of(office, f"{office}-{seed}-{index:08d}", parts)


def _intake(index: int, day: str, incoming: bool, choose: random.Random) -> dict[str, Any]:
    return {
        "epoch": 0,
        "version": 1,
        "direction": "incoming" if incoming else "outgoing",
        "book": "den" if incoming else "di",
        "year": 2026,
        "number": index + 1,
        "status": DocumentStatus.REGISTERED.value,
        "kind": KINDS[choose.randrange(len(KINDS))].value,
        "issuer_level": LEVELS[choose.randrange(len(LEVELS))].value,
        "arrived_on": day,
        "due_on": None,
        "urgency": Urgency.NORMAL.value,
        "restricted": False,
        "own_office": False,
        "conflicted": [],
        "subject": "V/v triển khai nhiệm vụ năm 2016",
        "issuer": "UBND huyện Kỳ Anh",
        "symbol": "UBND-NC",
        "document_number": str(index),
        "document_date": day,
    }


def _routing(unit: str, person: str, due_on: str | None, done_on: str | None) -> dict[str, Any]:
    status = AssignmentStatus.COMPLETED if done_on else AssignmentStatus.ASSIGNED
    return {
        "epoch": 0,
        "version": 1,
        "status": status.value,
        "lead_unit_id": unit,
        "lead_person_id": person,
        "coordinators": [],
        "deciding_person_id": None,
        "due_on": due_on,
        "completed_on": done_on,
        "restricted": False,
    }
