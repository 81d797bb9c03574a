"""What an OpenAPI document says beside what FastAPI finds out: where the service answers, how one signs in, problems."""

import copy
from http import HTTPMethod
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

PROBLEM = "ProblemAnswer"
_ANSWERS = {
    "4XX": "The caller can act on it.",
    "5XX": "Not possible at the moment; nothing was done unless it says so.",
}
_METHODS = frozenset(each.lower() for each in HTTPMethod)
_UNUSED = ("HTTPValidationError", "ValidationError")


class ProblemAnswer(BaseModel):
    """RFC 9457. `field` is a JSON pointer or a header's name; `remedy` says what to do."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    remedy: str | None = None


def described(app: FastAPI, service: str) -> dict[str, Any]:
    """The document, so that a page made from it can try each operation, and a client expects each answer."""
    schema = copy.deepcopy(app.openapi())
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas[PROBLEM] = _nullable_left_out(ProblemAnswer.model_json_schema())
    for name in _UNUSED:
        schemas.pop(name, None)
    scheme = {"type": "http", "scheme": "bearer", "description": "A device's key, or the token of a member of staff."}
    components["securitySchemes"] = {"credential": scheme}
    for operation in _operations(schema):
        _tell_problems(operation["responses"])
    return schema | {"servers": [{"url": f"/{service}"}], "security": [{"credential": []}]}


def _operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for path in schema["paths"].values() for method, each in path.items() if method in _METHODS]


def _tell_problems(responses: dict[str, Any]) -> None:
    """FastAPI promises a 422 of its own form, which `problems.py` never sends."""
    responses.pop("422", None)
    content = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}}
    for status, description in _ANSWERS.items():
        responses[status] = {"description": description, "content": content}


def _nullable_left_out(schema: dict[str, Any]) -> dict[str, Any]:
    """A problem leaves out what it does not know; it never says null."""
    for name, field in schema["properties"].items():
        choices = [each for each in field.pop("anyOf", ()) if each["type"] != "null"]
        known = {key: value for key, value in field.items() if key != "default"}
        schema["properties"][name] = known | (choices[0] if choices else {})
    return schema
