"""What is kept in the small office of `good_words.py`: the judge has nothing to say about it."""

from tests.faults.evidence import Evidence, Record, Row
from tests.faults.good_words import FIRST, INCIDENT, SECOND, documents, events, state, work
from tests.faults.judging.journals import digest_of

TOPICS = ("office", "documents", "assignments", "notices")


def facts() -> list[Row]:
    found = []
    for row, handled, told in zip(documents(), _handled(), (1, 3, 0), strict=True):
        intake = {**state(row), "conflicted": [], "epoch": 0}
        parts: Row = {"intake": intake}
        if handled:
            parts |= {"routing": {**handled, "epoch": 0, "version": 2}}
            version = {1: 1, 3: 2}[told]
            parts |= {"notify": {"sent": told, "opened": 0, "failed": 0, "epoch": 0, "version": version}}
        found.append({"_id": row["_id"], "counts": True, "counted": [], "parts": parts})
    return found


def _handled() -> list[Row]:
    first, second, _ = documents()
    done = work(first, "lan", "completed", due_on="2026-03-10", completed_on="2026-03-06")
    return [done, work(second, "lan", "assigned"), {}]


def counters() -> list[Row]:
    """Counted by hand: two lanes, whose sums count."""
    lines = {
        ("annual", "", "2026-03"): {"in:locality": {"04": 1}, "in:invitation": {"05": 0}},
        ("annual", "", "2026-04"): {"in:invitation": {"01": 1}},
        ("annual", "", "2026-05"): {"out:quyet_dinh": {"04": 1}},
        ("annual", "", "2026"): {"in:locality": {"03": 1}, "in:invitation": {"04": 1}, "out:quyet_dinh": {"05": 1}},
    }
    for family, of in (("unit", "NC"), ("person", "lan")):
        march = {"new": {"04": 1}, "new_due": {"04": 1}, "done": {"06": 1}, "done_on_time": {"06": 1}}
        lines[family, of, "2026-03"] = march | {"falls_overdue": {"11": 1}, "settled_overdue": {"11": 1}}
        lines[family, of, "2026-04"] = {"new": {"01": 1}}
        year = {name: {"03": 1} for name in lines[family, of, "2026-03"]}
        lines[family, of, "2026"] = year | {"new": {"03": 2, "04": 1}}
    rows = [_counter(*place, counts) for place, counts in lines.items()]
    return [
        *rows,
        _counter("unit", "NC", "2026", {"new": {"03": -1}}),
        _counter("person", "lan", "2026", {"new": {"03": -1}}),
    ]


def _counter(family: str, of: str, period: str, counts: dict[str, dict[str, int]]) -> Row:
    scale = "month" if "-" in period else "year"
    return {"family": family, "of": of, "scale": scale, "period": period, "counts": counts}


def notice(document: str, version: int, person: str) -> Row:
    return {
        "_id": f"{document}-{version}-{person}",
        "document_id": document,
        "cause": f"{document}:{version}",
        "person_id": person,
    }


def evidence() -> Evidence:
    said, rows = events(), documents()
    told = [(FIRST, 1, "lan"), (SECOND, 1, "minh"), (SECOND, 2, "lan"), (SECOND, 2, "minh"), (INCIDENT, 1, "officer")]
    kept = zip((FIRST, SECOND), _handled()[:2], strict=True)
    return Evidence(
        documents=rows,
        assignments=[{"document_id": id, "version": 2, "state": state} for id, state in kept],
        loads=[{"person_id": "lan", "open": 1}, {"person_id": "minh", "open": 0}],
        notices=[notice(*each) for each in told],
        deliveries=[],
        facts=facts(),
        counters=counters(),
        books=[{"office": "o", "book": "incoming", "year": 2026, "next": 3}, {"office": "o", "book": "outgoing", "year": 2026, "next": 2}],
        events=said,
        dead_letters=[],
        files={row["_id"]: row["sha256"] for row in rows},
        partial_files=[],
        logged=[{**row, "id": row["_id"]} for row in rows],
        bytes_at={f"files/o/{row['_id']}": row["sha256"] for row in rows},
        log={topic: _records(said, topic) for topic in TOPICS},
        starts={topic: {0: 0} for topic in TOPICS},
    )  # fmt: skip


def _records(said: dict[str, list[Row]], topic: str) -> list[Record]:
    rows = [row for each in said.values() for row in each if row["topic"] == topic]
    rows.sort(key=lambda row: (row["sent_at"], row["key"]))
    return [Record(0, offset, row["headers"]["ce_id"], digest_of(row["value"])) for offset, row in enumerate(rows)]
