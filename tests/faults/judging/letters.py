"""Dead letters are exactly what its service cannot use, on purpose."""

from collections import defaultdict
from collections.abc import Iterator

from tests.faults.evidence import Row
from tests.faults.judging.breach import Breach
from tests.faults.judging.case import Case, Poison

DECIDED = {"replayed", "discarded"}


def letters(case: Case) -> Iterator[Breach]:
    waiting: dict[Poison, list[str]] = defaultdict(list)
    for row in case.evidence.dead_letters:
        if row["status"] not in DECIDED:
            waiting[letter_of(row)].append(f"{row['_id']} ({row['cause']})")
    for service, key in sorted(set(waiting) - case.poison):
        told = ", ".join(waiting[service, key])
        yield Breach("dead letters are the poison", f"{service}'s {told} is none", (key,))
    for service, key in sorted(case.poison - set(waiting)):
        yield Breach("dead letters are the poison", f"{service}'s of {key} is missing", (key,))


def letter_of(row: Row) -> Poison:
    return row["service"], (row["key"] or b"").decode(errors="replace")
