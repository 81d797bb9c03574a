"""Lets aiokafka outlive a broker that goes away under uvloop.

Writing to a transport that has just been closed raises RuntimeError there; aiokafka expects OSError
(https://github.com/aio-libs/aiokafka/issues/1038). Whichever of its background tasks writes at that moment ends for
good: the member's coordination, the heartbeats, the metadata; the consumer then stands still and says nothing.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

GUARDED = ("send", "_send_sasl_token")


def are_broken_connections() -> None:
    """From now on every client meets a closed transport as a KafkaConnectionError, and connects anew."""
    for name in GUARDED:
        send = getattr(AIOKafkaConnection, name)
        if not hasattr(send, "__wrapped__"):
            setattr(AIOKafkaConnection, name, _guarded(send))


def _guarded(send: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(send)
    def guarded(connection: AIOKafkaConnection, *args: Any, **named: Any) -> Any:
        try:
            return send(connection, *args, **named)
        except RuntimeError as error:
            connection.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"the connection to {connection.host}:{connection.port} is closed") from error

    return guarded
