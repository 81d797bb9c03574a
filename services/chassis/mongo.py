"""The only file that makes a driver's client: durable defaults, and transactions that end in a known way."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from services.chassis.errors import OutcomeUnknown, Unavailable

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorClientSession, AsyncIOMotorCollection, AsyncIOMotorDatabase

    Client = AsyncIOMotorClient[dict[str, Any]]
    Database = AsyncIOMotorDatabase[dict[str, Any]]
    Collection = AsyncIOMotorCollection[dict[str, Any]]
    Session = AsyncIOMotorClientSession
else:
    Client = Database = Collection = Session = Any

Row = dict[str, Any]
T = TypeVar("T")

DURABLE: dict[str, Any] = {
    "w": "majority",
    "journal": True,
    "wTimeoutMS": 10_000,
    "readConcernLevel": "majority",
    "retryWrites": True,
    "retryReads": True,
    "maxPoolSize": 50,
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 30_000,
    "tz_aware": True,
    "appname": "vanthu",
}

DEPENDENCY_DOWN = (
    AutoReconnect,
    ConnectionFailure,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    ExecutionTimeout,
    WTimeoutError,
    Unavailable,
    OutcomeUnknown,
)


def connect(url: str, **options: Any) -> "Client":
    """A client with the defaults that the promise rests on; connects lazily."""
    return AsyncIOMotorClient(url, **{**DURABLE, **options})


def is_transient(error: BaseException) -> bool:
    return isinstance(error, PyMongoError) and error.has_error_label("TransientTransactionError")


def is_commit_unknown(error: BaseException) -> bool:
    return isinstance(error, PyMongoError) and error.has_error_label("UnknownTransactionCommitResult")


class Transactions:
    """Runs bodies in majority transactions.

    A transient error runs the body again; an unclear commit repeats only the commit, until the deadline,
    and then raises `OutcomeUnknown`. Every other error aborts and is raised as it is. Sleeps are jittered:
    Motor's own `with_transaction` does not sleep at all and collapses under contention.
    """

    def __init__(
        self, client: "Client", deadline_seconds: float = 3.0, on_retry: Callable[[], None] = lambda: None
    ) -> None:
        self._client = client
        self._deadline_seconds = deadline_seconds
        self._on_retry = on_retry

    async def run(self, body: "Callable[[Session], Awaitable[T]]") -> T:
        """What the body returned, once committed. Survives the caller's cancellation: it ends either way."""
        return await asyncio.shield(self._run(body))

    async def _run(self, body: "Callable[[Session], Awaitable[T]]") -> T:
        try:
            async for attempt in self._retrying(is_transient):
                with attempt:
                    return await self._attempt(body)
        except OperationFailure as error:
            if is_transient(error):
                raise Unavailable("the database kept refusing the transaction") from error
            raise
        raise AssertionError("unreachable: the last attempt raises")

    async def _attempt(self, body: "Callable[[Session], Awaitable[T]]") -> T:
        async with await self._client.start_session() as session:
            session.start_transaction(
                read_concern=ReadConcern("snapshot"),
                write_concern=WriteConcern(w="majority", j=True, wtimeout=10_000),
                read_preference=ReadPreference.PRIMARY,
                max_commit_time_ms=int(self._deadline_seconds * 1000),
            )
            try:
                result = await body(session)
            except BaseException:
                await self._abort(session)
                raise
            await self._commit(session)
            return result

    async def _commit(self, session: "Session") -> None:
        started = time.monotonic()
        try:
            async for attempt in self._retrying(is_commit_unknown):
                with attempt:
                    await session.commit_transaction()
        except PyMongoError as error:
            if is_commit_unknown(error):
                waited = time.monotonic() - started
                raise OutcomeUnknown(f"no answer to the commit within {waited:.1f} s") from error
            raise

    @staticmethod
    async def _abort(session: "Session") -> None:
        with contextlib.suppress(PyMongoError):  # the server ends it by transactionLifetimeLimitSeconds
            await session.abort_transaction()

    def _retrying(self, predicate: Callable[[BaseException], bool]) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception(predicate),
            wait=wait_random_exponential(multiplier=0.01, max=0.5),
            stop=stop_after_delay(self._deadline_seconds),
            before_sleep=lambda _: self._on_retry(),
            reraise=True,
        )
