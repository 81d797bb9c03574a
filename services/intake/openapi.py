"""What the API's page says of bodies and answers that FastAPI cannot see, because bodies are read as streams."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel

from services.intake.metadata import Correction, IncomingMetadata, IssuedMetadata, PeriodCount, Voiding


class DocumentAnswer(BaseModel):
    """The answer to a posted document, the first time and each time again."""

    id: str
    book: str
    year: int
    number: int
    status: str
    received_at: str
    sha256: str | None
    size_bytes: int | None
    media_type: str | None
    possible_duplicate_of: str | None
    symbol: str | None = None


class ProblemDocument(BaseModel):
    """RFC 9457. `field` is a JSON pointer or a header's name; `remedy` says what to do."""

    type: str
    title: str
    status: int
    detail: str | None = None
    field: str | None = None
    remedy: str | None = None


def _inlined(schema: Any, known: dict[str, Any]) -> Any:
    """Without references, which would not be found inside an OpenAPI document."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(known[schema["$ref"].rsplit("/", 1)[-1]], known)
        return {name: _inlined(each, known) for name, each in schema.items() if name != "$defs"}
    return [_inlined(each, known) for each in schema] if isinstance(schema, list) else schema


def _schema(model: type[BaseModel]) -> Any:
    schema = model.model_json_schema()
    return _inlined(schema, schema.get("$defs", {}))


def _json_body(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": _schema(model)}}


def _multipart_body(model: type[BaseModel], *, file_needed: bool) -> dict[str, Any]:
    parts = {"metadata": _schema(model), "file": {"type": "string", "format": "binary"}}
    required = ["metadata", "file"] if file_needed else ["metadata"]
    return {"multipart/form-data": {"schema": {"type": "object", "properties": parts, "required": required}}}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}


_SENDER_HEADERS = [
    _header("Idempotency-Key", "Makes a retry safe: the same key gives the first answer again."),
    _header("Content-Digest", "`sha-256=:BASE64:` of the body (RFC 9530) or of the file; checked when sent."),
]
_PROBLEMS: dict[int | str, dict[str, Any]] = {"4XX": {"model": ProblemDocument}, "5XX": {"model": ProblemDocument}}


def _route(summary: str, body: dict[str, Any] | None = None, status: int = 200, **more: Any) -> dict[str, Any]:
    extra = {"requestBody": {"required": True, "content": body}} if body else {}
    answers = {status: more.pop("answer", {})}
    return {
        "summary": summary,
        "status_code": status,
        "response_class": Response,
        "response_model": None,
        "responses": {**_PROBLEMS, **answers},
        "openapi_extra": {**extra, **more},
    }


_ANSWER = {"model": DocumentAnswer}
POST_DOCUMENT = _route(
    "Receive a document",
    _multipart_body(IncomingMetadata, file_needed=True),
    201,
    parameters=_SENDER_HEADERS,
    answer=_ANSWER,
)
POST_ISSUED = _route(
    "Issue a document: it gets a number and a symbol",
    _multipart_body(IssuedMetadata, file_needed=False) | _json_body(IssuedMetadata),
    201,
    parameters=_SENDER_HEADERS,
    answer=_ANSWER,
)
GET_DOCUMENT = _route("One document", answer=_ANSWER)
PATCH_DOCUMENT = _route("Correct a document's description", _json_body(Correction))
GET_FILE = _route("A document's file")
POST_VOID = _route("Void a document, which keeps its number", _json_body(Voiding))
GET_BOOK = _route("A book's entries of a year")
POST_COUNT = _route("Enter a period count", _json_body(PeriodCount), 201)
GET_COUNTS = _route("The period counts")
PUT_COUNT = _route("Correct a period count", _json_body(PeriodCount))
