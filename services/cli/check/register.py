"""Numbers, files and the register log: what intake promised with its 2xx."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from services.chassis.mongo import Row
from services.cli.check.invariant import Counted, Fault, Finding
from services.intake.files import LocalFiles
from services.intake.register_log import entries
from services.intake.store import Register

HASHED_AT_ONCE = 200
LOGGED = ("office", "book", "year", "number", "sha256")


async def numbers(register: Register) -> AsyncIterator[Finding]:
    """Contiguous from 1, unique, in the order of time, up to the number that the book has given last."""
    books: dict[tuple[str, str, int], Row] = {}
    count = 0
    async for row in register.all_entries():
        count += 1
        place = (row["office"], row["book"], row["year"])
        before = books.get(place)
        expected = before["number"] + 1 if before else 1
        if row["number"] != expected:
            yield Fault(row["_id"], f"{_name(place)}: {row['number']} stands where {expected} should")
        if before and row["received_at"] < before["received_at"]:
            yield Fault(row["_id"], f"{_name(place)}: {row['number']} was received before {before['number']}")
        books[place] = row
    async for book in register.open_books():
        place = (book["office"], book["book"], book["year"])
        last = books[place]["number"] if place in books else 0
        if last != book["next"] - 1:
            yield Fault(_name(place), f"the book has given {book['next'] - 1}, its last entry is {last}")
    yield Counted(f"{count:,} entries in {len(books)} books")


async def files(register: Register, store: LocalFiles) -> AsyncIterator[Finding]:
    """Every entry that has a file: it is there, and its bytes hash to what was answered."""
    count = 0
    with ThreadPoolExecutor(2) as threads:
        async for rows in _in_pieces(register.all_entries(), HASHED_AT_ONCE):
            with_file = [row for row in rows if "file" in row]
            count += len(with_file)
            paths = [store.path_of(row["office"], row["_id"]) for row in with_file]
            loop = asyncio.get_running_loop()
            digests = await asyncio.gather(*(loop.run_in_executor(threads, _sha256, path) for path in paths))
            for row, digest in zip(with_file, digests, strict=True):
                if digest != row["sha256"]:
                    yield Fault(row["_id"], "its file is missing" if digest is None else "its file has other bytes")
    yield Counted(f"{count:,} files")


async def register_log(register: Register, folder: Path) -> AsyncIterator[Finding]:
    """The log has exactly the register's entries, so that the register could be rebuilt from it."""
    logged = await asyncio.to_thread(lambda: {line["id"]: _logged(line) for line in entries(folder)})
    count = len(logged)
    async for row in register.all_entries():
        line = logged.pop(row["_id"], None)
        if line is None:
            yield Fault(row["_id"], "the register log lacks it")
        elif line != _logged(row):
            yield Fault(row["_id"], "the register log has it otherwise")
    for id in islice(logged, 100):
        yield Fault(id, "only the register log has it: the database is older than the file store")
    yield Counted(f"{count:,} lines")


def _logged(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in LOGGED)


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _name(place: tuple[str, str, int]) -> str:
    office, book, year = place
    return f"{office}/{book}/{year}"


async def _in_pieces(rows: AsyncIterator[Row], size: int) -> AsyncIterator[list[Row]]:
    piece: list[Row] = []
    async for row in rows:
        piece.append(row)
        if len(piece) == size:
            yield piece
            piece = []
    yield piece
