"""What can go wrong, and how it is told to a caller of the HTTP API (RFC 9457 problem details).

Failure
├── Problem             the caller can act on it: status, title, detail, field at fault
├── Unavailable         a dependency is down; nothing was done; try again
├── LostRace            somebody else wrote the same row first; look again, then decide again
├── OutcomeUnknown      a commit may or may not have happened; the same key gives the answer
├── InvalidRecord       an event that can never be read: a dead letter at once
└── Halted              a consumer stopped on purpose; a person has to look
"""

from http import HTTPStatus


class Failure(Exception):
    """Base of all failures that Vanthu names."""


class Problem(Failure):
    """An answer with a problem document. `field` is a JSON pointer or header name; `remedy` says what to do."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        remedy: str | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.remedy = remedy
        self.headers = headers or {}
        self.extra = extra or {}

    def body(self) -> dict[str, object]:
        known = {"detail": self.detail, "field": self.field, "remedy": self.remedy, **self.extra}
        return {
            "type": f"urn:vanthu:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            **{name: value for name, value in known.items() if value is not None},
        }


class NotFound(Problem):
    """Also the answer to whoever may not know that the thing exists."""

    def __init__(self, what: str) -> None:
        super().__init__(
            404,
            "not-found",
            f"There is no such {what}.",
            remedy="Check the address; what you may not read is answered like this, too.",
        )


class VersionConflict(Problem):
    def __init__(self, current: int, state: dict[str, object] | None = None) -> None:
        super().__init__(
            409,
            "version-conflict",
            f"Somebody changed it meanwhile: it is at version {current}.",
            field="/expected_version",
            remedy="Read it again, decide again, and send the version you then see.",
            extra={"current_version": current, **({"current": state} if state else {})},
        )


class Unavailable(Failure):
    """A dependency is down and nothing was done."""


class LostRace(Failure):
    """Another writer was first with the same row: with fresh eyes it works, or it never will."""


class OutcomeUnknown(Failure):
    """The commit was sent, its result never came back within the deadline."""


class InvalidRecord(Failure):
    """A record that no retry will make readable."""


class Halted(Failure):
    """A consumer has stopped on purpose and says why."""
