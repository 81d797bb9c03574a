"""Whatever happens to batches, commits and processes: numbers are gapless, and a key makes one document."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure
from uuid_utils.compat import uuid7

from services.chassis.errors import OutcomeUnknown, Problem, Unavailable
from services.chassis.journal import Journal
from services.chassis.mongo import BlockingSession, Row, Transactions, connect
from services.chassis.settings import ChassisSettings
from services.events import Direction
from services.intake.documents import Arrival, StoredFile
from services.intake.register_log import RegisterLog, entries
from services.intake.settings import IntakeSettings
from services.intake.store import Register, clock_disagrees
from services.intake.sweeping import Sweeping
from services.intake.writer import Numbered, Writer
from tests.intake.conftest import Running

T = TypeVar("T")
FAULTS = [
    "none",
    "down",
    "clocks disagree",
    "abort",
    "transient",
    "unknown but committed",
    "unknown and lost",
    "crash before the log",
]


class FaultyTransactions(Transactions):
    """At the seam where the database answers, or does not."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.faults: list[str] = []

    async def run_in_thread(self, body: Callable[[BlockingSession], T]) -> T:
        fault = self.faults.pop() if self.faults else "none"
        try:
            return await self._with(fault, body)
        except (DuplicateKeyError, BulkWriteError):
            self.faults.append(fault)  # it did not come to it: a key in the batch was used before
            raise

    async def _with(self, fault: str, body: Callable[[BlockingSession], T]) -> T:
        if fault == "down":
            raise Unavailable("injected")
        if fault == "clocks disagree":
            raise clock_disagrees()
        if fault == "unknown and lost":
            with contextlib.suppress(RuntimeError):
                await super().run_in_thread(lambda session: self._spoiled(body, session))
            raise OutcomeUnknown("injected")
        if fault == "transient":
            return await super().run_in_thread(_conflicting_once(body))
        if fault == "abort":
            return await super().run_in_thread(lambda session: self._spoiled(body, session))
        result = await super().run_in_thread(body)
        if fault == "unknown but committed":
            raise OutcomeUnknown("injected")
        if fault == "crash before the log":
            raise asyncio.CancelledError
        return result

    def _spoiled(self, body: Callable[[BlockingSession], T], session: BlockingSession) -> T:
        body(session)
        raise RuntimeError("injected")


def _conflicting_once(body: Callable[[BlockingSession], T]) -> Callable[[BlockingSession], T]:
    attempts = 0

    def conflicting(session: BlockingSession) -> T:
        nonlocal attempts
        attempts += 1
        result = body(session)
        if attempts == 1:
            raise OperationFailure("injected", 112, {"errorLabels": ["TransientTransactionError"]})
        return result

    return conflicting


@dataclass
class Process:
    """One of two that share the database."""

    transactions: FaultyTransactions
    register: Register
    log: RegisterLog
    writer: Writer


@dataclass
class Installation:
    database: Any
    folder: Path
    settings: IntakeSettings
    processes: list[Process] = field(default_factory=list)


@pytest.fixture
async def installation(settings: ChassisSettings, tmp_path: Path) -> AsyncIterator[Installation]:
    own = IntakeSettings(**settings.model_dump(), data_folder=tmp_path)
    client = connect(own.mongo_url.get_secret_value())
    database = client[f"{own.mongo_database_prefix}_intake"]
    result = Installation(database, tmp_path / "register", own)
    for _ in range(2):
        transactions = FaultyTransactions(client)
        register = Register(database, Journal(database, transactions), transactions, own.timezone, 300)
        log = RegisterLog(result.folder)
        writer = Writer(register, log, 1000, lambda _: None)
        result.processes.append(Process(transactions, register, log, writer))
    await result.processes[0].register.prepare()
    yield result
    for process in result.processes:
        await process.writer.stop()
        process.log.close()
    client.close()


def arrival(office: str, key: str | None = None, *, content: str = "a", kind: str = "cong_van") -> Arrival:
    return Arrival(
        document_id=str(uuid7()),
        office=office,
        book="incoming",
        direction=Direction.INCOMING,
        device="scanner",
        body="UBND",
        description={"kind": kind, "arrived_on": "2016-01-04"},
        file=StoredFile(content * 64, 1, "application/pdf"),
        fingerprint=content,
        idempotency_key=key,
    )


posts = st.lists(
    st.tuples(
        st.integers(0, 1),  # process
        st.integers(0, 1),  # office
        st.one_of(st.none(), st.integers(0, 3)),  # sender's key
        st.booleans(),  # whether the event loop turns before
        st.sampled_from(["cong_van"] * 6 + ["no kind at all"]),
    ),
    min_size=1,
    max_size=14,
)
faults = st.lists(st.sampled_from(FAULTS), max_size=6)


@hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(posts, faults, faults), min_size=1, max_size=3))
async def test_any_interleaving_leaves_gapless_numbers(installation: Installation, rounds: Any) -> None:
    run = uuid.uuid4().hex[:8]
    offices = [f"{run}-a", f"{run}-b"]
    answered: list[Row] = []
    keys: set[tuple[str, str]] = set()
    for said, *faults_of_processes in rounds:
        for process, plan in zip(installation.processes, faults_of_processes, strict=True):
            process.transactions.faults = list(plan)
        tasks = []
        for process, office, key, turns, kind in said:
            if turns:
                await asyncio.sleep(0)
            named = f"key-{key}" if key is not None else None
            if named and kind == "cong_van":
                keys.add((offices[office], named))
            document = arrival(offices[office], named if kind == "cong_van" else None, kind=kind)
            tasks.append(asyncio.create_task(_post(installation.processes[process].writer, document)))
        answered += [row for row in await asyncio.gather(*tasks) if row is not None]
    for process in installation.processes:
        process.transactions.faults = []
    for office, named in sorted(keys):  # the senders repeat until they have an answer
        row = await _post(installation.processes[0].writer, arrival(office, named))
        assert row is not None
        answered.append(row)
    await _check(installation, offices, keys, answered)


async def _post(writer: Writer, document: Arrival) -> Row | None:
    try:
        return (await writer.register(document)).row
    except (Unavailable, Problem, OutcomeUnknown, RuntimeError, ValueError, asyncio.CancelledError):
        return None


async def _check(
    installation: Installation, offices: list[str], keys: set[tuple[str, str]], answered: list[Row]
) -> None:
    wanted = {"office": {"$in": offices}}
    rows = await installation.database["documents"].find(wanted).sort("number", 1).to_list(None)
    for office in offices:
        mine = [row for row in rows if row["office"] == office]
        assert [row["number"] for row in mine] == list(range(1, len(mine) + 1))
        assert [row["received_at"] for row in mine] == sorted(row["received_at"] for row in mine)
        assert len({row["year"] for row in mine}) <= 1
    by_id = {row["_id"]: row for row in rows}
    assert all(by_id[row["_id"]]["number"] == row["number"] for row in answered)
    made = [(row["office"], row["idempotency_key"]) for row in rows if "idempotency_key" in row]
    assert sorted(made) == sorted(keys)
    events = await installation.database["events"].find(wanted).to_list(None)
    assert sorted(row["key"] for row in events) == sorted(by_id)
    logged = {line["id"] for line in entries(installation.folder) if line["office"] in offices}
    assert logged >= {row["_id"] for row in answered}
    await _swept(installation)
    logged = {line["id"] for line in entries(installation.folder) if line["office"] in offices}
    assert logged == set(by_id)


async def _swept(installation: Installation) -> None:
    process = installation.processes[0]
    sweeping = Sweeping(installation.settings, process.register, process.log, None)  # type: ignore[arg-type]
    await sweeping.log_left_out()
    assert await installation.database["register_batches"].count_documents({}) == 0


async def test_two_processes_number_one_book_without_gaps(installation: Installation) -> None:
    documents = [arrival("office", content=f"{n}") for n in range(300)]
    numbered = await asyncio.gather(
        *(installation.processes[n % 2].writer.register(each) for n, each in enumerate(documents))
    )
    assert sorted(each.row["number"] for each in numbered) == list(range(1, 301))


async def test_one_key_in_two_processes_at_once_makes_one_document(installation: Installation) -> None:
    for n in range(10):
        both = await asyncio.gather(
            *(process.writer.register(arrival("office", f"key-{n}")) for process in installation.processes)
        )
        assert both[0].row["_id"] == both[1].row["_id"]
        assert sorted(each.repeated for each in both) == [False, True]


@pytest.mark.parametrize(
    "fault", ["unknown but committed", "unknown and lost", "down", "clocks disagree", "crash before the log"]
)
async def test_a_repeat_beside_a_fresh_document_gets_its_answer_whatever_becomes_of_the_other(
    installation: Installation, fault: str
) -> None:
    process, office = installation.processes[0], f"o{uuid.uuid4().hex[:8]}"
    first = await process.writer.register(arrival(office, "a"))
    process.transactions.faults = [fault]
    fresh = arrival(office, "b", content="b")
    repeat, other = await asyncio.gather(
        process.writer.register(arrival(office, "a")), process.writer.register(fresh), return_exceptions=True
    )
    assert isinstance(repeat, Numbered)
    assert (repeat.row["_id"], repeat.repeated) == (first.row["_id"], True)
    assert isinstance(other, BaseException)
    process.transactions.faults = []
    again = await installation.processes[1].writer.register(replace(fresh, document_id=str(uuid7())))
    assert again.row["number"] == 2
    assert await installation.database["documents"].count_documents({"office": office}) == 2


