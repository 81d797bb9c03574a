"""What is left of a broker's logs when the power goes: what was flushed. The broker must be dead.

`recovery-point-offset-checkpoint` says of each partition up to where it is known to be on the disk; all that stands
behind it may be gone, and here all of it goes. KRaft's own log is left: each of its nodes flushes it before it agrees.
"""

import os
import re
import struct
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

METADATA = "__cluster_metadata"
POSITIONS = "__consumer_offsets"
BATCH_START = struct.Struct(">qi")  # base offset, and how many bytes follow
REBUILT = ("*.index", "*.timeindex", "*.txnindex", "*.snapshot")


def cut_to_last_flush(data: Path, spared: Collection[str] = ()) -> int:
    """How many bytes are lost. The `spared` are topics that the system happened to have written back in time."""
    flushed = flushed_offsets(data)
    return sum(_cut(folder, flushed.get(folder.name, 0)) for folder in _partitions(data, {METADATA, *spared}))


def flushed_offsets(data: Path) -> Mapping[str, int]:
    """The offset behind the last record that is known to be on the disk, by partition."""
    lines = (data / "recovery-point-offset-checkpoint").read_text().splitlines()[2:]
    parts = (line.rsplit(" ", 2) for line in lines)
    return {f"{topic}-{partition}": int(offset) for topic, partition, offset in parts}


def _partitions(data: Path, spared: Collection[str]) -> Iterator[Path]:
    for folder in data.iterdir():
        topic = re.fullmatch(r"(.+)-\d+", folder.name)
        if topic and topic[1] not in spared:
            yield folder


def _cut(folder: Path, offset: int) -> int:
    """Nothing that is rebuilt from the records may know of more than they."""
    lost = 0
    for segment in folder.glob("*.log"):
        records = segment.read_bytes()
        kept = _length_before(records, offset)
        lost += len(records) - kept
        os.truncate(segment, kept)
        if int(segment.stem) > offset:
            segment.unlink()
    for pattern in REBUILT if lost else ():
        for path in folder.glob(pattern):
            path.unlink()
    return lost


def _length_before(records: bytes, offset: int) -> int:
    """Bytes up to the first batch that begins at the offset or after it."""
    place = 0
    while place + BATCH_START.size <= len(records):
        base, length = BATCH_START.unpack_from(records, place)
        if base >= offset:
            break
        place += BATCH_START.size + length
    return place
