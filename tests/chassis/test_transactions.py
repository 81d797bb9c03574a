"""Transactions end in a known way: done, not done, or said to be unknown."""

import asyncio
import contextlib
from typing import Any

import pytest
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError

from services.chassis.errors import OutcomeUnknown, Unavailable
from services.chassis.foundation import Foundation, lay_foundation
from services.chassis.mongo import SERVERS_FAULTS, Transactions, blocking
from services.chassis.settings import ChassisSettings
from tests.harness import started


def labelled(error: PyMongoError, label: str) -> PyMongoError:
    error._add_error_label(label)
    return error


def foundation_of(settings: ChassisSettings) -> Foundation:
    return lay_foundation(settings, "intake")


async def insert(foundation: Foundation, session: Any, name: str) -> None:
    await foundation.database["things"].insert_one({"_id": name}, session=session)


async def test_a_transient_error_runs_the_body_again_and_its_effect_stands_once(settings: ChassisSettings) -> None:
    foundation = foundation_of(settings)
    runs = 0

    async def body(session: Any) -> str:
        nonlocal runs
        runs += 1
        await insert(foundation, session, "a")
        if runs < 3:
            raise labelled(OperationFailure("again"), "TransientTransactionError")
        return "done"

    async with started(foundation):
        assert await foundation.transactions.run(body) == "done"
        assert runs == 3
        assert await foundation.database["things"].count_documents({}) == 1


async def test_an_unclear_commit_repeats_only_the_commit(
    settings: ChassisSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    foundation = foundation_of(settings)
    runs, commits = 0, 0

    async def body(session: Any) -> None:
        nonlocal runs, commits
        runs += 1
        await insert(foundation, session, "a")
        really = session.commit_transaction

        async def commit() -> None:
            nonlocal commits
            commits += 1
            await really()
            if commits < 3:
                raise labelled(PyMongoError("no reply"), "UnknownTransactionCommitResult")

        session.commit_transaction = commit

    async with started(foundation):
        await foundation.transactions.run(body)
        assert (runs, commits) == (1, 3)
        assert await foundation.database["things"].count_documents({}) == 1


async def test_a_commit_that_stays_unclear_is_said_to_be_unknown_after_the_deadline(settings: ChassisSettings) -> None:
    foundation = foundation_of(settings)
    impatient = Transactions(foundation.client, deadline_seconds=0.3)

    async def body(session: Any) -> None:
        async def commit() -> None:
            raise labelled(PyMongoError("no reply"), "UnknownTransactionCommitResult")

        session.commit_transaction = commit

    async with started(foundation):
        with pytest.raises(OutcomeUnknown):
            await impatient.run(body)


async def test_contention_without_end_becomes_unavailable_and_nothing_is_done(settings: ChassisSettings) -> None:
    foundation = foundation_of(settings)
    impatient = Transactions(foundation.client, deadline_seconds=0.2)

    async def body(session: Any) -> None:
        await insert(foundation, session, "a")
        raise labelled(OperationFailure("write conflict"), "TransientTransactionError")

    async with started(foundation):
        with pytest.raises(Unavailable):
            await impatient.run(body)
        assert await foundation.database["things"].count_documents({}) == 0


async def test_a_duplicate_key_ends_the_transaction_at_once(settings: ChassisSettings) -> None:
    foundation = foundation_of(settings)
    runs = 0

    async def body(session: Any) -> None:
        nonlocal runs
        runs += 1
        await insert(foundation, session, "a")

    async with started(foundation):
        await foundation.transactions.run(body)
        with pytest.raises(DuplicateKeyError):
            await foundation.transactions.run(body)
        assert runs == 2


async def test_a_cancelled_caller_does_not_cut_the_transaction_in_half(settings: ChassisSettings) -> None:
    foundation = foundation_of(settings)
    entered = asyncio.Event()

    async def body(session: Any) -> None:
        await insert(foundation, session, "a")
        entered.set()
        await asyncio.sleep(0.2)
        await insert(foundation, session, "b")

    async with started(foundation):
        caller = asyncio.create_task(foundation.transactions.run(body))
        await entered.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await asyncio.sleep(1)
        assert await foundation.database["things"].count_documents({}) == 2


async def test_a_body_in_a_thread_runs_again_after_a_transient_error_and_stands_once(settings: ChassisSettings) -> None:
    foundation = foundation_of(settings)
    runs = 0

    def body(session: Any) -> str:
        nonlocal runs
        runs += 1
        blocking(foundation.database["things"]).insert_one({"_id": "a"}, session=session)
        if runs < 3:
            raise labelled(OperationFailure("again"), "TransientTransactionError")
        return "done"

    async with started(foundation):
        assert await foundation.transactions.run_in_thread(body) == "done"
        assert runs == 3
        assert await foundation.database["things"].count_documents({}) == 1


@pytest.mark.parametrize(("clear_after", "ends"), [(3, None), (10**6, OutcomeUnknown)])
async def test_an_unclear_commit_in_a_thread_repeats_only_the_commit_until_the_deadline(
    settings: ChassisSettings, clear_after: int, ends: type[Exception] | None
) -> None:
    foundation = foundation_of(settings)
    impatient = Transactions(foundation.client, deadline_seconds=0.5)
    runs, commits = 0, 0

    def body(session: Any) -> None:
        nonlocal runs
        runs += 1
        blocking(foundation.database["things"]).insert_one({"_id": "a"}, session=session)
        really = session.commit_transaction

        def commit() -> None:
            nonlocal commits
            commits += 1
            really()
            if commits < clear_after:
                raise labelled(PyMongoError("no reply"), "UnknownTransactionCommitResult")

        session.commit_transaction = commit

    async with started(foundation):
        with pytest.raises(ends) if ends else contextlib.nullcontext():
            await impatient.run_in_thread(body)
        assert runs == 1
        assert commits >= 3
        assert await foundation.database["things"].count_documents({}) == 1


async def test_a_database_without_room_is_a_dependency_that_is_down(settings: ChassisSettings) -> None:
    foundation = foundation_of(settings)

    async def body(session: Any) -> None:
        raise BulkWriteError({"writeErrors": [{"code": SERVERS_FAULTS["OutOfDiskSpace"]}]})

    async with started(foundation):
        with pytest.raises(Unavailable):
            await foundation.transactions.run(body)


async def test_a_body_in_a_thread_that_fails_leaves_nothing_behind(settings: ChassisSettings) -> None:
    foundation = foundation_of(settings)

    def body(session: Any) -> None:
        blocking(foundation.database["things"]).insert_one({"_id": "a"}, session=session)
        raise labelled(OperationFailure("write conflict"), "TransientTransactionError")

    async with started(foundation):
        with pytest.raises(Unavailable):
            await Transactions(foundation.client, deadline_seconds=0.2).run_in_thread(body)
        assert await foundation.database["things"].count_documents({}) == 0
