"""Events in: names of the office into copies, everything about documents into facts and counters."""

from collections.abc import Iterable, Iterator, Sequence

from services.chassis.auth import PERSON, SIGNING_KEY, UNIT
from services.chassis.copies import Copies, Copy
from services.chassis.envelope import Incoming
from services.chassis.erasures import Erasures
from services.events import DocumentErased, Event, OfficeEvent, PersonChanged, SigningKeyChanged, UnitChanged
from services.reporting.store import ReportingStore


class Handlers:
    def __init__(self, store: ReportingStore, copies: Copies, erasures: Erasures) -> None:
        self._store = store
        self._erasures = erasures
        self._copies = copies

    async def count_batch(self, batch: Sequence[Incoming]) -> None:
        events: list[Event] = [each.event for each in batch]
        await self._copies.keep_newest(copies_of(events))
        counted = [event for event in events if not isinstance(event, OfficeEvent)]
        if counted:
            await self._store.count(counted)
        if erased := [event.key for event in counted if isinstance(event, DocumentErased)]:
            await self._store.forget_unused(erased)
            await self._erasures.confirm(erased)


def copies_of(events: Iterable[Event]) -> Iterator[Copy]:
    """What reporting remembers of the office: who may sign in, and what units and people are called."""
    for event in events:
        if isinstance(event, UnitChanged):
            yield _copy(event, UNIT, event.unit.unit_id, event.unit.model_dump(mode="json"))
        elif isinstance(event, PersonChanged):
            yield _copy(event, PERSON, event.person.person_id, event.person.model_dump(mode="json"))
        elif isinstance(event, SigningKeyChanged):
            kept = {"key_id", "public_key", "retired"}
            yield _copy(event, SIGNING_KEY, event.key_id, event.model_dump(mode="json", include=kept))


def _copy(event: Event, kind: str, id: str, state: dict[str, object]) -> Copy:
    return Copy(office=event.office, kind=kind, id=id, version=event.version, epoch=event.epoch, state=state)
