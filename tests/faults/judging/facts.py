"""Each document has one fact, whose parts say what the newest events of their producers say.

Source: "one fact row per document, one part per producer"; a document counts while its number is not void.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.faults.evidence import Row
from tests.faults.judging.breach import Breach, differing
from tests.faults.judging.case import Case, Said

PRODUCERS = {"intake": "documents", "routing": "assignments", "notify": "notices"}
REGISTERED = (
    "direction", "book", "year", "number", "status", "kind", "issuer_level", "arrived_on", "due_on", "urgency",
    "restricted", "own_office",
)  # fmt: skip
WORDS = ("subject", "issuer", "symbol", "document_number", "document_date")
HANDLED = ("status", "lead_unit_id", "lead_person_id", "deciding_person_id", "due_on", "completed_on")


def facts(case: Case) -> Iterator[Breach]:
    kept = {row["_id"]: row for row in case.evidence.facts}
    for document in case.evidence.documents:
        fact = kept.get(document["_id"])
        if fact is None:
            yield Breach("every document has its fact", "has none", (document["_id"],))
        elif fact["counts"] != (document["status"] == "registered"):
            what = "counts" if fact["counts"] else "does not count"
            yield Breach("what has a valid number counts, what is void does not", what, (document["_id"],))
    for id, fact in kept.items():
        if fact["counts"] and id not in case.documents:
            yield Breach("no fact from nowhere", "counts without a document", (id,))
        for producer, topic in PRODUCERS.items():
            yield from _part(id, producer, fact["parts"].get(producer), case.newest(topic, id))


def _part(id: str, producer: str, part: Row | None, newest: Said | None) -> Iterator[Breach]:
    if newest is None or part is None:
        if (newest is None) != (part is None) and not _is_no_document(newest):
            yield Breach("facts have what was said", f"{producer}: {part}, not {newest and newest.id}", (id,))
        return
    stamp = {"epoch": newest.order[0], "version": newest.version}
    if wrong := differing(stamp | PARTS[producer](newest), part):
        yield Breach("facts have what was said", f"{producer}: {wrong}", (id,))


def _is_no_document(newest: Said | None) -> bool:
    """Counts of a period and incidents are said on the same topic."""
    return newest is not None and not newest.state and "notices" not in newest.value


def _registered(event: Said) -> dict[str, Any]:
    state = event.state
    part = {name: state.get(name) for name in REGISTERED} | {"conflicted": state.get("conflicted_person_ids")}
    wordless = state.get("restricted") or state.get("sealed")
    return part | {name: None if wordless else state.get(name) for name in WORDS}


def _handled(event: Said) -> dict[str, Any]:
    coordinators = [{"unit": each["unit_id"], "person": each["person_id"]} for each in event.state["coordinators"]]
    return {name: event.state.get(name) for name in HANDLED} | {"coordinators": coordinators}


def _told(event: Said) -> dict[str, int]:
    notices: list[Mapping[str, Any]] = event.value["notices"]
    opened = sum(each["opened_at"] is not None for each in notices)
    failed = sum(each["failed_at"] is not None for each in notices)
    return {"sent": len(notices), "opened": opened, "failed": failed}


PARTS = {"intake": _registered, "routing": _handled, "notify": _told}
