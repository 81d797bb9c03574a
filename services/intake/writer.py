"""Whoever waits is numbered together: one transaction and one write of the register log per batch."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.chassis.errors import OutcomeUnknown, Problem, Unavailable
from services.chassis.logs import logger
from services.chassis.mongo import DEPENDENCY_DOWN, Row
from services.intake.documents import Arrival, is_erased, log_line
from services.intake.numbering import fit_together
from services.intake.pacing import busy
from services.intake.store import Collision, SenderKey, size_of

COLLISION_PAUSES_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32)


class Numbers(Protocol):
    """What the writer asks of the register."""

    async def number(self, arrivals: Sequence[Arrival]) -> list[Row]: ...
    async def answered(self, keys: Sequence[SenderKey]) -> dict[SenderKey, Row]: ...
    async def not_logged(self, batches: Sequence[str]) -> list[Row]: ...
    async def documents_of(self, batches: Sequence[Row]) -> list[Row]: ...


class Settled(Protocol):
    """Told what became of a document's number; where it is not clear, the number may still be given."""

    def __call__(self, *, clear: bool) -> None: ...


class Log(Protocol):
    async def append(self, lines: Sequence[dict[str, Any]]) -> None: ...


@dataclass(frozen=True, slots=True)
class Numbered:
    """`repeated`: the sender's key had made this document before; the new one does not exist."""

    row: Row
    repeated: bool = False