async def test_a_bad_document_fails_alone(installation: Installation) -> None:
    writer = installation.processes[0].writer
    documents = [arrival("office", content=f"{n}", kind="no kind" if n == 3 else "cong_van") for n in range(8)]
    outcomes = await asyncio.gather(*(writer.register(each) for each in documents), return_exceptions=True)
    assert [isinstance(each, Numbered) for each in outcomes] == [n != 3 for n in range(8)]
    rows = await installation.database["documents"].find({}, {"number": 1}).to_list(None)
    assert sorted(row["number"] for row in rows) == list(range(1, 8))


async def test_text_that_cannot_be_stored_does_not_join_a_batch(installation: Installation) -> None:
    writer = installation.processes[0].writer
    bad = replace(arrival("office"), description={"kind": "cong_van", "subject": "\ud800"})
    good, refused = await asyncio.gather(
        writer.register(arrival("office")), writer.register(bad), return_exceptions=True
    )
    assert isinstance(good, Numbered)
    assert isinstance(refused, Problem)


async def test_a_sender_that_does_not_wait_is_numbered_all_the_same(installation: Installation) -> None:
    writer = installation.processes[0].writer
    first = asyncio.create_task(writer.register(arrival("office", "gone")))
    await asyncio.sleep(0)
    first.cancel()
    again = await writer.register(arrival("office", "gone"))
    assert again.row["number"] == 1
    assert await installation.database["documents"].count_documents({}) == 1


async def test_senders_are_asked_to_pause_when_too_many_wait(installation: Installation) -> None:
    process = installation.processes[0]
    writer = Writer(process.register, process.log, 3, lambda _: None)
    outcomes = await asyncio.gather(
        *(writer.register(arrival("office", content=f"{n}")) for n in range(6)), return_exceptions=True
    )
    refused = [each for each in outcomes if isinstance(each, Problem)]
    assert [(each.status, each.code, each.headers["Retry-After"]) for each in refused] == [(503, "busy", "2")] * 3


async def test_an_answer_waits_for_the_register_log(installation: Installation) -> None:
    """A process dies between commit and log: the repeat that another one answers is in the log by then."""
    dying, other = installation.processes
    dying.transactions.faults = ["crash before the log"]
    assert await _post(dying.writer, arrival("office", "key")) is None
    assert list(entries(installation.folder)) == []
    row = await _post(other.writer, arrival("office", "key"))
    assert row is not None
    assert [line["id"] for line in entries(installation.folder)] == [row["_id"]]


async def test_a_start_writes_what_a_crash_left_out_of_the_register_log(
    intake_settings: IntakeSettings, intake: Running
) -> None:
    answer = (await intake.scanner.post({"subject": "x"})).json()
    for path in (intake_settings.data_folder / "register").glob("*.jsonl"):
        path.write_bytes(b'{"id": "torn')
    await intake.database["register_batches"].insert_one({"_id": "b", "at": None, "ids": [answer["id"]]})
    client = connect(intake_settings.mongo_url.get_secret_value())
    database = client[f"{intake_settings.mongo_database_prefix}_intake"]
    transactions = Transactions(client)
    register = Register(database, Journal(database, transactions), transactions, intake_settings.timezone, 300)
    log = RegisterLog(intake_settings.data_folder / "register")
    sweeping = Sweeping(intake_settings, register, log, None)  # type: ignore[arg-type]
    await sweeping.start()
    await sweeping.stop()
    log.close()
    client.close()
    (line,) = entries(intake_settings.data_folder / "register")
    assert (line["id"], line["number"], line["subject"]) == (answer["id"], answer["number"], "x")


class FailingLog:
    """Its first append fails in a way that nobody expects."""

    def __init__(self, log: RegisterLog) -> None:
        self._log = log
        self._failures = [TypeError("injected")]

    async def append(self, lines: Sequence[dict[str, Any]]) -> None:
        if self._failures:
            raise self._failures.pop()
        await self._log.append(lines)


async def test_once_numbered_a_failure_makes_the_outcome_unknown_and_numbers_nobody_again(
    installation: Installation,
) -> None:
    process = installation.processes[0]
    writer = Writer(process.register, FailingLog(process.log), 1000, lambda _: None)
    documents = [arrival("office", f"key-{n}" if n else None, content=f"{n}") for n in range(3)]
    outcomes = await asyncio.gather(*(writer.register(each) for each in documents), return_exceptions=True)
    assert [type(each) for each in outcomes] == [OutcomeUnknown] * 3
    assert await installation.database["documents"].count_documents({}) == 3
    again = await writer.register(arrival("office", "key-1", content="1"))
    assert (again.repeated, again.row["number"]) == (True, 2)
    assert len(list(entries(installation.folder))) == 3
