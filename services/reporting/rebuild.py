"""Facts and counters built anew beside the live ones, compared, and made the live ones in one moment.

While a new generation is being built, the live consumer writes it, too: what happens meanwhile is in both.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from services.chassis.errors import Failure, LostRace
from services.chassis.mongo import DEPENDENCY_DOWN
from services.events import Event, OfficeEvent
from services.reporting.difference import Difference, compare, held, tallied
from services.reporting.facts import is_newer
from services.reporting.generations import Generation
from services.reporting.store import PIECE, PRODUCERS, ReportingStore

PATIENCE_SECONDS = 60.0
GRACE_SECONDS = 2.0  # readers that began on the old generation end on it
Progress = Callable[[int], None]


class Behind(Failure):
    """The journals lack what the live facts have: nothing was flipped. `document_ids` are some of them."""

    def __init__(self, document_ids: Sequence[str]) -> None:
        super().__init__(f"the journals are behind the live facts, first at {', '.join(document_ids[:5])}")
        self.document_ids = tuple(document_ids)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    events: int
    facts: int


async def rebuild(
    store: ReportingStore,
    events: AsyncIterable[Event],
    *,
    progress: Progress = lambda _: None,
    grace_seconds: float = GRACE_SECONDS,
) -> Rebuilt:
    """Build facts and counters from all journals' events, and flip when none is older than the live one.

    `events` is read from its start after the new generation is open. `progress` is told how many events were
    taken since it was last told. Raises Behind, or Superseded when another run has begun meanwhile; however it ends early, even
    cancelled, nothing is left of the new generation.
    """
    taken = 0
    async with _building(store, store.begin_rebuild()) as generation:
        async for batch in _batches(events):
            await _again(lambda batch=batch: store.fill(generation, batch))  # type: ignore[misc]
            taken += len(batch)
            progress(len(batch))
        if behind := await _behind(store, generation):
            raise Behind(behind)
        await _again(lambda: store.flip(generation))
    await asyncio.sleep(grace_seconds)
    await store.drop_unused()
    return Rebuilt(taken, await store.size())


async def recompute(
    store: ReportingStore, *, progress: Progress = lambda _: None, grace_seconds: float = GRACE_SECONDS
) -> list[Difference]:
    """Build the counters anew from the facts and flip. Returns where the old ones were wrong.

    `progress` is told how many facts were counted since it was last told. Raises Superseded; however it ends early, even
    cancelled, nothing is left of the new counters.
    """
    async with _building(store, store.begin_recount()) as generation:
        ids = await store.document_ids("")
        while ids:
            await _again(lambda ids=ids: store.recount(generation, ids))  # type: ignore[misc]
            progress(len(ids))
            ids = await store.document_ids(ids[-1])

        async def differing(session: Any) -> list[Difference]:
            live = await held(store.every_counter(session))
            anew = await held(store.every_counter(session, generation.counters))
            return compare(live, anew)

        found: list[Difference] = await store.at_one_moment(differing)
        await _again(lambda: store.flip(generation))
    await asyncio.sleep(grace_seconds)
    await store.drop_unused()
    return found


async def differences(store: ReportingStore) -> list[Difference]:
    """Where the counters are not what the facts add up to, as of one moment. Writes nothing."""

    async def differing(session: Any) -> list[Difference]:
        expected = await tallied(store.every_fact(session))
        return compare(await held(store.every_counter(session)), expected)

    found: list[Difference] = await store.at_one_moment(differing)
    return found


@contextlib.asynccontextmanager
async def _building(store: ReportingStore, begin: Coroutine[Any, Any, Generation]) -> AsyncIterator[Generation]:
    """The generation that `begin` opens; abandoned when the block ends before its flip.

    With the database away it stays behind, and `vanthu check` says so.
    """
    beginning = asyncio.ensure_future(begin)
    try:
        yield await asyncio.shield(beginning)
    except BaseException:
        with contextlib.suppress(*DEPENDENCY_DOWN):
            await asyncio.shield(store.abandon(await beginning))
        raise


async def _again(work: Callable[[], Awaitable[None]]) -> None:
    """The live consumer may be first at a row, or the database away for a moment: both pass."""
    pauses = wait_random_exponential(multiplier=0.05, max=5)
    retried = retry_if_exception_type((*DEPENDENCY_DOWN, LostRace))
    async for attempt in AsyncRetrying(
        wait=pauses, retry=retried, stop=stop_after_delay(PATIENCE_SECONDS), reraise=True
    ):
        with attempt:
            await work()


async def _batches(events: AsyncIterable[Event]) -> AsyncIterator[list[Event]]:
    batch: list[Event] = []
    async for event in events:
        if isinstance(event, OfficeEvent):
            continue
        batch.append(event)
        if len(batch) == PIECE:
            yield batch
            batch = []
    if batch:
        yield batch


async def _behind(store: ReportingStore, generation: Generation) -> list[str]:
    """Live documents that the new generation lacks or has in an older state. Live rows are read first."""
    behind: list[str] = []
    piece: list[Mapping[str, Any]] = []
    async for row in store.versions():
        piece.append(row)
        if len(piece) == PIECE:
            behind += await _behind_in(store, generation, piece)
            piece = []
    behind += await _behind_in(store, generation, piece)
    new = {row["_id"]: row async for row in store.period_versions(generation)}
    old = [row async for row in store.period_versions()]
    return behind + [row["_id"] for row in old if row["_id"] not in new or is_newer(row, new[row["_id"]])]


async def _behind_in(store: ReportingStore, generation: Generation, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    new = await store.versions_of(generation, [row["_id"] for row in rows])
    return [row["_id"] for row in rows if row["_id"] not in new or _is_older(new[row["_id"]]["parts"], row["parts"])]


def _is_older(new: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    return any(is_newer(live[each], new.get(each)) for each in PRODUCERS if each in live)
