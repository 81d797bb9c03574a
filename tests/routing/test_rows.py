"""What is written to the database, without one: rows read as they were kept, and loads are moved by differences."""

from datetime import date, timedelta
from typing import Any

import bson
from pymongo import UpdateOne

from services.events import Absence, AbsenceKind, AssignmentStatus, Delegation, Half
from services.routing.assignment import Kept
from services.routing.store import Store, _row, increments, load_in
from services.routing.workload import Load, LoadBook, Received
from tests.offices import HA_TINH
from tests.routing.small_office import MOMENT, received, view, with_people
from tests.routing.test_settling import D, Desk
from tests.routing.test_workload import state

TODAY = MOMENT.today


class Collection:
    """Takes what is written."""

    def __init__(self) -> None:
        self.writes: list[Any] = []

    async def bulk_write(self, writes: list[Any], **_: Any) -> None:
        self.writes += writes


async def written(book: LoadBook) -> list[Any]:
    loads = Collection()
    store = Store({"assignments": Collection(), "loads": loads, "corrections": Collection()})  # type: ignore[arg-type]
    await store.shift_loads({HA_TINH: book}, None)  # type: ignore[arg-type]
    return loads.writes


def test_a_reason_is_read_as_it_was_kept() -> None:
    half = Absence(first_day=TODAY, last_day=TODAY, kind=AbsenceKind.TRAVEL, half=Half.MORNING)
    acts = Delegation(to_person_id="minh", first_day=TODAY, last_day=TODAY)
    desk = Desk(with_people(view(), hoa={"absences": (half,), "delegations": (acts,)}))
    desk.received[HA_TINH] = {"lan": Received({"2026-W10": 1}, "2026-03-01")}
    desk.take(received("d", arrived_on=TODAY))
    kept = desk.kept[D]
    row = bson.decode(bson.encode(_row(kept)))
    assert {each.person_id for each in kept.reason.candidates} == {"hoa", "lan", "minh", "head-nc"}
    assert Kept.model_validate(row).reason == kept.reason


async def test_loads_are_moved_by_the_difference_and_empty_days_and_old_weeks_leave() -> None:
    due = state(due_on=TODAY)
    waits = due.model_copy(update={"status": AssignmentStatus.WAITING, "due_on": None})
    known = {"hoa": Load(1, 1, due={TODAY.isoformat(): 2})}
    book = LoadBook(known, {"lan": Received({"2026-W01": 4}, "2026-01-01")})
    book.shift(due, waits, TODAY)
    book.shift(None, state("e", lead_person_id="lan", due_on=TODAY), TODAY)
    whose = {person: {"$setOnInsert": {"office": HA_TINH, "person_id": person}} for person in ("hoa", "lan")}
    hoa, lan = f"{HA_TINH}/hoa", f"{HA_TINH}/lan"
    given = {"open": 1, "total": 1, "due.2026-03-02": 2, "weeks.2026-W10": 1}
    expected = [
        UpdateOne(
            {"_id": hoa},
            {"$inc": {"open": 0, "total": 0, "waiting": 2, "due.2026-03-02": -2}, **whose["hoa"]},
            upsert=True,
        ),
        UpdateOne({"_id": hoa, "due.2026-03-02": 0}, {"$unset": {"due.2026-03-02": ""}}),
        UpdateOne(
            {"_id": lan},
            {
                "$max": {"last_on": "2026-03-02"},
                "$unset": {"weeks.2026-W01": ""},
                "$inc": given,
                **whose["lan"],
            },
            upsert=True,
        ),
    ]
    assert await written(book) == expected


async def test_nothing_is_written_where_nothing_moved() -> None:
    book = LoadBook()
    same = state(due_on=TODAY + timedelta(days=30))
    book.shift(same, same.model_copy(update={"status": AssignmentStatus.ACCEPTED}), date(2026, 3, 2))
    assert await written(book) == []


def test_a_row_reads_as_the_load_whose_fields_it_has() -> None:
    load = Load(3, 5, 2, {"2026-03-05": 4, "never": 2})
    assert increments(load) == {"open": 3, "total": 5, "waiting": 2, "due.2026-03-05": 4, "due.never": 2}
    assert load_in({"open": 3, "total": 5, "waiting": 2, "due": {"2026-03-05": 4, "never": 2, "2026-01-01": 0}}) == load
    assert load_in({"person_id": "hoa"}) == Load()
