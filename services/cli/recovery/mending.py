"""Services that were restored to different moments agree again: what is behind is sent again, what is ahead said anew."""

from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence

from services.chassis.journal import order_of, restated, rows_about
from services.chassis.mongo import Collection, Database, Row, Session, Transactions
from services.cli.check.figures import event_of
from services.cli.check.merging import side_by_side
from services.cli.recovery.adopting import said
from services.cli.recovery.skew import Mend, Order, mends
from services.events import OfficeEvent
from services.intake.recovering import Recovery as IntakeRecovery
from services.reporting.store import ReportingStore
from services.routing.recovering import Recovery as RoutingRecovery

KEYS_AT_ONCE = 200
TOPIC_OF = {"intake": "documents", "routing": "assignments", "notify": "notices"}
STATES_OF = {"intake": ("documents", "period_counts"), "routing": ("assignments",), "notify": ("audiences",)}
Progress = Callable[[int], None]
Streams = dict[str, AsyncIterable[Row]]


def streams_of(
    databases: dict[str, Database], intake: IntakeRecovery, routing: RoutingRecovery, reporting: ReportingStore
) -> Streams:
    """What every service said and keeps of each subject, in the order of keys."""
    return {
        **{f"said {name}": said(databases[name]["events"], topic) for name, topic in TOPIC_OF.items()},
        "intake": intake.by_id(),
        "routing": routing.by_id(),
        "notify": _ledgers(databases["notify"]),
        "reporting": reporting.versions(),
        "counts": reporting.period_versions(),
    }


async def mend(
    databases: dict[str, Database],
    streams: Streams,
    heard: Mapping[str, Mapping[str, Order]],
    epoch: int,
    progress: Progress,
) -> Counter[str]:
    """How many subjects were sent again, and how many said anew. `heard` is, by producer, what Kafka knows beyond it."""
    done: Counter[str] = Counter()
    again: dict[str, list[str]] = {name: [] for name in TOPIC_OF}
    async for key, found in side_by_side(streams, lambda row: str(row.get("key") or row["_id"])):
        progress(1)
        for each in mends(key, found, {name: known[key] for name, known in heard.items() if key in known}):
            again[each.producer].append(key)
            if each.restate_as:
                await _restate(databases[each.producer], each, epoch)
                done["said anew"] += 1
            else:
                done["sent again"] += 1
    for name, keys in again.items():
        await _send_again(databases[name]["events"], keys)
    return done


async def _ledgers(database: Database) -> AsyncIterator[Row]:
    async for row in (
        database["audiences"].find({}, {"heard": 1, "restricted": 1, "seal_heard": 1}).sort("_id", 1).batch_size(2000)
    ):
        yield row


async def _restate(database: Database, mending: Mend, epoch: int) -> None:
    """At a version that no reader has heard, whatever the lost time said."""
    row, version = await database["events"].find_one({"_id": mending.row["_id"]}), mending.restate_as
    assert row is not None
    assert version is not None

    async def body(session: Session) -> None:
        await database["events"].insert_one(restated(row, version, epoch), session=session)
        for name in STATES_OF[mending.producer]:
            await database[name].update_one({"_id": row["key"]}, {"$set": {"version": version}}, session=session)

    await Transactions(database.client).run(body)


async def _send_again(journal: Collection, keys: Sequence[str]) -> None:
    change = {"$set": {"unsent": True}, "$unset": {"stuck": ""}}
    for first in range(0, len(keys), KEYS_AT_ONCE):
        await journal.update_many(rows_about(keys[first : first + KEYS_AT_ONCE]), change)


async def say_office_anew(journal: Collection, routing: RoutingRecovery, epoch: int) -> int:
    """How many people, units, calendars and keys of the office Kafka knew better than routing, which has them now.

    Readers take all of them as routing has them now, whatever they have heard of a lost time.
    """
    newest: dict[str, Row] = {}
    async for row in journal.find({"topic": "office"}).sort("_id", 1):
        if row["key"] not in newest or order_of(row) > order_of(newest[row["key"]]):
            newest[row["key"]] = row
    behind = 0
    for row in newest.values():
        event = event_of(row)
        behind += isinstance(event, OfficeEvent) and await routing.adopt_office(event)
        await journal.replace_one({"_id": row["_id"]}, restated(row, row["version"], epoch))
    return behind
