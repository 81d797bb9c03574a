"""The only file that makes a driver's client: durable defaults, and transactions that end in a known way."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern
from tenacity import AsyncRetrying, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from services.chassis.errors import OutcomeUnknown, Unavailable

if TYPE_CHECKING:
    import pymongo.client_session
    import pymongo.collection
    from motor.motor_asyncio import AsyncIOMotorClientSession, AsyncIOMotorCollection, AsyncIOMotorDatabase

    Client = AsyncIOMotorClient[dict[str, Any]]
    Database = AsyncIOMotorDatabase[dict[str, Any]]
    Collection = AsyncIOMotorCollection[dict[str, Any]]
    Session = AsyncIOMotorClientSession
    BlockingSession = pymongo.client_session.ClientSession
    BlockingCollection = pymongo.collection.Collection[dict[str, Any]]
else:
    Client = Database = Collection = Session = BlockingCollection = BlockingSession = Any

THREADS = 16  # as many bodies run at once; others wait for one to end
Row = dict[str, Any]
T = TypeVar("T")

DURABLE: dict[str, Any] = {
    "w": "majority",
    "journal": True,
    "wTimeoutMS": 10_000,
    "readConcernLevel": "majority",
    "readPreference": "primary",
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

# MongoDB's own codes for "not now, whatever you ask": no disk, memory, files or locks, no rights, shutting down
SERVERS_FAULTS = {
    "InternalError": 1,
    "UnknownError": 8,
    "Unauthorized": 13,
    "AuthenticationFailed": 18,
    "LockTimeout": 24,
    "MaxTimeMSExpired": 50,
    "ShutdownInProgress": 91,
    "ExceededMemoryLimit": 146,
    "ExceededTimeLimit": 262,
    "TooManyFilesOpen": 264,
    "TemporarilyUnavailable": 365,
    "InterruptedAtShutdown": 11600,
    "Interrupted": 11601,
    "InterruptedDueToReplStateChange": 11602,
    "OutOfDiskSpace": 14031,
}


def connect(url: str, **options: Any) -> "Client":
    """A client with the defaults that the promise rests on; connects lazily."""
    return AsyncIOMotorClient(url, **{**DURABLE, **options})


def kept_now() -> datetime:
    """The moment as MongoDB keeps it, in whole milliseconds: what is said, kept and repeated is the same."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def blocking(collection: "Collection") -> "BlockingCollection":
    """The same collection for bodies that run in a thread."""
    delegate: BlockingCollection = collection.delegate
    return delegate


def is_transient(error: BaseException) -> bool:
    return isinstance(error, PyMongoError) and error.has_error_label("TransientTransactionError")


def is_servers_fault(error: BaseException) -> bool:
    """Whether MongoDB itself cannot work now: whoever asks again later, for the same, may be answered."""
    if isinstance(error, BulkWriteError):
        codes = {fault.get("code") for fault in error.details.get("writeErrors", ())}
    else:
        codes = {error.code} if isinstance(error, OperationFailure) else set()
    return not codes.isdisjoint(SERVERS_FAULTS.values())


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
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="transactions")

    async def run(self, body: "Callable[[Session], Awaitable[T]]") -> T:
        """What the body returned, once committed. Survives the caller's cancellation: it ends either way."""
        return await asyncio.shield(self._run(body))

    async def run_in_thread(self, body: "Callable[[BlockingSession], T]") -> T:
        """As `run`, for a short body that calls `blocking` collections: all of it in one thread.

        Where a loop serves many requests, every call of an async body waits for its turn; this waits once.
        """
        loop, context = asyncio.get_running_loop(), copy_context()
        return await asyncio.shield(loop.run_in_executor(self._threads, context.run, self._run_blocking, body))

    async def _run(self, body: "Callable[[Session], Awaitable[T]]") -> T:
        try:
            async for attempt in AsyncRetrying(**self._retrying(is_transient)):
                with attempt:
                    return await self._attempt(body)
        except OperationFailure as error:
            _say_when_refused(error)
            raise
        raise AssertionError("unreachable: the last attempt raises")

    def _run_blocking(self, body: "Callable[[BlockingSession], T]") -> T:
        try:
            for attempt in Retrying(**self._retrying(is_transient)):
                with attempt:
                    return self._attempt_blocking(body)
        except OperationFailure as error:
            _say_when_refused(error)
            raise
        raise AssertionError("unreachable: the last attempt raises")

    async def _attempt(self, body: "Callable[[Session], Awaitable[T]]") -> T:
        async with await self._client.start_session() as session:
            session.start_transaction(**self._durably())
            try:
                result = await body(session)
            except BaseException:
                with contextlib.suppress(PyMongoError):  # the server ends it by transactionLifetimeLimitSeconds
                    await session.abort_transaction()
                raise
            await self._commit(session)
            return result

    def _attempt_blocking(self, body: "Callable[[BlockingSession], T]") -> T:
        with self._client.delegate.start_session() as session:
            session.start_transaction(**self._durably())
            try:
                result = body(session)
            except BaseException:
                with contextlib.suppress(PyMongoError):
                    session.abort_transaction()
                raise
            self._commit_blocking(session)
            return result

    async def _commit(self, session: "Session") -> None:
        started = time.monotonic()
        try:
            async for attempt in AsyncRetrying(**self._retrying(is_commit_unknown)):
                with attempt:
                    await session.commit_transaction()
        except PyMongoError as error:
            _say_when_unknown(error, started)
            raise

    def _commit_blocking(self, session: "BlockingSession") -> None:
        started = time.monotonic()
        try:
            for attempt in Retrying(**self._retrying(is_commit_unknown)):
                with attempt:
                    session.commit_transaction()
        except PyMongoError as error:
            _say_when_unknown(error, started)
            raise

    def _durably(self) -> dict[str, Any]:
        return {
            "read_concern": ReadConcern("snapshot"),
            "write_concern": WriteConcern(w="majority", j=True, wtimeout=10_000),
            "read_preference": ReadPreference.PRIMARY,
            "max_commit_time_ms": int(self._deadline_seconds * 1000),
        }

    def _retrying(self, predicate: Callable[[BaseException], bool]) -> dict[str, Any]:
        return {
            "retry": retry_if_exception(predicate),
            "wait": wait_random_exponential(multiplier=0.01, max=0.5),
            "stop": stop_after_delay(self._deadline_seconds),
            "before_sleep": lambda _: self._on_retry(),
            "reraise": True,
        }


def _say_when_refused(error: OperationFailure) -> None:
    if is_transient(error) or is_servers_fault(error):
        raise Unavailable("the database kept refusing the transaction") from error


def _say_when_unknown(error: PyMongoError, started: float) -> None:
    if is_commit_unknown(error):
        raise OutcomeUnknown(f"no answer to the commit within {time.monotonic() - started:.1f} s") from error
