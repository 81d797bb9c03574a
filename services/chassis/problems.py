"""Every failure as an RFC 9457 problem document, and nothing of the inside in it."""

from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException

from services.chassis.auth import Credential, credential_of
from services.chassis.errors import LostRace, OutcomeUnknown, Problem, Unavailable
from services.chassis.logs import logger
from services.chassis.mongo import DEPENDENCY_DOWN, is_servers_fault

RETRY_AFTER_SECONDS = 2


def problem_response(problem: Problem) -> Response:
    return Response(
        orjson.dumps(problem.body()),
        status_code=problem.status,
        media_type="application/problem+json",
        headers=problem.headers,
    )


def unavailable() -> Problem:
    return Problem(
        503,
        "unavailable",
        "The database cannot be reached. Nothing was done.",
        remedy="Send the same request again, with the same Idempotency-Key if it had one.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def outcome_unknown() -> Problem:
    return Problem(
        503,
        "outcome-unknown",
        "The database did not say in time whether the request was carried out.",
        remedy="Send the same request with the same Idempotency-Key: it gives the first answer, or does the work now.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def add_problem_handlers(app: FastAPI, may_look: Callable[[Credential], Awaitable[object]]) -> None:
    """`may_look` raises for a credential that nobody knows: whoever shows such a one is told that, and nothing else."""
    app.state.may_look = may_look
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)


async def _problem(request: Request, error: Any) -> Response:
    return problem_response(error)


async def _refused_stranger(request: Request) -> Response | None:
    """FastAPI reads a request before the operation asks who sent it."""
    try:
        await request.app.state.may_look(credential_of(request))
    except Problem as refusal:
        return problem_response(refusal)
    except DEPENDENCY_DOWN:
        return problem_response(unavailable())
    return None


async def each_name_once(request: Request) -> None:
    """Of a query: of two values for one name nobody knows which was meant. Raises RequestValidationError."""
    names = [name for name, _ in request.query_params.multi_items()]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise RequestValidationError(
            [{"loc": ("query", name), "msg": "It stands there more than once"} for name in twice]
        )


async def _invalid(request: Request, error: Any) -> Response:
    return await _refused_stranger(request) or _told_faults(error)


def _told_faults(error: Any) -> Response:
    faults = error.errors()
    first = faults[0] if faults else {"loc": (), "msg": "the request cannot be read"}
    where = "/" + "/".join(str(part) for part in first["loc"][1:])
    details = [{"field": "/" + "/".join(map(str, each["loc"][1:])), "detail": each["msg"]} for each in faults]
    return problem_response(
        Problem(
            422 if first["loc"][:1] == ("body",) else 400,
            "invalid-request",
            f"{where}: {first['msg']}",
            field=where,
            remedy="Correct the named fields; the API's page lists what each may be.",
            extra={"errors": details},
        )
    )


async def _http(request: Request, error: Any) -> Response:
    if error.status_code == HTTPStatus.BAD_REQUEST and (refusal := await _refused_stranger(request)):
        return refusal
    code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http-error")
    headers = dict(error.headers or {})
    detail, remedy = _WORDS.get(code, (str(error.detail), None))
    if allowed := headers.get("Allow"):
        detail = f"{request.method} is not possible here; {allowed} is."
    return problem_response(Problem(error.status_code, code, detail, remedy=remedy, headers=headers))


async def _unavailable(request: Request, error: Any) -> Response:
    return problem_response(unavailable())


async def _lost_race(request: Request, error: Any) -> Response:
    detail = "Somebody else changed it at the same moment. Nothing was done."
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem_response(Problem(503, "busy", detail, remedy="Send the request again.", headers=headers))


async def _unknown(request: Request, error: Any) -> Response:
    return problem_response(outcome_unknown())


async def _database(request: Request, error: Any) -> Response:
    down = isinstance(error, DEPENDENCY_DOWN) or is_servers_fault(error)
    return await (_unavailable if down else _bug)(request, error)


async def _bug(request: Request, error: Any) -> Response:
    logger("http").error("unexpected failure", route=_route(request), exc_info=error)
    return problem_response(
        Problem(500, "internal", "Something unexpected went wrong. It has been logged.", remedy="Try again later.")
    )


_WORDS: dict[str, tuple[str, str | None]] = {
    "not-found": ("There is nothing at this address.", "Look it up on the API's page, /docs of each service."),
    "method-not-allowed": ("This method is not possible here.", "Look it up on the API's page, /docs of each service."),
}


def _route(request: Request) -> str:
    return getattr(request.scope.get("route"), "path", "unmatched")


_HANDLERS: dict[Any, Callable[[Request, Any], Awaitable[Response]]] = {
    Problem: _problem,
    RequestValidationError: _invalid,
    HTTPException: _http,
    OutcomeUnknown: _unknown,
    LostRace: _lost_race,
    Unavailable: _unavailable,
    PyMongoError: _database,
    Exception: _bug,
}
