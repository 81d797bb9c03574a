"""`vanthu doctor`: is everything there that Vanthu needs, and if not, what to do."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial

import typer
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from pymongo.errors import OperationFailure, PyMongoError

from services.chassis.kafka import (
    group_name,
    missing_topics,
    new_producer,
    started_consumer,
    topic_name,
)
from services.chassis.mongo import Client, connect
from services.chassis.settings import ChassisSettings
from services.cli.installation import (
    DEFAULT_DATA,
    DataOption,
    Installation,
    JsonOption,
    SettingsFaulty,
    read_settings,
)
from services.cli.names import Name
from services.cli.options import READERS, options
from services.cli.terminal import output, print_json, run
from services.embedded.machine import examine
from services.events import TOPICS

LIFETIME_SECONDS = 5
ANSWER_SECONDS = 8.0


@dataclass(frozen=True)
class Examined:
    part: str
    name: str
    ok: bool
    detail: str
    remedy: str = ""


def doctor(data: DataOption = DEFAULT_DATA, json: JsonOption = False) -> None:
    """Check this machine and both servers, and name every missing thing with its remedy."""
    here = Installation(data.resolve())
    faults = _settings()
    examined = [*faults, *_machine(here), *(run(_servers(here)) if all(each.ok for each in faults) else [])]
    if json:
        print_json([asdict(each) for each in examined])
    else:
        for each in examined:
            mark = "[green]ok [/]" if each.ok else "[bold red]bad[/]"
            output.print(f"{mark} {each.part:<8} {each.name}: {each.detail}", soft_wrap=True)
            if not each.ok and each.remedy:
                output.print(f"             → {each.remedy}", soft_wrap=True)
    raise typer.Exit(0 if all(each.ok for each in examined) else 1)


def _settings() -> list[Examined]:
    """What the environment says, as every service would read it; and names that nobody reads."""
    known = {each.name for each in options()}
    strange = sorted(each for each in os.environ if each.startswith("VANTHU_") and each not in known)
    faults = {fault: None for kind in READERS.values() if (fault := _fault_of(kind))}
    remedy = "`vanthu settings` lists every option."
    return [
        *(Examined("settings", "environment", False, each, remedy) for each in faults),
        *(Examined("settings", each, False, "is no option and is not read", remedy) for each in strange),
    ] or [Examined("settings", "environment", True, "can be read")]


def _fault_of(kind: type[ChassisSettings]) -> str:
    try:
        read_settings(kind)
    except SettingsFaulty as faulty:
        return str(faulty)
    return ""


def _machine(here: Installation) -> list[Examined]:
    """Only what `vanthu up` would have to start itself; external servers need nothing of this machine."""
    if "VANTHU_MONGO_URL" in os.environ and "VANTHU_KAFKA_BOOTSTRAP" in os.environ:
        return []
    folder = here.data if here.data.exists() else here.data.parent
    return [Examined("machine", each.name, each.ok, each.detail, each.remedy) for each in examine(folder)]


async def _servers(here: Installation) -> list[Examined]:
    external = "VANTHU_MONGO_URL" in os.environ or "VANTHU_KAFKA_BOOTSTRAP" in os.environ
    if not external and here.running() is None:
        remedy = "`vanthu up` starts both; or set VANTHU_MONGO_URL and VANTHU_KAFKA_BOOTSTRAP."
        return [Examined("servers", "MongoDB and Kafka", True, f"not running in this folder. {remedy}")]
    settings = here.settings(ChassisSettings)
    return [*await _mongo(settings), *await _kafka(settings)]


async def _mongo(settings: ChassisSettings) -> list[Examined]:
    client = connect(settings.mongo_url.get_secret_value())
    try:
        hello = await client.admin.command("hello")
    except PyMongoError as error:
        remedy = "Start the server, or correct VANTHU_MONGO_URL (host, port, credentials)."
        return [Examined("MongoDB", "answers", False, str(error).splitlines()[0][:160], remedy)]
    else:
        return [_replica_set(hello), await _version(client), await _lifetime(client)]
    finally:
        client.close()


def _replica_set(hello: dict[str, object]) -> Examined:
    name = hello.get("setName")
    remedy = "Transactions need a replica set: start mongod with --replSet and run rs.initiate()."
    return Examined("MongoDB", "replica set", bool(name), str(name or "stand-alone server"), remedy)


async def _version(client: Client) -> Examined:
    version = str((await client.admin.command("buildInfo"))["version"])
    return Examined(
        "MongoDB", "version", int(version.split(".", maxsplit=1)[0]) >= 6, version, "Vanthu needs MongoDB 6.0 or later."
    )


async def _lifetime(client: Client) -> Examined:
    name = "transactionLifetimeLimitSeconds"
    remedy = f"Run db.adminCommand({{setParameter: 1, {name}: {LIFETIME_SECONDS}}}) on every member."
    try:
        value = (await client.admin.command({"getParameter": 1, name: 1}))[name]
    except OperationFailure as error:
        return Examined("MongoDB", name, True, f"cannot be read ({error.details and error.details.get('codeName')})")
    return Examined("MongoDB", name, value <= LIFETIME_SECONDS, f"{value} s", remedy)


async def _kafka(settings: ChassisSettings) -> list[Examined]:
    try:
        lacking = await asyncio.wait_for(missing_topics(settings, TOPICS), ANSWER_SECONDS)
    except (KafkaError, OSError, TimeoutError) as error:
        remedy = "Start the broker, or correct VANTHU_KAFKA_BOOTSTRAP (and the security options)."
        return [Examined("Kafka", "answers", False, f"{type(error).__name__}: {error}"[:160], remedy)]
    topics = [_topic(settings, topic, {each.topic: each.partitions for each in lacking}) for topic in TOPICS]
    return topics if any(not each.ok for each in topics) else [*topics, *await _rights(settings)]


def _topic(settings: ChassisSettings, topic: str, lacking: dict[str, int]) -> Examined:
    wanted, has = settings.kafka_partitions, lacking.get(topic, settings.kafka_partitions)
    detail = f"{has} partitions" if has else "missing"
    remedy = (
        "`vanthu topics create` makes it."
        if not has
        else f"Make it anew with {wanted} partitions, or set VANTHU_KAFKA_PARTITIONS (all topics need the same)."
    )
    return Examined("Kafka", f"topic {topic_name(settings, topic)}", topic not in lacking, detail, remedy)


async def _rights(settings: ChassisSettings) -> list[Examined]:
    """aiokafka has no calls for access lists, so each right is tried without leaving a trace."""
    writing = [(f"write {topic_name(settings, topic)}", partial(_may_write, settings, topic)) for topic in TOPICS]
    reading = [(f"read as group {group_name(settings, name)}", partial(_may_read, settings, name)) for name in Name]
    return [await _right(name, attempt) for name, attempt in (*writing, *reading)]


async def _right(name: str, attempt: Callable[[], Awaitable[None]]) -> Examined:
    try:
        await asyncio.wait_for(attempt(), ANSWER_SECONDS)
    except (TopicAuthorizationFailedError, GroupAuthorizationFailedError) as error:
        return Examined("Kafka", name, False, type(error).__name__, "Grant it to VANTHU_KAFKA_SASL_USERNAME.")
    except (KafkaError, TimeoutError) as error:
        return Examined("Kafka", name, False, f"{type(error).__name__}: {error}"[:160], "See the broker's log.")
    return Examined("Kafka", name, True, "allowed")


async def _may_write(settings: ChassisSettings, topic: str) -> None:
    producer = new_producer(settings)
    try:
        await producer.start()
        await producer.partitions_for(topic_name(settings, topic))
    finally:
        await producer.stop()


async def _may_read(settings: ChassisSettings, service: Name) -> None:
    async with started_consumer(settings, group_name(settings, service)) as consumer:
        partition = TopicPartition(topic_name(settings, TOPICS[0]), 0)
        consumer.assign([partition])
        await consumer.committed(partition)
        await consumer.end_offsets([partition])
