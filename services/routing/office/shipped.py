"""What Vanthu brings along: an office to begin with, and the deadlines of the law."""

import json
from importlib.resources import files
from typing import Any


def template(office: str | None = None, name: str | None = None) -> dict[str, Any]:
    """A provincial People's Committee office as an office's file; its people are posts, to be named by the office."""
    content: dict[str, Any] = {**_read("template.json"), "deadlines": deadline_set()}
    own = {"office": office, "name": name}
    return content | {part: value for part, value in own.items() if value}


def deadline_set() -> list[dict[str, Any]]:
    """Time limits of the law with where they stand, as rows of an office's deadlines."""
    rows: list[dict[str, Any]] = _read("deadlines.json")
    return rows


def _read(name: str) -> Any:
    return json.loads(files("services.routing.office").joinpath(name).read_text(encoding="utf-8"))
