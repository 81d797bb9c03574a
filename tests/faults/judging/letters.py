"""Dead letters are exactly what nobody can use and was sent on purpose."""

from collections import defaultdict
from collections.abc import Iterator

from tests.faults.judging.breach import Breach
from tests.faults.judging.case import Case

DECIDED = {"replayed", "discarded"}


def letters(case: Case) -> Iterator[Breach]:
    waiting: dict[str, list[str]] = defaultdict(list)
    for row in case.evidence.dead_letters:
        if row["status"] not in DECIDED:
            waiting[(row["key"] or b"").decode(errors="replace")].append(f"{row['_id']} ({row['cause']})")
    for key in sorted(set(waiting) - case.poison):
        yield Breach("dead letters are the poison", f"{', '.join(waiting[key])} is none", (key,))
    for key in sorted(case.poison - set(waiting)):
        yield Breach("dead letters are the poison", f"that of {key} is missing", (key,))
