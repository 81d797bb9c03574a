"""After a restore: assignments whose newest state only the journal knows get it back, and loads with them."""

from collections.abc import AsyncIterator
from datetime import datetime

from pymongo import ASCENDING

from services.chassis.auth import PERSON, SIGNING_KEY, UNIT
from services.chassis.copies import Copies, Copy
from services.chassis.journal import Journal
from services.chassis.mongo import Database, Row, Session
from services.events import (
    AssignmentEvent,
    CalendarChanged,
    CatalogueChanged,
    DocumentState,
    OfficeEvent,
    PersonChanged,
    SigningKeyChanged,
    UnitChanged,
)
from services.routing.assignment import Entry, Kept, followed
from services.routing.decision import Reason
from services.routing.office import CALENDAR, CATALOGUE
from services.routing.roster import facts_of
from services.routing.settling import Change
from services.routing.store import Store


class Recovery:
    """Every step changes nothing where it was done before. No service may run meanwhile."""

    def __init__(self, database: Database, store: Store, journal: Journal) -> None:
        self._rows = database["assignments"]
        self._copies = Copies(database)
        self._store = store
        self._journal = journal

    async def by_id(self) -> AsyncIterator[Row]:
        """Every assignment's id, version, and which of intake's versions it rests on; at any size."""
        wanted = dict.fromkeys(("version", "source_epoch", "source_version"), 1)
        async for row in self._rows.find({}, wanted).sort("_id", ASCENDING).batch_size(2000):
            yield row

    async def adopt(self, event: AssignmentEvent, document: DocumentState, newest: tuple[int, int]) -> None:
        """`document` is what intake had said when the event was, `newest` the order of what it has said since.

        That is to be heard again, and nothing before it. Reasons and notes that no event carries are lost.
        """
        kept = await self._store.kept([(event.office, event.key)])
        before = kept.get((event.office, event.key))
        after = adopted(before, event, document, newest)
        books = await self._store.loads([event.office])
        books[event.office].shift(before.state if before else None, after.state)

        async def body(session: Session) -> None:
            await self._store.keep([Change(before, after, None)], session)
            await self._store.shift_loads(books, session)

        await self._journal.transact(body)

    async def adopt_office(self, event: OfficeEvent) -> bool:
        """Whether routing had an older state of this person, unit, calendar, catalogue or public key, or none."""
        copy = copy_of(event)
        if await self._copies.version(copy.office, copy.kind, copy.id) >= copy.version:
            return False
        await self._copies.keep_newest([copy])
        return True


def copy_of(event: OfficeEvent) -> Copy:
    """What routing keeps of what it said."""
    if isinstance(event, UnitChanged):
        kind, id, state = UNIT, event.unit.unit_id, event.unit.model_dump(mode="json")
    elif isinstance(event, PersonChanged):
        kind, id, state = PERSON, event.person.person_id, event.person.model_dump(mode="json")
    elif isinstance(event, CalendarChanged):
        kind, id, state = CALENDAR, CALENDAR, event.calendar.model_dump(mode="json")
    elif isinstance(event, CatalogueChanged):
        kind, id = CATALOGUE, event.catalogue
        state = event.model_dump(mode="json", include={"entries"})
    else:
        assert isinstance(event, SigningKeyChanged)
        kind, id = SIGNING_KEY, event.key_id
        state = event.model_dump(mode="json", include={"key_id", "public_key", "retired"})
    return Copy(event.office, kind, id, event.version, 0, state)


def adopted(before: Kept | None, event: AssignmentEvent, document: DocumentState, newest: tuple[int, int]) -> Kept:
    entry = _entry(event, event.recorded_at)
    epoch, version = newest[0], newest[1] - 1
    if before is not None:
        return followed(before, entry, state=event.assignment, source_epoch=epoch, source_version=version)
    return Kept(
        office=event.office,
        document_id=event.key,
        key=event.key,
        version=event.version,
        source_epoch=epoch,
        source_version=version,
        facts=facts_of(document),
        state=event.assignment,
        reason=Reason(),
        history=(entry,),
    )


def _entry(event: AssignmentEvent, at: datetime) -> Entry:
    lead = event.assignment.lead_person_id
    return Entry(version=event.version, what="recovered", recorded_at=at, happened_at=at, lead_person_id=lead)
