"""What the API's page says of bodies and answers that FastAPI cannot see, because bodies are read as streams."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import StringSchema

from services.events import Direction, IssuerLevel, Kind, Urgency
from services.intake.media import EXTENSIONS
from services.intake.metadata import Correction, IncomingMetadata, IssuedMetadata, PeriodCount, Voiding
from services.intake.sealing import Confirming, Sealing, Unsealing


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


class DocumentView(DocumentAnswer):
    """What staff see, who may read it; a field that says nothing is left out."""

    version: int
    direction: Direction
    restricted: bool
    kind: Kind
    arrived_on: str
    issuer: str | None = None
    issuer_level: IssuerLevel | None = None
    document_number: str | None = None
    document_date: str | None = None
    due_on: str | None = None
    subject: str | None = None
    urgency: Urgency | None = None
    answers: str | None = None
    conflicted_person_ids: list[str] | None = None
    void_reason: str | None = None


class Seal(BaseModel):
    """Who sealed it, when and on what grounds; confirmed, it waits for `vanthu erase`."""

    reason: str
    by: str
    at: str
    confirmed_by: str | None = None
    confirmed_at: str | None = None


class BareView(BaseModel):
    """A sealed document, of which nobody sees more, or an erased one, of which there is no more."""

    id: str
    book: str
    year: int
    number: int
    direction: Direction
    status: str
    received_at: str
    version: int
    seal: Seal | None = None
    void_reason: str | None = None


class SealedList(BaseModel):
    """The oldest seal first."""

    documents: list[BareView]


class BookPage(BaseModel):
    """`next` is the `after` of the next page; null on the last."""

    book: str
    year: int
    entries: list[DocumentView | BareView]
    next: int | None


class CountView(BaseModel):
    """A period count; both days are included."""

    id: str
    version: int
    direction: Direction
    category: str
    first_day: str
    last_day: str
    count: int
    entered_by: str


class CountList(BaseModel):
    """By first day."""

    counts: list[CountView]


_BYTES = {"type": "string", "format": "binary"}


class _AsRead(GenerateJsonSchema):
    """The models take a number for a text, because numbers of papers come unquoted from some scanners."""

    def str_schema(self, schema: StringSchema) -> JsonSchemaValue:
        said = super().str_schema(schema)
        return said if "pattern" in said else said | {"type": ["string", "number"]}


def _inlined(schema: Any, known: dict[str, Any]) -> Any:
    """Without references, which would not be found inside an OpenAPI document."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(known[schema["$ref"].rsplit("/", 1)[-1]], known)
        return {name: _inlined(each, known) for name, each in schema.items() if name != "$defs"}
    return [_inlined(each, known) for each in schema] if isinstance(schema, list) else schema


def _schema(model: type[BaseModel]) -> Any:
    schema = model.model_json_schema(schema_generator=_AsRead)
    return _inlined(schema, schema.get("$defs", {}))


def _json_body(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": _schema(model)}}


def _multipart_body(model: type[BaseModel], *, file_needed: bool) -> dict[str, Any]:
    parts = {"metadata": _schema(model), "file": _BYTES}
    required = ["metadata", "file"] if file_needed else ["metadata"]
    schema = {"type": "object", "properties": parts, "required": required, "additionalProperties": False}
    encoding = {"metadata": {"contentType": "application/json"}}
    return {"multipart/form-data": {"schema": schema, "encoding": encoding}}


def _header(name: str, pattern: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "header", "description": description, "schema": schema}


_SENDER_HEADERS = [
    _header(
        "Idempotency-Key", r"^[\x21-\x7e]{1,255}$", "Makes a retry safe: the same key gives the first answer again."
    ),
    _header(
        "Content-Digest",
        r"^sha-256=:[A-Za-z0-9+/]{43}=:$",
        "`sha-256=:BASE64:` of the body (RFC 9530) or of the file; checked when sent.",
    ),
]


def _route(summary: str, body: dict[str, Any] | None = None, status: int = 200, **more: Any) -> dict[str, Any]:
    extra = {"requestBody": {"required": True, "content": body}} if body else {}
    answers = {status: more.pop("answer", {})}
    return {
        "summary": summary,
        "status_code": status,
        "response_class": Response,
        "response_model": None,
        "responses": answers,
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
GET_DOCUMENT = _route("One document", answer={"model": DocumentView | BareView | DocumentAnswer})
PATCH_DOCUMENT = _route("Correct a document's description", _json_body(Correction), answer={"model": DocumentView})
GET_FILE = _route("A document's file", answer={"content": {each: {"schema": _BYTES} for each in EXTENSIONS}})
POST_VOID = _route("Void a document, which keeps its number", _json_body(Voiding), answer={"model": DocumentView})
POST_SEAL = _route("Seal a document, so that nobody reads it", _json_body(Sealing), answer={"model": BareView})
POST_CONFIRM = _route(
    "Confirm that a sealed document is a state secret", _json_body(Confirming), answer={"model": BareView}
)
POST_UNSEAL = _route("Unseal a document", _json_body(Unsealing), answer={"model": BareView})
GET_SEALED = _route("The sealed documents", answer={"model": SealedList})
GET_BOOK = _route("A book's entries of a year", answer={"model": BookPage})
POST_COUNT = _route("Enter a period count", _json_body(PeriodCount), 201, answer={"model": CountView})
GET_COUNTS = _route("The period counts", answer={"model": CountList})
PUT_COUNT = _route("Correct a period count", _json_body(PeriodCount), answer={"model": CountView})
