"""The office itself: loaded from its file in one transaction, read as a view, and its signing key."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from services.chassis.auth import PERSON, SIGNING_KEY, UNIT
from services.chassis.copies import Copies, Copy
from services.chassis.journal import Journal
from services.chassis.mongo import Database, Row, Session
from services.events import (
    CalendarChanged,
    CalendarState,
    CatalogueChanged,
    OfficeEvent,
    PersonChanged,
    PersonState,
    SigningKeyChanged,
    UnitChanged,
    UnitState,
)
from services.routing.office import (
    CALENDAR,
    CATALOGUE,
    FILE,
    OFFICE,
    RULES,
    THE_FILE,
    Change,
    OfficeFile,
    State,
    changes_of_day,
    content_of,
    deadlines_on,
    difference,
    matters_on,
    next_turn,
    turned,
)
from services.routing.roster import OfficeView, calendar_of, no_rule
from services.routing.rule_store import RuleStore
from services.routing.rules.versions import ONE_DAY, RuleVersion
from services.routing.store import lost_races_are_run_again

COPIED = (UNIT, PERSON, CALENDAR, CATALOGUE)


@dataclass(frozen=True)
class SigningKey:
    """`private_key` is an Ed25519 JWK in JSON; it never leaves routing."""

    key_id: str
    private_key: str
    public_key: str


@dataclass(frozen=True)
class _Known:
    """What an office has now; versions count per unit, person, calendar, catalogue, table, file and office.

    `day` is the one whose states it has; None for an office that was loaded before offices had a history.
    """

    states: dict[tuple[str, str], State]
    versions: dict[tuple[str, str], int]
    file: OfficeFile | None = None
    day: date | None = None


class OfficeStore:
    """`offices` has the current version of each office and the day it is of, `office_files` every file there ever was;
    every version of its `rules` has its own store.

    An office's `rules_version` is the one that came with its file.
    """

    def __init__(self, database: Database, journal: Journal, copies: Copies) -> None:
        self._copies = copies
        self._journal = journal
        self._offices = database["offices"]
        self._files = database["office_files"]
        self._tables = database["rule_tables"]
        self.rules = RuleStore(database, journal)
        self._keys = database["signing_keys"]

    async def prepare(self) -> None:
        """Indexes of what an office is written to, for a command that comes before the service's first start."""
        await self._journal.prepare()
        await self._copies.prepare()

    async def planned(self, file: OfficeFile, today: date) -> list[Change]:
        """What loading would change; changes nothing."""
        return difference((await self._known(file.office)).states, file, today)

    async def load(self, file: OfficeFile, today: date) -> list[Change]:
        """All of it or nothing; what stays as it is gets no new version and no event."""

        async def body(session: Session) -> list[Change]:
            known = await self._known(file.office, session)
            changes = difference(known.states, file, today)
            if changes:
                await self._write(file, changes, known, today, session)
            return changes

        with lost_races_are_run_again():
            return await self._journal.transact(body)

    async def turn_the_day(self, office: str, today: date) -> list[Change]:
        """What the office's own file says of the new day: all of it or nothing, and nothing where nothing differs.

        Matters and deadlines that begin or end are no change that is said, but the office gets a new version.
        """

        async def body(session: Session) -> list[Change]:
            known = await self._known(office, session)
            if known.file is None or known.day is None or today <= known.day:
                return []
            changes = changes_of_day(known.states, known.file, known.day, today)
            if changes or turned(known.file, known.day, today):
                await self._write(known.file, changes, known, today, session)
            return changes

        with lost_races_are_run_again():
            return await self._journal.transact(body)

    async def next_turn(self, office: str) -> date | None:
        """The first day on which `turn_the_day` has something to do."""
        known = await self._known(office)
        return next_turn(known.file, known.day) if known.file and known.day else None

    async def file(self, office: str) -> OfficeFile | None:
        """The file that is in force; None for an office that was never loaded, or only before files were kept."""
        return (await self._known(office)).file

    async def versions(self, offices: list[str]) -> dict[str, int]:
        rows = await self._offices.find({"_id": {"$in": offices}}, {"version": 1}).to_list(None)
        return {row["_id"]: row["version"] for row in rows}

    async def names(self) -> list[str]:
        """The ids of all offices that are loaded."""
        return sorted(await self._offices.distinct("_id"))

    async def view(self, office: str) -> OfficeView | None:
        """None for an office that was never loaded. With the rules of today; `on` gives those of another day.

        Raises ValueError when rules that count no longer compile.
        """
        row = await self._offices.find_one({"_id": office})
        if row is None:
            return None
        versions = await self.rules.versions(office)
        view = await self._people_and_days(office, row)
        today = datetime.now(UTC).date()
        matches = await self.rules.matches(office, versions, since=today - ONE_DAY)  # it is still yesterday somewhere
        return replace(view, versions=tuple(versions), matches=matches).on(today)

    async def _people_and_days(self, office: str, row: Row) -> OfficeView:
        units = [UnitState.model_validate(each) for each in await self._copies.all(office, UNIT)]
        people = [PersonState.model_validate(each) for each in await self._copies.all(office, PERSON)]
        calendar = CalendarState.model_validate(await self._copies.get(office, CALENDAR, CALENDAR) or {})
        file, day = await self._file_of(row), _day_of(row)
        return OfficeView(
            office=office,
            version=row["version"],
            rules_version=None,
            units={each.unit_id: each for each in units},
            people={each.person_id: each for each in people},
            calendar=calendar_of(calendar),
            default_working_days=row["default_working_days"],
            match=no_rule,
            deadlines=deadlines_on(file, day) if file and day else {},
            matters=matters_on(file, day) if file and day else {},
        )

    async def person(self, office: str, person_id: str) -> PersonState | None:
        state = await self._copies.get(office, PERSON, person_id)
        return PersonState.model_validate(state) if state else None

    async def people(self, office: str) -> list[PersonState]:
        return [PersonState.model_validate(each) for each in await self._copies.all(office, PERSON)]

    async def signing_key(self, office: str) -> SigningKey | None:
        row = await self._keys.find_one({"_id": office})
        return SigningKey(row["key_id"], row["private_key"], row["public_key"]) if row else None

    async def keep_first_signing_key(self, office: str, key: SigningKey) -> None:
        """Keep and publish the key; raises LostRace when the office got one meanwhile."""
        event = SigningKeyChanged(
            office=office,
            key=_key(office, SIGNING_KEY, key.key_id),
            version=1,
            recorded_at=datetime.now(UTC),
            key_id=key.key_id,
            public_key=key.public_key,
        )
        state = {"key_id": key.key_id, "public_key": key.public_key, "retired": False}

        async def body(session: Session) -> None:
            with lost_races_are_run_again():
                await self._keys.insert_one({"_id": office, **key.__dict__}, session=session)
            copy = Copy(office=office, kind=SIGNING_KEY, id=key.key_id, version=1, epoch=0, state=state)
            await self._copies.keep_newest([copy], session)
            await self._journal.append([event], session)

        await self._journal.transact(body)

    async def _known(self, office: str, session: Session | None = None) -> _Known:
        wanted = {"office": office, "kind": {"$in": list(COPIED)}}
        rows = await self._copies.rows.find(wanted, session=session).to_list(None)
        states = {(row["kind"], row["id"]): row["state"] for row in rows}
        versions = {(row["kind"], row["id"]): row["version"] for row in rows}
        own = await self._offices.find_one({"_id": office}, session=session)
        if own is None:
            return _Known(states, versions)
        table = await self._tables.find_one({"_id": f"{office}/{own['rules_version']}"}, session=session)
        file = await self._file_of(own, session)
        states[OFFICE, office] = {part: own[part] for part in ("name", "default_working_days")}
        states[RULES, RULES] = {"content": json.loads(table["content"])} if table else {}
        states[THE_FILE] = content_of(file) if file else {}
        versions |= {(OFFICE, office): own["version"], (RULES, RULES): own["rules_version"]}
        versions[THE_FILE] = own.get("file_version", 0)
        return _Known(states, versions, file, _day_of(own))

    async def _file_of(self, own: Row, session: Session | None = None) -> OfficeFile | None:
        if not own.get("file_version"):
            return None
        row = await self._files.find_one({"_id": f"{own['_id']}/{own['file_version']}"}, session=session)
        return OfficeFile.model_validate_json(row["content"]) if row else None

    async def _write(
        self, file: OfficeFile, changes: list[Change], known: _Known, today: date, session: Session
    ) -> None:
        now, office, versions = datetime.now(UTC), file.office, known.versions
        copied = [(each, versions.get((each.kind, each.id), 0) + 1) for each in changes if each.kind in COPIED]
        kinds = {each.kind for each in changes}
        rules_version = versions.get((RULES, RULES), 0)
        if RULES in kinds:
            rules_version = await self.rules.newest(office, session) + 1
            await self.rules.insert(office, RuleVersion(rules_version, loaded_at=now), file.rules, session)
        file_version = versions.get(THE_FILE, 0)
        if FILE in kinds or known.file is None:
            file_version += 1
            kept = {"_id": f"{office}/{file_version}", "office": office, "version": file_version, "loaded_at": now}
            await self._files.insert_one({**kept, "content": json.dumps(content_of(file))}, session=session)
        row: Row = {
            "version": versions.get((OFFICE, office), 0) + 1,
            "name": file.name,
            "default_working_days": file.default_working_days,
            "rules_version": rules_version,
            "file_version": file_version,
            "day": today.isoformat(),
            "loaded_at": now,
        }
        await self._offices.replace_one({"_id": office}, {"_id": office, **row}, upsert=True, session=session)
        copies = [Copy(office, each.kind, each.id, version, 0, each.after) for each, version in copied]
        await self._copies.keep_newest(copies, session)
        await self._journal.append([_event(office, each, version, now) for each, version in copied], session)


def _day_of(own: Row) -> date | None:
    return date.fromisoformat(own["day"]) if own.get("day") else None


def _event(office: str, change: Change, version: int, now: datetime) -> OfficeEvent:
    said: dict[str, Any] = {
        "office": office,
        "key": _key(office, change.kind, change.id),
        "version": version,
        "recorded_at": now,
    }
    if change.kind == UNIT:
        return UnitChanged.model_validate({**said, "unit": change.after})
    if change.kind == PERSON:
        return PersonChanged.model_validate({**said, "person": change.after})
    if change.kind == CALENDAR:
        return CalendarChanged.model_validate({**said, "calendar": change.after})
    return CatalogueChanged.model_validate({**said, "catalogue": change.id, "entries": change.after["entries"]})


def _key(office: str, kind: str, id: str) -> str:
    return f"{office}:{kind}:{id}"
