"""Which of a database's lives this is: every restore begins a new epoch, and all that is said in it outranks the old."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.chassis.errors import Halted
from services.chassis.mongo import Database, Row

EPOCHS = "epochs"
CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Epoch:
    """`unfinished` is the command that has begun it and has not come to its end; nobody may work meanwhile.

    `of` is what that command works on, in its own words.
    """

    number: int = 0
    unfinished: str | None = None
    of: str | None = None


def following(known: int, now: datetime) -> int:
    """The next epoch: the seconds since 1970, so that two restores of one backup differ without asking anybody."""
    return max(known + 1, int(now.timestamp()))


class Epochs:
    """One row in a service's database; none at all before the first restore."""

    def __init__(self, database: Database) -> None:
        self._rows = database[EPOCHS]

    async def current(self) -> Epoch:
        row: Row = await self._rows.find_one({"_id": CURRENT}) or {}
        return Epoch(row.get("number", 0), row.get("unfinished"), row.get("of"))

    async def begin(self, number: int, command: str, of: str | None = None) -> Row | None:
        """Services refuse to start until `finish`. Without `of`, what the row has of it stays. The row as it was."""
        change = {"number": number, "unfinished": command, "begun_at": datetime.now(UTC)} | ({"of": of} if of else {})
        return await self._rows.find_one_and_update({"_id": CURRENT}, {"$set": change}, upsert=True)

    async def undo(self, before: Row | None) -> None:
        """As if `begin` had not been: the row is what `begin` has returned."""
        if before is None:
            await self._rows.drop()  # a database that has nothing is still empty
        else:
            await self._rows.replace_one({"_id": CURRENT}, before)

    async def finish(self) -> None:
        await self._rows.update_one({"_id": CURRENT}, {"$unset": {"unfinished": "", "of": ""}})

    async def settled(self) -> int:
        """The number of the epoch; raises Halted where a restore has begun and not ended."""
        epoch = await self.current()
        if epoch.unfinished:
            raise Halted(
                f"A restore of this database has not come to its end. Run `vanthu {epoch.unfinished}`, and start "
                "the services afterwards."
            )
        return epoch.number
