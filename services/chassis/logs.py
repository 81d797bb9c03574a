"""Structured logs on standard error: one JSON line per thing worth knowing, and no personal data."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

RESERVED = ("aiokafka", "faststream", "uvicorn.access", "httpx", "pymongo")


def cause_of(error: BaseException) -> str:
    """What went wrong, without values: a driver's message may quote a whole row."""
    faults = (getattr(error, "details", None) or {}).get("writeErrors")  # of a bulk write: its own code says nothing
    codes = sorted({each.get("code", 0) for each in faults}) if faults else [getattr(error, "code", None)]
    said = ", ".join(str(code) for code in codes if isinstance(code, int))
    return f"{type(error).__name__} {said}".rstrip()


def without_values(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The traceback as places in the code only: messages and locals may be personal."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["exception"] = cause_of(error)
        event["at"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    return event


def set_up_logs(level: str, *, json: bool = True) -> None:
    """Send structlog and the standard library's loggers through one renderer."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                without_values,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("aiokafka.consumer.group_coordinator").addFilter(_is_no_first_start)
    for name in RESERVED:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _is_no_first_start(record: logging.LogRecord) -> bool:
    """Not what aiokafka calls an error: Kafka makes its groups' own topic while the very first group asks for it."""
    return "GroupCoordinatorNotAvailableError" not in record.getMessage()


def logger(service: str) -> Any:
    return structlog.get_logger(service=service)
