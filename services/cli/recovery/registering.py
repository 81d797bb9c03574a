"""The register log against the register: what is missing comes back under its old number."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from services.chassis.errors import Failure
from services.chassis.journal import rows_about
from services.chassis.mongo import Collection, Row
from services.cli.recovery.register_lines import Line, Logged, judged, named, owned
from services.intake.documents import RECOVERED, completed, from_log
from services.intake.files import LocalFiles
from services.intake.recovering import Recovery, has_its_bytes
from services.intake.register_log import lines

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
        rows = [from_log(line) for line in lost if owned(line) not in owners]
        self.done.documents += len(rows)
        await self._complete([line for line in piece if known.get(line["id"]) and line["device"] != RECOVERED])
        if self.dry:
            self.done.missing_files += [row["_id"] for row in rows if not await has_file(row, self.files)]
        elif rows:
            await self.recovery.register(rows, await _told(rows, self.journal))

    async def _complete(self, piece: Iterable[Line]) -> None:
        for line in piece:
            row = await self.recovery.get(line["id"])
            assert row is not None
            self.done.completed += 1
            if not self.dry and not await self.recovery.complete(completed(row, from_log(line))):
                self.done.contradictions.append(f"the sender's key of {line['id']} is another document's by now")


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
