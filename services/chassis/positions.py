"""A consumer group's very first start, told apart from a group that has lost its place."""

import asyncio

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.chassis.errors import Halted
from services.chassis.kafka import Position, commit_start, group_name, group_positions
from services.chassis.logs import logger
from services.chassis.mongo import Database
from services.chassis.settings import ChassisSettings

SECOND_LOOK_SECONDS = 2.0


class Positions:
    """Notes in the service's database which partitions its group has begun to read."""

    def __init__(self, settings: ChassisSettings, database: Database, service: str, topics: tuple[str, ...]) -> None:
        self._settings = settings
        self._notes = database["consumer_positions"]
        self._group = group_name(settings, service)
        self._topics = topics
        self._log = logger(service)

    async def settle(self) -> None:
        """Commit the log's start where this group never was, whatever Kafka says of it there; raise Halted where it
        was and has lost its place."""
        noted = {row["_id"] async for row in self._notes.find({"group": self._group}, {"_id": 1})}
        positions = await self._positions()
        if self._lost(positions, noted):  # a coordinator that still loads its log says so of every partition
            await asyncio.sleep(SECOND_LOOK_SECONDS)
            positions = await self._positions()
        if lost := self._lost(positions, noted):
            raise Halted(lost_message(lost, self._group))
        await self._begin({each: where for each, where in positions.items() if self._note_id(each) not in noted})
        await self._note(set(positions), noted)

    async def _positions(self) -> dict[TopicPartition, Position]:
        positions = await group_positions(self._settings, self._group, self._topics)
        expected = len(self._topics) * self._settings.kafka_partitions
        if len(positions) != expected:
            raise Halted(f"Kafka has {len(positions)} of {expected} partitions; see `vanthu doctor`")
        return positions

    def _lost(self, positions: dict[TopicPartition, Position], noted: set[str]) -> list[TopicPartition]:
        return [each for each, position in positions.items() if self._note_id(each) in noted and position.lost]

    async def _begin(self, fresh: dict[TopicPartition, Position]) -> None:
        if not fresh:
            return
        self._log.info("this consumer group begins at the log's start", group=self._group, partitions=len(fresh))
        try:
            await commit_start(self._settings, self._group, {each: where.first for each, where in fresh.items()})
        except KafkaError:  # another replica is first: its positions are as good
            self._log.info("another replica has set the positions", group=self._group)
            raise

    async def _note(self, partitions: set[TopicPartition], noted: set[str]) -> None:
        new = [{"_id": self._note_id(each), "group": self._group} for each in partitions]
        for row in new:
            if row["_id"] not in noted:
                await self._notes.replace_one({"_id": row["_id"]}, row, upsert=True)

    async def forget(self) -> None:
        """Let the next start begin at the log's start, as a group that never was. For `resend`: a position ahead of a
        log that has lost its end would pass over what is said again up to there."""
        await self._notes.delete_many({"group": self._group})

    def _note_id(self, partition: TopicPartition) -> str:
        return f"{self._group}/{partition.topic}/{partition.partition}"


def lost_message(partitions: list[TopicPartition], group: str) -> str:
    names = ", ".join(f"{each.topic}[{each.partition}]" for each in partitions[:5])
    return (
        f"group {group} has lost its position on {names}: events were missed. "
        f"Run `vanthu resend --service {group.rsplit('.', 1)[-1]}` and start again."
    )
