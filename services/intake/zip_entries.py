"""The entries that the first bytes of a ZIP file name, one after the other as they lie there. Nothing is unpacked."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"PK\x03\x04"
_HEADER = struct.Struct("<4sHHHHHIIIHH")  # signature, version, flags, method, time, date, crc, sizes, lengths
_ENCRYPTED, _SIZES_FOLLOW = 0x1, 0x8
# what may stand between an entry of sizes that follow and the next one: its length, and where in it the size is
_DESCRIPTORS = ((16, 8, "<I"), (12, 4, "<I"), (24, 8, "<Q"), (20, 4, "<Q"))
_IN_ZIP64 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    name: bytes
    encrypted: bool


def entries_of(head: bytes) -> Iterator[Entry]:
    """Those whose name is whole within the head and follows on the entry before."""
    at: int | None = 0
    while at is not None and head.startswith(SIGNATURE, at) and at + _HEADER.size <= len(head):
        _, _, flags, _, _, _, _, size, _, name_length, extra_length = _HEADER.unpack_from(head, at)
        begins = at + _HEADER.size
        name = head[begins : begins + name_length]
        if len(name) < name_length:
            return
        yield Entry(name, bool(flags & _ENCRYPTED))
        begins += name_length + extra_length
        at = _after_unknown(head, begins) if flags & _SIZES_FOLLOW else _after(begins, size)


def _after(begins: int, size: int) -> int | None:
    """An entry of 4 GB and more does not end within the head."""
    return None if size == _IN_ZIP64 else begins + size


def _after_unknown(head: bytes, begins: int) -> int | None:
    """Where the next entry begins: what looks like one inside the data has not this entry's size before it."""
    at = head.find(SIGNATURE, begins)
    while at >= 0:
        if any(_describes(head, begins, at, *each) for each in _DESCRIPTORS):
            return at
        at = head.find(SIGNATURE, at + 1)
    return None


def _describes(head: bytes, begins: int, at: int, length: int, place: int, number: str) -> bool:
    descriptor = at - length
    if descriptor < begins:
        return False
    size: int = struct.unpack_from(number, head, descriptor + place)[0]
    return size == descriptor - begins
