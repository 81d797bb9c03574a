"""What intake hears: the office for its sign-in, and assignments for who may read a document."""

from collections.abc import Sequence
from typing import Any

from services.chassis.auth import PERSON, SIGNING_KEY, UNIT
from services.chassis.copies import Copies, Copy
from services.chassis.envelope import Incoming
from services.events import AssignmentEvent, OfficeEvent, PersonChanged, SigningKeyChanged, UnitChanged
from services.intake.store import Register


class Handlers:
    def __init__(self, copies: Copies, register: Register) -> None:
        self._copies = copies
        self._register = register

    async def hear(self, batch: Sequence[Incoming]) -> None:
        """Repeats and old news change nothing."""
        await self._copies.keep_newest(copy for each in batch if (copy := copy_of(each.event)) is not None)
        newest = newest_assignments(each.event for each in batch if isinstance(each.event, AssignmentEvent))
        if newest:
            await self._register.keep_assignments(newest)


def newest_assignments(events: Any) -> dict[str, AssignmentEvent]:
    newest: dict[str, AssignmentEvent] = {}
    for event in events:
        known = newest.get(event.key)
        if known is None or (event.epoch, event.version) > (known.epoch, known.version):
            newest[event.key] = event
    return newest


def copy_of(event: object) -> Copy | None:
    """People, units and signing keys; of the rest of the office intake needs nothing."""
    match event:
        case PersonChanged():
            return _copy(event, PERSON, event.person.person_id, event.person.model_dump(mode="json"))
        case UnitChanged():
            return _copy(event, UNIT, event.unit.unit_id, event.unit.model_dump(mode="json"))
        case SigningKeyChanged():
            key = {"key_id": event.key_id, "public_key": event.public_key, "retired": event.retired}
            return _copy(event, SIGNING_KEY, event.key_id, key)
    return None


def _copy(event: OfficeEvent, kind: str, id: str, state: dict[str, Any]) -> Copy:
    return Copy(office=event.office, kind=kind, id=id, version=event.version, epoch=event.epoch, state=state)
