"""One document's way, from scan to inbox, as the services tell it to the leader."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.demo.access import Office
from services.demo.calls import Calls
from services.demo.ledger import Entry
from services.demo.store import LEAD, Notices

Step = tuple[str, str]
Answer = Mapping[str, Any]
LOOKED_AT, OTHERS_SHOWN = 50, 3


async def journey_of(calls: Calls, notices: Notices, office: Office, answered: Sequence[Entry]) -> list[Step]:
    """Of the first incoming letter that has a co-ordinator, else of any; nothing where there is none."""
    plain: list[Step] = []
    for entry in [each for each in answered if each.device.startswith("scan")][:LOOKED_AT]:
        document = await calls.seen_by_leader(f"/intake/api/v1/documents/{entry.id}")
        assignment = await calls.seen_by_leader(f"/routing/api/v1/documents/{entry.id}")
        if not document or not assignment or not assignment["state"]["lead_person_id"]:
            continue
        told = await notices.about(entry.id)
        steps = [*_scanned(entry, document), *_assigned(assignment, office), *_told(told, entry, office)]
        if assignment["state"]["coordinators"] and document.get("symbol"):
            return steps
        plain = plain or steps
    return plain


def _scanned(entry: Entry, document: Answer) -> list[Step]:
    written = "/".join(str(document[name]) for name in ("document_number", "symbol") if document.get(name))
    paper = " · ".join(each for each in (written, document.get("issuer")) if each)
    numbered = f"{entry.number} / {entry.year} ({entry.book}) · {_milliseconds(entry.answered_at - entry.posted_at)}"
    return [
        ("Văn bản · Paper", f"{paper}\n{document.get('subject', '')}"),
        ("Ngày đến · Arrived on", str(document["arrived_on"])),
        ("Số đến · Number", numbered),
    ]


def _assigned(assignment: Answer, office: Office) -> list[Step]:
    state, reason = assignment["state"], assignment["reason"]
    chosen = next((each for each in reason["candidates"] if each["lost"] is None), None)
    others = [each for each in reason["candidates"] if each["lost"] is not None]
    why = f"{reason['row_name']}; open before: {chosen['open']}" if chosen else str(reason["row_name"])
    lost = "".join(
        f"\n  {office.name(each['person_id'])}: {each['lost']} ({each['open']})" for each in others[:OTHERS_SHOWN]
    )
    lead = f"{office.name(state['lead_person_id'])}, {office.name(state['lead_unit_id'])}"
    together = [office.name(each["person_id"] or each["unit_id"]) for each in state["coordinators"]]
    return [
        ("Người xử lý · Handler", lead),
        ("Vì sao · Why", why + lost),
        *([("Phối hợp · Co-ordinates", ", ".join(together))] if together else []),
        ("Hạn xử lý · Due on", str(state["due_on"] or "–")),
    ]


def _told(notices: Sequence[Answer], entry: Entry, office: Office) -> list[Step]:
    first = next((each for each in notices if each["telling"] == LEAD), None)
    if first is None:
        return []
    at: datetime = first["created_at"]
    after = _milliseconds(at.timestamp() - entry.posted_at)
    return [
        ("Thông báo · Notice", f"{office.name(first['person_id'])}, {after} after the POST ({len(notices)} in all)")
    ]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
