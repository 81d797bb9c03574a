"""`vanthu topics create`: Vanthu's topics on a Kafka of your own."""

import typer

from services.chassis.kafka import create_topics, missing_topics, topic_name
from services.chassis.settings import ChassisSettings
from services.cli.installation import DEFAULT_DATA, DataOption, installed
from services.cli.terminal import run, say
from services.events import TOPICS

app = typer.Typer(no_args_is_help=True, help="Vanthu's topics on a Kafka of your own.")


@app.callback()
def topics() -> None:
    """Vanthu's topics on a Kafka of your own."""


@app.command()
def create(data: DataOption = DEFAULT_DATA) -> None:
    """Create the topics that are missing, with VANTHU_KAFKA_PARTITIONS and VANTHU_KAFKA_REPLICATION."""
    settings = installed(data).settings(ChassisSettings)
    lacking = run(_create(settings))
    for name in lacking:
        say(f"created {name}")
    if not lacking:
        say("All topics are there.")


async def _create(settings: ChassisSettings) -> list[str]:
    lacking = [each.topic for each in await missing_topics(settings, TOPICS) if each.partitions == 0]
    if lacking:
        await create_topics(settings, tuple(lacking))
    return [topic_name(settings, topic) for topic in lacking]
