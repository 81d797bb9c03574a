"""A small office as a file, and what intake says about its documents."""

import json
from datetime import UTC, date, datetime
from typing import Any

from services.chassis.settings import ChassisSettings
from services.events import (
    Direction,
    DocumentDescribed,
    DocumentReceived,
    DocumentState,
    DocumentStatus,
    DocumentVoided,
    IssuerLevel,
    Kind,
    PersonState,
    UnitState,
)
from services.routing.app import opened_office
from services.routing.loading import create_token, judged, load
from services.routing.roster import OfficeView
from services.routing.rules import compiled
from services.worktime import Calendar
from tests.offices import HA_TINH

ARRIVED = date(2016, 2, 5)  # the Friday before Tết
NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
ROOMS = {"TH": "head-th", "NC": "head-nc", "KT": "head-kt"}
STAFF: dict[str, tuple[str, list[str]]] = {
    "clerk": ("TH", ["clerk"]),
    "leader": ("TH", ["leader"]),
    "leader-two": ("TH", ["leader"]),
    "auditor": ("TH", ["auditor"]),
    "security": ("TH", ["security_officer"]),
    "admin": ("TH", ["administrator"]),
    "head-th": ("TH", []),
    "thu": ("TH", ["specialist"]),
    "head-nc": ("NC", []),
    "hoa": ("NC", ["specialist", "enter_later"]),
    "lan": ("NC", ["specialist"]),
    "head-kt": ("KT", []),
    "minh": ("KT", ["specialist"]),
}


def row(id: str, lead: str, *, kind: str = "", suffix: str = "", others: str = "", days: str = "") -> dict[str, str]:
    cells = {"kind": kind, "suffix": suffix, "lead": f'"{lead}"', "others": others, "days": days}
    return {"_id": id, "_description": f"row {id}", **cells}


def rules(rows: list[dict[str, str]] | None = None) -> dict[str, Any]:
    rows = rows or [
        row("petition", "NC", kind='"petition"', others='["KT", "TH"]', days="5"),
        row("suffix-kt", "KT", suffix='"KT"', days="3"),
        row("default", "TH"),
    ]
    inputs = [{"id": "kind", "field": "kind"}, {"id": "suffix", "field": "symbol_suffix"}]
    outputs = [
        {"id": "lead", "field": "lead_unit"},
        {"id": "others", "field": "coordinating_units"},
        {"id": "days", "field": "working_days"},
    ]
    named = [{**each, "name": each["id"]} for each in inputs], [{**each, "name": each["id"]} for each in outputs]
    table = {"hitPolicy": "first", "inputs": named[0], "outputs": named[1], "rules": rows}
    place = {"x": 0, "y": 0}
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "position": place},
            {"id": "table", "type": "decisionTableNode", "name": "table", "position": place, "content": table},
            {"id": "out", "type": "outputNode", "name": "out", "position": place},
        ],
        "edges": [
            {"id": "a", "type": "edge", "sourceId": "in", "targetId": "table"},
            {"id": "b", "type": "edge", "sourceId": "table", "targetId": "out"},
        ],
    }


def office(id: str = HA_TINH, **changes: Any) -> dict[str, Any]:
    return {
        "office": id,
        "name": f"Văn phòng {id}",
        "units": [{"id": unit, "name": f"Phòng {unit}", "symbol": unit, "head": head} for unit, head in ROOMS.items()],
        "people": [
            {"id": person, "name": person, "unit": unit, "roles": roles} for person, (unit, roles) in STAFF.items()
        ],
        "calendar": {"days_off": ["2016-02-15"], "working_days": []},
        "catalogues": {"matters": [{"code": "dat-dai", "name": "Đất đai"}]},
        "rules": rules(),
        "default_working_days": 7,
        **changes,
    }


def view(**absences: Any) -> OfficeView:
    """The small office as a decision sees it, without a server."""
    people = {
        person: PersonState(
            person_id=person, name=person, unit_id=unit, roles=tuple(roles), absences=absences.get(person, ())
        )
        for person, (unit, roles) in STAFF.items()
    }
    units = {unit: UnitState(unit_id=unit, name=unit, head_person_id=head) for unit, head in ROOMS.items()}
    calendar = Calendar.of([date(2016, 2, 15)], [])
    return OfficeView(HA_TINH, 1, 1, units, people, calendar, 7, compiled(rules()))


def document(id: str, **changes: Any) -> DocumentState:
    return DocumentState(
        **{
            "document_id": id,
            "direction": Direction.INCOMING,
            "book": "incoming",
            "year": 2026,
            "number": 1,
            "received_at": NOW,
            "status": DocumentStatus.REGISTERED,
            "kind": Kind.PETITION,
            "issuer_level": IssuerLevel.CITIZEN,
            "arrived_on": ARRIVED,
            "subject": "Đơn khiếu nại",
            **changes,
        }
    )


def received(id: str, version: int = 1, office: str = HA_TINH, **changes: Any) -> DocumentReceived:
    state = document(id, **changes)
    return DocumentReceived(office=office, key=id, version=version, recorded_at=NOW, document=state)


def described(id: str, version: int = 2, office: str = HA_TINH, **changes: Any) -> DocumentDescribed:
    state = document(id, **changes)
    changed = tuple(changes)
    return DocumentDescribed(office=office, key=id, version=version, recorded_at=NOW, document=state, changed=changed)


def voided(id: str, version: int = 2, office: str = HA_TINH, **changes: Any) -> DocumentVoided:
    state = document(id, status=DocumentStatus.VOIDED, void_reason="Quét hai lần", **changes)
    return DocumentVoided(office=office, key=id, version=version, recorded_at=NOW, document=state)


async def load_office(settings: ChassisSettings, *offices: dict[str, Any]) -> None:
    async with opened_office(settings) as store:
        for each in offices or (office(),):
            await load(judged(json.dumps(each)), store)


async def tokens(settings: ChassisSettings, *people: str, office: str = HA_TINH) -> dict[str, str]:
    async with opened_office(settings) as store:
        return {person: await create_token(store, office, person, 1) for person in people}
