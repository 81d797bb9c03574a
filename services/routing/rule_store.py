"""Every version of an office's rules there ever was; a version is never changed and never goes."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pymongo import DESCENDING

from services.chassis.errors import Failure
from services.chassis.journal import Journal
from services.chassis.mongo import Database, Row, Session
from services.routing.facts import Match
from services.routing.rules import compiled
from services.routing.rules.versions import RuleVersion, counting_from
from services.routing.store import lost_races_are_run_again

WITHOUT_CONTENT = {"content": 0}


class NoSuchRules(Failure, ValueError):
    """There is no office, or no version of its rules, of that name."""


@dataclass(frozen=True)
class RuleStore:
    """`rule_tables` by office and version."""

    database: Database
    journal: Journal

    async def versions(self, office: str, session: Session | None = None) -> list[RuleVersion]:
        """Oldest first."""
        rows = await self._tables.find({"office": office}, WITHOUT_CONTENT, session=session).to_list(None)
        return sorted((_version(row) for row in rows), key=lambda each: each.version)

    async def content(self, office: str, version: int) -> dict[str, Any]:
        """The table itself. Raises NoSuchRules."""
        row = await self._tables.find_one({"_id": f"{office}/{version}"})
        if row is None:
            raise NoSuchRules(f"{office} has no version {version} of its rules. See them: vanthu rules list")
        content: dict[str, Any] = json.loads(row["content"])
        return content

    async def matches(self, office: str, versions: list[RuleVersion], since: date) -> dict[int, Match]:
        """What counts on that day or later, ready to be asked. Raises ValueError when one no longer compiles."""
        counting = counting_from(versions, since)
        return {each.version: compiled(await self.content(office, each.version)) for each in counting}

    async def newest(self, office: str, session: Session | None = None) -> int:
        """0 where there is none yet."""
        row = await self._tables.find_one({"office": office}, {"version": 1}, sort=_NEWEST, session=session)
        return int(row["version"]) if row else 0

    async def insert(self, office: str, version: RuleVersion, content: Any, session: Session) -> None:
        dates = {
            "valid_from": _written(version.valid_from, date.min),
            "valid_to": _written(version.valid_to, date.max),
        }
        said = {"author": version.author, "note": version.note, "loaded_at": version.loaded_at}
        row: Row = {"_id": f"{office}/{version.version}", "office": office, "version": version.version, **dates, **said}
        await self._tables.insert_one({**row, "content": json.dumps(content)}, session=session)

    async def load(
        self, office: str, content: Any, valid_from: date, valid_to: date, author: str, note: str = ""
    ) -> RuleVersion:
        """A new version of a table that was judged before. Raises NoSuchRules for an office that is not loaded."""

        async def body(session: Session) -> RuleVersion:
            found = await self.database["offices"].update_one(
                {"_id": office}, {"$inc": {"version": 1}}, session=session
            )
            if not found.matched_count:
                raise NoSuchRules(f"There is no office {office}. Load one first: vanthu office load FILE")
            number = await self.newest(office, session) + 1
            version = RuleVersion(number, valid_from, valid_to, author, note, datetime.now(UTC))
            await self.insert(office, version, content, session)
            return version

        with lost_races_are_run_again():
            return await self.journal.transact(body)

    @property
    def _tables(self) -> Any:
        return self.database["rule_tables"]


_NEWEST = [("version", DESCENDING)]


def _version(row: Row) -> RuleVersion:
    """Versions from before there were dates have none."""
    return RuleVersion(
        version=row["version"],
        valid_from=date.fromisoformat(row["valid_from"]) if row.get("valid_from") else date.min,
        valid_to=date.fromisoformat(row["valid_to"]) if row.get("valid_to") else date.max,
        author=row.get("author") or "",
        note=row.get("note") or "",
        loaded_at=row.get("loaded_at"),
    )


def _written(day: date, always: date) -> str | None:
    return None if day == always else day.isoformat()
