"""The register log against the register: what is missing comes back under its old number."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.chassis.journal import rows_about
from services.chassis.mongo import Collection, Row
from services.intake.documents import from_log
from services.intake.files import LocalFiles
from services.intake.recovering import Owner, Recovery, has_its_bytes
from services.intake.register_log import lines
from services.intake.store import Place

ROWS_AT_ONCE = 200
Line = dict[str, Any]


@dataclass
class Logged:
    """What the register log says: a line for each document, what cannot be, in words, and the documents that is of."""

    lines: dict[str, Line] = field(default_factory=dict)
    contested: set[str] = field(default_factory=set)
    contradictions: list[str] = field(default_factory=list)

    @property
    def highest(self) -> dict[Place, int]:
        highest: Counter[Place] = Counter()
        for line in self.lines.values():
            highest[_owned(line)[:3]] = max(highest[_owned(line)[:3]], line["number"])
        return dict(highest)


def judged(said: Iterable[Line]) -> Logged:
    """A document with two numbers, or a number with two documents, is nothing that can be guessed."""
    lines_by_id: dict[str, list[Line]] = defaultdict(list)
    for line in said:
        lines_by_id[line["id"]].append(line)
    ids: dict[Owner, set[str]] = defaultdict(set)
    logged = Logged()
    for id, versions in lines_by_id.items():
        places = {_owned(line) for line in versions}
        for place in places:
            ids[place].add(id)
        if len(places) == 1:
            logged.lines[id] = max(versions, key=lambda line: line.get("version", 1))
        else:
            logged.contested.add(id)
            logged.contradictions.append(f"the document {id} stands there as {_named(places)}")
    for place, owners in ids.items():
        if len(owners) > 1:
            logged.contradictions.append(f"{_named([place])} stands there for {' and '.join(sorted(owners))}")
            logged.contested |= owners
    logged.lines = {id: line for id, line in logged.lines.items() if id not in logged.contested}
    return logged


def read_log(folder: Path) -> Logged:
    return judged(lines(folder))


def _owned(line: Line) -> Owner:
    return line["office"], line["book"], line["year"], line["number"]


def _named(places: Iterable[Owner]) -> str:
    return " and ".join(sorted("/".join(map(str, place)) for place in places))


@dataclass
class Registered:
    documents: int = 0
    contradictions: list[str] = field(default_factory=list)
    missing_files: list[str] = field(default_factory=list)


async def register_lost(
    logged: Logged,
    recovery: Recovery,
    journal: Collection,
    files: LocalFiles,
    progress: Callable[[int], None],
    *,
    dry: bool,
) -> Registered:
    """All lines whose document the database lacks; files that are not what was answered are named."""
    done = Registered(contradictions=list(logged.contradictions))
    for piece in _pieces(list(logged.lines.values())):
        known = await recovery.known([line["id"] for line in piece])
        lost = [line for line in piece if line["id"] not in known]
        owners = await recovery.owners(map(_owned, lost))
        done.contradictions += [
            f"{_named([_owned(line)])} is {line['id']} in the register log, the database has {owners[_owned(line)]}"
            for line in lost
            if _owned(line) in owners
        ]
        rows = [from_log(line) for line in lost if _owned(line) not in owners]
        if rows and not dry:
            await recovery.register(rows, await _told(rows, journal))
        done.documents += len(rows)
        done.missing_files += [row["_id"] for row in rows if not await _has_file(row, files)]
        progress(len(piece))
    return done


async def _told(rows: Sequence[Row], journal: Collection) -> set[str]:
    """Those of which the journal tells already."""
    return {row["key"] async for row in journal.find(rows_about([row["_id"] for row in rows]), {"key": 1})}


async def _has_file(row: Row, files: LocalFiles) -> bool:
    return "file" not in row or await has_its_bytes(files.path_of(row["office"], row["_id"]), row["sha256"])


def _pieces(found: Sequence[Line]) -> Iterator[Sequence[Line]]:
    for first in range(0, len(found), ROWS_AT_ONCE):
        yield found[first : first + ROWS_AT_ONCE]
