"""Two offices side by side, known to a service as if routing had told it."""

import json
from datetime import UTC, datetime
from typing import Any

from services.chassis.auth import PERSON, SIGNING_KEY, UNIT, new_signing_key, sign_token
from services.chassis.copies import Copies, Copy
from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings

HA_TINH, NGHE_AN = "hatinh", "nghean"
OFFICES = (HA_TINH, NGHE_AN)
UNITS = {"TH": "head-th", "NC": "head-nc", "KT": "head-kt"}
PEOPLE: dict[str, tuple[str, tuple[str, ...]]] = {
    "clerk": ("TH", ("clerk",)),
    "leader": ("TH", ("leader",)),
    "auditor": ("TH", ("auditor",)),
    "security": ("TH", ("security_officer",)),
    "admin": ("TH", ("administrator",)),
    "head-th": ("TH", ("specialist",)),
    "head-nc": ("NC", ("specialist",)),
    "head-kt": ("KT", ("specialist",)),
    "hoa": ("NC", ("specialist",)),
    "lan": ("NC", ("specialist", "enter_later")),
    "minh": ("KT", ("specialist",)),
}
KEY_ID = "test-key"
_SIGNING_KEY = new_signing_key(KEY_ID)


def token(person_id: str, office: str = HA_TINH, *, issued_at: datetime | None = None, hours: float = 1) -> str:
    return sign_token(_SIGNING_KEY, KEY_ID, office, person_id, issued_at or datetime.now(UTC), hours)


async def introduce_offices(settings: ChassisSettings, service: str, version: int = 1) -> None:
    """Put both offices' people, units and signing keys into the service's copy."""
    client = connect(settings.mongo_url.get_secret_value())
    copies = Copies(client[f"{settings.mongo_database_prefix}_{service}"])
    await copies.keep_newest(each for office in OFFICES for each in _copies_of(office, version))
    client.close()


def _copies_of(office: str, version: int) -> list[Copy]:
    units = [_copy(office, UNIT, unit, version, _unit(unit, head)) for unit, head in UNITS.items()]
    people = [_copy(office, PERSON, person, version, _person(person)) for person in PEOPLE]
    key = {"key_id": KEY_ID, "public_key": _public_key(), "retired": False}
    return [*units, *people, _copy(office, SIGNING_KEY, KEY_ID, version, key)]


def _copy(office: str, kind: str, id: str, version: int, state: dict[str, Any]) -> Copy:
    return Copy(office=office, kind=kind, id=id, version=version, epoch=0, state=state)


def _unit(unit_id: str, head: str) -> dict[str, Any]:
    return {"unit_id": unit_id, "name": f"Phòng {unit_id}", "head_person_id": head, "active": True}


def _person(person_id: str) -> dict[str, Any]:
    unit_id, roles = PEOPLE[person_id]
    return {"person_id": person_id, "name": person_id, "unit_id": unit_id, "roles": list(roles), "disabled": False}


def _public_key() -> str:
    return json.dumps(_SIGNING_KEY.as_dict(private=False))
