"""Events made up by the snapshot of their schema: every known field with any value that the snapshot allows."""

import json
from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import strategies as st

SCHEMAS = "#/components/schemas/"


def described(snapshot: Mapping[str, Any], types: Mapping[str, type]) -> dict[str, st.SearchStrategy[dict[str, Any]]]:
    """By type. schemathesis makes the values: to it each event is the body of a request."""
    definitions = json.loads(json.dumps(snapshot["$defs"]).replace("#/$defs/", SCHEMAS))
    paths = {f"/{name}": {"post": _posting(model.__name__)} for name, model in types.items()}
    about = {"openapi": "3.1.0", "info": {"title": "events", "version": "1"}}
    found: Any = schemathesis.openapi.from_dict({**about, "paths": paths, "components": {"schemas": definitions}})
    operations = [each.ok() for each in found.get_all_operations()]
    return {each.path[1:]: each.as_strategy().map(lambda case: case.body) for each in operations}


def _posting(model: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"{SCHEMAS}{model}"}}}
    return {"requestBody": {"required": True, "content": content}, "responses": {"200": {"description": "read"}}}
