"""The register log against the register: what is missing comes back under its old number."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from services.chassis.errors import Failure
from services.chassis.journal import rows_about
from services.chassis.mongo import Collection, Row
from services.cli.recovery.register_lines import Line, Logged, judged, named, owned
from services.intake.documents import RECOVERED, completed, from_log, sender_key_of, without_sender_key
from services.intake.files import LocalFiles
from services.intake.recovering import Recovery, has_its_bytes
from services.intake.register_log import lines
from services.intake.store import Register

ROWS_AT_ONCE = 200
Progress = Callable[[int], None]


class NoRegisterLog(Failure):
    """There are documents, and where their lines should be is nothing."""


def read_log(folder: Path) -> Logged:
    return judged(lines(folder))


@dataclass
class Registered:
    """`completed` are documents that were there already, without what only their line knows."""

    documents: int = 0
    completed: int = 0
    contradictions: list[str] = field(default_factory=list)
    missing_files: list[str] = field(default_factory=list)


@dataclass
class Registering:
    """`dry`: only look. Then files that are not what was answered are named here; else `without_file` does so."""

    logged: Logged
    recovery: Recovery
    register: Register
    journal: Collection
    files: LocalFiles
    dry: bool
    done: Registered = field(default_factory=Registered)

    async def register_lost(self, folder: Path, progress: Progress) -> Registered:
        """All lines whose document the database lacks, or has from its event alone."""
        self.done.contradictions += self.logged.contradictions
        chosen = self.logged.chosen(lines(folder))
        while piece := list(islice(chosen, ROWS_AT_ONCE)):
            await self._take(piece)
            progress(len(piece))
        return self.done

    async def _take(self, piece: Sequence[Line]) -> None:
        known = await self.recovery.known([line["id"] for line in piece])
        lost = [line for line in piece if line["id"] not in known]
        owners = await self.recovery.owners(map(owned, lost))
        self.done.contradictions += [
            f"{named(owned(line))} is {line['id']} in the register log, the database has {owners[owned(line)]}"
            for line in lost
            if owned(line) in owners
        ]
        await self._complete([line for line in piece if known.get(line["id"]) and line["device"] != RECOVERED])
        rows = await self._each_key_once([from_log(line) for line in lost if owned(line) not in owners])
        self.done.documents += len(rows)
        if self.dry:
            self.done.missing_files += [row["_id"] for row in rows if not await has_file(row, self.files)]
        elif rows:
            await self.recovery.register(rows, await _told(rows, self.journal))

    async def _complete(self, piece: Iterable[Line]) -> None:
        rows = []
        for line in piece:
            row = await self.recovery.get(line["id"])
            assert row is not None
            rows.append(completed(row, from_log(line)))
        self.done.completed += len(rows)
        for row in await self._each_key_once(rows):
            if not self.dry:
                await self.recovery.replace(row)

    async def _each_key_once(self, rows: Sequence[Row]) -> list[Row]:
        """Whoever repeated an upload while its line was lost has another document by now: that one keeps the key."""
        keys = {row["_id"]: key for row in rows if (key := sender_key_of(row))}
        holders = {key: row["_id"] for key, row in (await self.register.answered(keys.values())).items()}
        kept = []
        for row in rows:
            key = keys.get(row["_id"])
            holder = holders.setdefault(key, row["_id"]) if key else row["_id"]
            if holder != row["_id"]:
                self.done.contradictions.append(
                    f"{named(owned(row))}, {row['_id']}, has to do without its sender's key, which is {holder}'s by now: "
                    "look whether both are one paper, and void one of them if so"
                )
            kept.append(row if holder == row["_id"] else without_sender_key(row))
        return kept


async def without_file(recovery: Recovery, files: LocalFiles, progress: Progress) -> list[str]:
    """Of all documents that any recovery brought back, those whose file is missing or not what was answered."""
    missing = []
    async for row in recovery.brought_back():
        if not await has_file(row, files):
            missing.append(row["_id"])
        progress(1)
    return missing


async def has_file(row: Row, files: LocalFiles) -> bool:
    return "file" not in row or await has_its_bytes(files.path_of(row["office"], row["_id"]), row["sha256"])


async def _told(rows: Sequence[Row], journal: Collection) -> set[str]:
    """Those of which the journal tells already."""
    return {row["key"] async for row in journal.find(rows_about([row["_id"] for row in rows]), {"key": 1})}
