"""The office itself: loaded from its file in one transaction, read as a view, and its signing key."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
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
from services.routing.office import CALENDAR, CATALOGUE, OFFICE, RULES, Change, OfficeFile, State, difference
from services.routing.roster import OfficeView
from services.routing.rules import compiled
from services.routing.store import lost_races_are_run_again
from services.worktime import Calendar

COPIED = (UNIT, PERSON, CALENDAR, CATALOGUE)


@dataclass(frozen=True)
class SigningKey:
    """`private_key` is an Ed25519 JWK in JSON; it never leaves routing."""

    key_id: str
    private_key: str
    public_key: str


@dataclass(frozen=True)
class _Known:
    """What an office has now; versions count per unit, person, calendar, catalogue, table and office."""

    states: dict[tuple[str, str], State]
    versions: dict[tuple[str, str], int]


class OfficeStore:
    """`offices` has the current version of each office, `rule_tables` every version of its rules there ever was."""

    def __init__(self, database: Database, journal: Journal, copies: Copies) -> None:
        self._copies = copies
        self._journal = journal
        self._offices = database["offices"]
        self._tables = database["rule_tables"]
        self._keys = database["signing_keys"]

    async def prepare(self) -> None:
        """Indexes of what an office is written to, for a command that comes before the service's first start."""
        await self._journal.prepare()
        await self._copies.prepare()

    async def planned(self, file: OfficeFile) -> list[Change]:
        """What loading would change; changes nothing."""
        return difference((await self._known(file.office)).states, file)

    async def load(self, file: OfficeFile) -> list[Change]:
        """All of it or nothing; what stays as it is gets no new version and no event."""

        async def body(session: Session) -> list[Change]:
            known = await self._known(file.office, session)
            changes = difference(known.states, file)
            if changes:
                await self._write(file, changes, known.versions, session)
            return changes

        with lost_races_are_run_again():
            return await self._journal.transact(body)

    async def versions(self, offices: list[str]) -> dict[str, int]:
        rows = await self._offices.find({"_id": {"$in": offices}}, {"version": 1}).to_list(None)
        return {row["_id"]: row["version"] for row in rows}

    async def view(self, office: str) -> OfficeView | None:
        """None for an office that was never loaded. Raises ValueError when its rules no longer compile."""
        row = await self._offices.find_one({"_id": office})
        if row is None:
            return None
        table = await self._tables.find_one({"_id": f"{office}/{row['rules_version']}"})
        assert table is not None  # written in the transaction that names it
        units = [UnitState.model_validate(each) for each in await self._copies.all(office, UNIT)]
        people = [PersonState.model_validate(each) for each in await self._copies.all(office, PERSON)]
        calendar = CalendarState.model_validate(await self._copies.get(office, CALENDAR, CALENDAR) or {})
        return OfficeView(
            office=office,
            version=row["version"],
            rules_version=row["rules_version"],
            units={each.unit_id: each for each in units},
            people={each.person_id: each for each in people},
            calendar=Calendar.of(calendar.days_off, calendar.working_days),
            default_working_days=row["default_working_days"],
            match=compiled(json.loads(table["content"])),
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
        if own:
            table = await self._tables.find_one({"_id": f"{office}/{own['rules_version']}"}, session=session)
            states[OFFICE, office] = {part: own[part] for part in ("name", "default_working_days")}
            states[RULES, RULES] = {"content": json.loads(table["content"])} if table else {}
            versions |= {(OFFICE, office): own["version"], (RULES, RULES): own["rules_version"]}
        return _Known(states, versions)

    async def _write(
        self, file: OfficeFile, changes: list[Change], versions: dict[tuple[str, str], int], session: Session
    ) -> None:
        now, office = datetime.now(UTC), file.office
        copied = [(each, versions.get((each.kind, each.id), 0) + 1) for each in changes if each.kind in COPIED]
        rules_version = versions.get((RULES, RULES), 0)
        if any(each.kind == RULES for each in changes):
            rules_version += 1
            table = {"_id": f"{office}/{rules_version}", "office": office, "version": rules_version, "loaded_at": now}
            await self._tables.insert_one({**table, "content": json.dumps(file.rules)}, session=session)
        row: Row = {
            "version": versions.get((OFFICE, office), 0) + 1,
            "name": file.name,
            "default_working_days": file.default_working_days,
            "rules_version": rules_version,
            "loaded_at": now,
        }
        await self._offices.replace_one({"_id": office}, {"_id": office, **row}, upsert=True, session=session)
        copies = [Copy(office, each.kind, each.id, version, 0, each.after) for each, version in copied]
        await self._copies.keep_newest(copies, session)
        await self._journal.append([_event(office, each, version, now) for each, version in copied], session)


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
