"""The AsyncAPI 3 document of a service: which topics it says and hears, with every event's schema."""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any

import orjson
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI
from pydantic import BaseModel


def asyncapi_specification(
    service: str, version: str, says: Sequence[type[BaseModel]], hears: Sequence[type[BaseModel]]
) -> Callable[[], dict[str, Any]]:
    """Made on first call from the event classes themselves; nothing is connected."""
    known: dict[str, Any] = {}

    def specification() -> dict[str, Any]:
        if not known:
            known.update(_specification(service, version, says, hears))
        return known

    return specification


def _specification(
    service: str, version: str, says: Sequence[type[BaseModel]], hears: Sequence[type[BaseModel]]
) -> dict[str, Any]:
    broker = KafkaBroker()
    for topic, types in _by_topic(says).items():
        broker.publisher(f"vanthu.{topic}", title=f"{service} says {topic}", schema=reduce(or_, types))
    for topic, types in _by_topic(hears).items():
        broker.subscriber(f"vanthu.{topic}", title=f"{service} hears {topic}")(_hearer(reduce(or_, types)))
    specification = AsyncAPI(broker, title=f"Vanthu {service}", version=version, schema_version="3.0.0")
    described: dict[str, Any] = orjson.loads(specification.to_specification().to_json())
    return described


def _by_topic(types: Sequence[type[BaseModel]]) -> dict[str, list[Any]]:
    topics: dict[str, list[Any]] = {}
    for each in types:
        topics.setdefault(getattr(each, "topic"), []).append(each)  # noqa: B009
    return topics


def _hearer(schema: Any) -> Callable[[Any], Any]:
    async def hear(event: Any) -> None:
        raise NotImplementedError("only described, never run")

    hear.__annotations__["event"] = schema
    return hear
