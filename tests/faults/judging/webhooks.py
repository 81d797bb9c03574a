"""Subscribers hear of every event of an assignment at least once, always under the same id and in the same words."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from tests.faults.evidence import Evidence, Row
from tests.faults.judging.breach import Breach
from tests.faults.ledger import Heard

Bodies = Mapping[tuple[str, str], Mapping[str, set[bytes]]]


def judge_webhooks(evidence: Evidence, heard: Iterable[Heard], reachable: Collection[str]) -> list[Breach]:
    """All breaches towards subscribers of every event of an assignment. `reachable` are those who take what they get."""
    got: dict[tuple[str, str], dict[str, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for each in heard:
        got[each.subscriber, each.cause][each.id].add(each.body)
    rows = (row for row in evidence.events["routing"] if row["topic"] == "assignments")
    said = {f"{row['key']}:{row['version']}": row["key"] for row in rows}
    return [*_each_told(said, got, reachable), *_each_once(evidence.deliveries, said, got)]


def _each_told(said: Mapping[str, str], got: Bodies, reachable: Collection[str]) -> Iterator[Breach]:
    for cause, document in said.items():
        for subscriber in reachable:
            if (subscriber, cause) not in got:
                yield Breach("a webhook comes at least once", f"{subscriber} never heard of {cause}", (document,))
    for (subscriber, cause), bodies in got.items():
        documents = (said[cause],) if cause in said else ()
        if len(bodies) != 1:
            yield Breach("a webhook has one id", f"{subscriber} got {cause} as {sorted(bodies)}", documents)
        if any(len(each) != 1 for each in bodies.values()):
            yield Breach("a repeat says the same", f"{subscriber} got {cause} in other words", documents)
        if cause not in said:
            yield Breach("no webhook from nowhere", f"{subscriber} got {cause}, which nobody said")


def _each_once(deliveries: Iterable[Row], said: Mapping[str, str], got: Bodies) -> Iterator[Breach]:
    listed = list(deliveries)
    rows = Counter((row["subscriber_id"], row["cause"]) for row in listed)
    for row in listed:
        place = row["subscriber_id"], row["cause"]
        documents = (said[place[1]],) if place[1] in said else ()
        if rows[place] > 1:
            yield Breach("one delivery per subscriber and event", f"{place} has {rows[place]}", documents)
        if row["status"] == "delivered" and row["_id"] not in got.get(place, {}):
            yield Breach("what is delivered was heard", f"{place} never came", documents)
        if row["status"] == "pending":
            yield Breach("a delivery ends", f"{place} is still pending", documents)