@dataclass(slots=True, eq=False)
class _Waiting:
    arrival: Arrival
    size_bytes: int
    outcome: asyncio.Future[Numbered] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """A queue per office and book; one batch of each is under way at a time.

    A document that was taken is numbered even when its sender has gone: to them it is *unknown*.
    """

    def __init__(self, numbers: Numbers, log: Log, most_waiting: int, on_logged: Callable[[str], None]) -> None:
        self._numbers = numbers
        self._log = log
        self._most_waiting = most_waiting
        self._on_logged = on_logged
        self._queues: dict[tuple[str, str], deque[_Waiting]] = {}
        self._under_way: dict[SenderKey, _Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = 0

    def check_room(self) -> None:
        """Raises Problem 503 while too many wait."""
        if self._waiting >= self._most_waiting:
            raise busy("Too many documents wait for a number.")

    async def register(self, arrival: Arrival, settled: Settled | None = None) -> Numbered:
        """The document's row once it is committed and logged. Failures are those of `Register.number`.

        `settled` is told when that is decided, also where the caller has gone by then, and whether it is clear. Of a
        document that was never taken it is told nothing.
        """
        key = arrival.sender_key
        earlier = self._under_way.get(key) if key else None
        if earlier:
            if settled:
                settled(clear=True)  # this one gets no number of its own
            check_same(arrival, earlier.arrival.fingerprint)
            numbered = await asyncio.shield(earlier.outcome)
            return Numbered(numbered.row, repeated=True)
        self.check_room()
        return await asyncio.shield(self._enqueue(arrival, settled).outcome)

    def _enqueue(self, arrival: Arrival, settled: Settled | None) -> _Waiting:
        waiting = _Waiting(arrival, size_of(arrival))
        if settled:
            waiting.outcome.add_done_callback(lambda outcome: settled(clear=_is_clear(outcome)))
        waiting.outcome.add_done_callback(lambda outcome: self._done(waiting, outcome))
        if arrival.sender_key:
            self._under_way[arrival.sender_key] = waiting
        self._waiting += 1
        place = (arrival.office, arrival.book)
        if place in self._queues:
            self._queues[place].append(waiting)
        else:
            self._queues[place] = deque([waiting])
            name = f"numbering-{arrival.office}-{arrival.book}"
            task = asyncio.create_task(self._work_off(place), name=name, context=Context())  # of no single request
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return waiting

    def _done(self, waiting: _Waiting, outcome: asyncio.Future[Numbered]) -> None:
        self._waiting -= 1
        if waiting.arrival.sender_key:
            self._under_way.pop(waiting.arrival.sender_key, None)
        if not outcome.cancelled():
            outcome.exception()  # the sender may be gone: nobody else would look at it

    async def stop(self) -> None:
        """Returns when everyone who waits has an answer."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work_off(self, place: tuple[str, str]) -> None:
        queue = self._queues[place]
        batch: list[_Waiting] = []
        try:
            while queue:
                count = fit_together(each.size_bytes for each in queue)
                batch = [queue.popleft() for _ in range(count)]
                await self._settle(batch)
        finally:  # nobody waits for ever, also when this task is cancelled
            del self._queues[place]
            _fail([*batch, *queue], OutcomeUnknown("the service stopped"))

    async def _settle(self, batch: Sequence[_Waiting], *, alone: bool = False) -> None:
        """Every one of the batch gets an outcome; when a batch fails, each is tried alone."""
        try:
            await self._number(batch)
        except (*DEPENDENCY_DOWN, Problem) as failure:
            _fail(batch, failure)
        except OSError:
            logger("intake").exception("the register log cannot be written")
            _fail(batch, _not_logged())
        except Exception as failure:
            if not alone:
                logger("intake").warning("a batch fails", cause=type(failure).__name__, documents=len(batch))
                for each in batch:
                    await self._settle_alone(each)
            elif isinstance(failure, Collision):
                raise
            else:
                _fail(batch, failure)

    async def _settle_alone(self, waiting: _Waiting) -> None:
        """A collision is tried again: what the other process committed is readable a moment later."""
        for pause_seconds in COLLISION_PAUSES_SECONDS:
            if waiting.outcome.done():
                return
            try:
                await self._settle([waiting], alone=True)
            except Collision:
                await asyncio.sleep(pause_seconds)
        if not waiting.outcome.done():
            _fail([waiting], Unavailable("another process keeps using the same key or book"))

    async def _number(self, batch: Sequence[_Waiting]) -> None:
        fresh, rows = batch, []
        try:
            rows = await self._numbers.number([each.arrival for each in batch])
        except Collision:  # most keys are new: only when one is not, they are looked up
            if fresh := await self._answer_repeats(batch):
                rows = await self._numbers.number([each.arrival for each in fresh])
        except (Problem, Unavailable):  # who has a number already is told it all the same
            with suppress(*DEPENDENCY_DOWN, OSError):
                await self._answer_repeats(batch)
            raise
        if not fresh:
            return
        try:  # they have their numbers: whatever fails from here on, none of them may be numbered again
            await self._log.append([log_line(row) for row in rows])
            self._on_logged(rows[0]["batch"])
            for each, row in zip(fresh, rows, strict=True):
                each.outcome.set_result(Numbered(row))
        except Exception as failure:
            logger("intake").exception("numbered, but not in the register log yet")
            raise _not_logged() from failure

    async def _answer_repeats(self, batch: Sequence[_Waiting]) -> list[_Waiting]:
        """Those who are new; the others get what their key made before, once that is in the register log."""
        keys = [each.arrival.sender_key for each in batch if each.arrival.sender_key]
        known = await self._numbers.answered(keys) if keys else {}
        if known:
            await self._log_left_out([row["batch"] for row in known.values() if "batch" in row])
        fresh: list[_Waiting] = []
        for each in batch:
            row = known.get(each.arrival.sender_key) if each.arrival.sender_key else None
            if row is None:
                fresh.append(each)
            elif is_erased(row):
                each.outcome.set_exception(destroyed())
            elif row["fingerprint"] == each.arrival.fingerprint:
                each.outcome.set_result(Numbered(row, repeated=True))
            else:
                each.outcome.set_exception(reused_key())
        return fresh

    async def _log_left_out(self, batches: Sequence[str]) -> None:
        left_out = await self._numbers.not_logged(batches)
        if left_out:
            rows = await self._numbers.documents_of(left_out)
            await self._log.append([log_line(row) for row in rows])


def check_same(arrival: Arrival, fingerprint: str) -> None:
    if arrival.fingerprint != fingerprint:
        raise reused_key()


def _is_clear(outcome: asyncio.Future[Numbered]) -> bool:
    return not outcome.cancelled() and (outcome.exception() is None or isinstance(outcome.exception(), Problem))


def _not_logged() -> OutcomeUnknown:
    return OutcomeUnknown("the register log cannot be written")


def reused_key() -> Problem:
    return Problem(
        422,
        "idempotency-key-reused",
        "The key was used before with another file or other metadata.",
        field="Idempotency-Key",
        remedy="Use a new key for every document, and the same one only to repeat a request.",
    )


def destroyed() -> Problem:
    return Problem(
        410,
        "erased",
        "The document that was posted under this key was a state secret and has been destroyed.",
        remedy="Do not send it again. Ask the office's security officer.",
    )


def _fail(batch: Iterable[_Waiting], failure: BaseException) -> None:
    for each in batch:
        if not each.outcome.done():
            each.outcome.set_exception(failure)
