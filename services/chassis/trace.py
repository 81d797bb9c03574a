"""The W3C trace context of what is being done, so that an event keeps the trace of its cause."""

import re
import secrets
from contextvars import ContextVar

_SHAPE = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current_traceparent() -> str:
    return _current.get() or f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def followed_traceparent() -> str | None:
    """The caller's trace, where one is followed."""
    return _current.get()


def follow(traceparent: str | None) -> None:
    """Go on with the caller's trace; a malformed one is not followed."""
    _current.set(traceparent if traceparent and _SHAPE.match(traceparent) else None)
