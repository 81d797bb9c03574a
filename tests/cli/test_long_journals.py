"""Commands that ask a journal for little read little of it: journals only grow."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.chassis.journal import Journal, row_id
from services.chassis.mongo import Transactions, connect
from services.chassis.settings import ChassisSettings
from services.cli.check.invariant import Fault
from services.cli.check.transport import journals_sent
from services.cli.journals import _resend

ROWS, OF_ONE_KEY, UNSENT = 3000, 3, 4


def row(key: str, version: int, **more: Any) -> dict[str, Any]:
    return {"_id": row_id(key, version), "key": key, "version": version, "topic": "documents", **more}


@pytest.fixture
async def database(settings: ChassisSettings) -> AsyncIterator[Any]:
    """A journal of which little waits; what is asked of it is noted."""
    client = connect(settings.mongo_url.get_secret_value())
    result = client[f"{settings.mongo_database_prefix}_intake"]
    await Journal(result, Transactions(client)).prepare_indexes()
    rows = [row(f"k{n:05d}", version) for n in range(ROWS // OF_ONE_KEY) for version in range(1, OF_ONE_KEY + 1)]
    rows += [row("waits", n, unsent=True, stuck="refused" if n == 1 else None) for n in range(1, UNSENT + 1)]
    await result["events"].insert_many(rows)
    await result.command("profile", 2)
    yield result
    await result.command("profile", 0)
    client.close()


async def looked_at(database: Any) -> int:
    noted = await database["system.profile"].find({"ns": f"{database.name}.events"}).to_list(None)
    assert noted, "nothing was asked"
    return sum(max(each.get("docsExamined", 0), each.get("keysExamined", 0)) for each in noted)


async def test_events_of_one_id_are_sent_again_without_reading_the_journal(
    database: Any, settings: ChassisSettings
) -> None:
    counts = await _resend(settings, ("documents",), "k00500", None, None)
    assert counts == {"documents": OF_ONE_KEY}
    waiting = await database["events"].find({"unsent": True, "key": "k00500"}).to_list(None)
    assert len(waiting) == OF_ONE_KEY
    assert await looked_at(database) < 50


async def test_what_waits_to_be_sent_is_counted_without_reading_the_journal(database: Any) -> None:
    found = [each async for each in journals_sent({"intake": database})]
    assert [each for each in found if isinstance(each, Fault)] == [
        Fault("waits:00000001", "intake: refused"),
        *(Fault(f"waits:{n:08d}", f"intake: not sent yet, one of {UNSENT:,}") for n in range(2, UNSENT + 1)),
    ]
    assert await looked_at(database) < 50


async def test_a_journal_without_indexes_is_counted_too(database: Any) -> None:
    await database["events"].drop_indexes()
    found = [each async for each in journals_sent({"intake": database})]
    assert len([each for each in found if isinstance(each, Fault)]) == UNSENT
