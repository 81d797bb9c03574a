"""Journals are whole, and Kafka has what they have sent. Source: journals are the truth, Kafka is transport."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping

from aiokafka.partitioner import DefaultPartitioner

from tests.faults.evidence import Record, Row
from tests.faults.judging.breach import Breach
from tests.faults.judging.case import Case

FIRST_EVENTS = {"vanthu.document-received.v1", "vanthu.document-issued.v1"}
Turn = tuple[float, str]


def journals(case: Case) -> Iterator[Breach]:
    said = {key for key, events in case.said["documents"].items() if any(each.type in FIRST_EVENTS for each in events)}
    for id in case.documents:
        if id not in said:
            yield Breach("every document has its event", "has none", (id,))
    for id in sorted(said - set(case.documents)):
        yield Breach("no event without its document", "has no document", (id,))
    yield from _whole(case)
    in_kafka = _in_kafka(case)
    first = _first_left(case)
    for service, rows in case.evidence.events.items():
        for row in rows:
            yield from _sent(case, service, row, in_kafka, first)


def _whole(case: Case) -> Iterator[Breach]:
    """Each subject's versions are counted from 1; a restore goes on above what may have been said and lost."""
    for topic, keys in case.said.items():
        for key, events in keys.items():
            versions = [each.version for each in events]
            if events[-1].order[0] == 0 and versions != list(range(1, len(events) + 1)):
                yield Breach("journals are whole", f"{topic} of {key} has {versions}", (key,))


def _sent(
    case: Case,
    service: str,
    row: Row,
    in_kafka: Mapping[tuple[str, str], set[str]],
    first: Mapping[tuple[str, int], Turn],
) -> Iterator[Breach]:
    words = in_kafka.get((row["topic"], row["headers"]["ce_id"]))
    if row.get("unsent"):
        yield Breach("journals are sent", f"{service} has not sent {row['_id']}", (row["key"],))
    elif words is None and not _was_emptied(case, row, first):
        yield Breach("what is sent is in Kafka", f"{service}'s {row['_id']} is not there", (row["key"],))
    elif words is not None and digest_of(row["value"]) not in words and row["key"] not in case.erased:
        yield Breach("Kafka says what the journal says", f"{service}'s {row['_id']} reads otherwise", (row["key"],))


def digest_of(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _in_kafka(case: Case) -> dict[tuple[str, str], set[str]]:
    """The words of each event by topic and id: it may be there more than once."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for topic, records in case.evidence.log.items():
        for record in records:
            found[topic, record.id].add(record.digest)
    return found


def _was_emptied(case: Case, row: Row, first: Mapping[tuple[str, int], Turn]) -> bool:
    """Whether the beginning of its partition was taken away after it was sent last."""
    starts = case.evidence.starts.get(row["topic"], {})
    partition = DefaultPartitioner()(row["key"].encode(), sorted(starts), [])
    if not starts.get(partition):
        return False
    return _turn(row) < first.get((row["topic"], partition), (float("inf"), ""))


def _first_left(case: Case) -> dict[tuple[str, int], Turn]:
    """When the first record that is left of each partition was sent."""
    turns = {
        (row["topic"], row["headers"]["ce_id"]): _turn(row) for rows in case.evidence.events.values() for row in rows
    }
    oldest: dict[tuple[str, int], Record] = {}
    for topic, records in case.evidence.log.items():
        for record in records:
            place = (topic, record.partition)
            if (topic, record.id) in turns and (place not in oldest or record.offset < oldest[place].offset):
                oldest[place] = record
    return {place: turns[place[0], record.id] for place, record in oldest.items()}


def _turn(row: Row) -> Turn:
    """Rows go out in waves, which are marked together; within a wave they go by key, no key twice."""
    sent_at = row.get("sent_at")
    return (sent_at.timestamp() if sent_at else 0.0, row["key"])
