"""CloudEvents 1.0 in Kafka's binary mode: attributes in headers, the event itself as JSON in the value."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from pydantic import BaseModel, ValidationError

from services.chassis.errors import InvalidRecord

MAX_EVENT_BYTES = 256 * 1024


class Sayable(Protocol):
    """What the chassis needs to know of an event."""

    type: ClassVar[str]
    topic: ClassVar[str]
    producer: ClassVar[str]

    @property
    def office(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def event_id(self) -> str: ...
    def model_dump_json(self) -> str: ...
    def model_copy(self, *, update: Mapping[str, Any]) -> Self: ...


class RawRecord(Protocol):
    """What a Kafka consumer hands over."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Incoming(NamedTuple):
    """An event with the place it was read from."""

    event: Any
    record: RawRecord


def headers_of(event: Sayable, traceparent: str) -> list[tuple[str, str]]:
    return [
        ("ce_specversion", "1.0"),
        ("ce_id", event.event_id),
        ("ce_type", event.type),
        ("ce_source", f"/vanthu/{event.producer}"),
        ("ce_time", event.recorded_at.isoformat()),
        ("ce_subject", event.key),
        ("traceparent", traceparent),
        ("content-type", "application/json"),
    ]


class Vocabulary:
    """Reads records into events of known types."""

    def __init__(self, types: Sequence[type[BaseModel]]) -> None:
        self.types: dict[str, type[BaseModel]] = {getattr(each, "type"): each for each in types}  # noqa: B009

    def read(self, record: RawRecord) -> Incoming:
        """Raises InvalidRecord for what no retry can make readable."""
        name = header(record, "ce_type")
        model = self.types.get(name)
        if model is None:
            raise InvalidRecord(f"unknown event type {name!r}")
        try:
            event = model.model_validate_json(record.value or b"")
        except ValidationError as error:
            raise InvalidRecord(_places(error)) from error
        if (record.key or b"").decode("utf-8", "replace") != event.key:  # type: ignore[attr-defined]
            raise InvalidRecord("the record's key is not the event's")
        return Incoming(event, record)


def header(record: RawRecord, name: str) -> str:
    """The header's text, or an empty string; bytes that are not UTF-8 raise InvalidRecord."""
    for each, value in record.headers:
        if each == name:
            try:
                return (value or b"").decode()
            except UnicodeDecodeError as error:
                raise InvalidRecord(f"header {name} is not UTF-8") from error
    return ""


def _places(error: ValidationError) -> str:
    """Where the value is wrong, without quoting it: values may be personal."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'value'}: {fault['msg']}" for fault in faults[:5])
