"""What the scanners have had answered: one line per document, written at once, so that a kill loses none."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from services.demo.failure import DemoFailure


@dataclass(frozen=True, slots=True)
class Entry:
    """Times are seconds since 1970 on this machine; `posted_at` is the first attempt's. `repeated` answers are those
    of an earlier attempt that was never heard of."""

    key: str
    device: str
    id: str
    book: str
    year: int
    number: int
    received_at: str
    posted_at: float
    answered_at: float
    repeated: bool
    tries: int


class Ledger:
    """One file per scanner process, only ever appended to."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.fstat(self._file).st_size:
            os.write(self._file, b"\n")  # a line that a kill cut short spoils only itself

    def write(self, entry: Entry) -> None:
        os.write(self._file, json.dumps(asdict(entry)).encode() + b"\n")

    def close(self) -> None:
        os.close(self._file)


def path_of(folder: Path, share: int) -> Path:
    return folder / f"ledger-{share}.jsonl"


def entries(folder: Path) -> Iterator[Entry]:
    """Each key's first answer; lines cut short by a kill are left out. Raises DemoFailure when two answers differ."""
    seen: dict[str, str] = {}
    for file in sorted(folder.glob("ledger-*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                entry = _entry_of(line)
                if entry is None:
                    continue
                if entry.key not in seen:
                    seen[entry.key] = entry.id
                    yield entry
                elif seen[entry.key] != entry.id:
                    raise DemoFailure(
                        f"{entry.key} has two answers: {seen[entry.key]} and {entry.id}.",
                        f"This must not happen. Please keep {folder} and report it.",
                    )


def _entry_of(line: str) -> Entry | None:
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None
