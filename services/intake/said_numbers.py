"""The numbers that Kafka has heard of: a database and a data folder that went back together do not know them."""

import asyncio
from contextlib import aclosing

import orjson
from aiokafka.errors import KafkaError

from services.chassis.logs import logger
from services.chassis.newest import newest_values
from services.chassis.settings import ChassisSettings
from services.intake.store import Place

NEWEST_RECORDS = 1000  # of each partition; later events of older documents stand between those that tell a number
ANSWER_SECONDS = 8.0


async def highest_said(settings: ChassisSettings, epoch: int) -> dict[Place, int]:
    """The highest number among the newest events, by office, book and year; as far as Kafka answers soon.

    What was said before this epoch does not count: `vanthu recover` has dealt with it.
    """
    highest: dict[Place, int] = {}
    try:
        async with (
            asyncio.timeout(ANSWER_SECONDS),
            aclosing(newest_values(settings, "documents", NEWEST_RECORDS)) as values,
        ):
            async for value in values:
                note_number(value, epoch, highest)
    except (TimeoutError, KafkaError, OSError) as error:
        logger("intake").warning("Kafka did not tell all of the highest numbers", cause=type(error).__name__)
    return highest


def note_number(value: bytes, epoch: int, highest: dict[Place, int]) -> None:
    """What cannot be read tells no number."""
    try:
        event = orjson.loads(value)
        document = event["document"]
        place, number = (str(event["office"]), str(document["book"]), int(document["year"])), int(document["number"])
        counts = int(event.get("epoch", 0)) >= epoch
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    if counts:
        highest[place] = max(number, highest.get(place, 0))
