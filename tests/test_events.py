"""The vocabulary keeps its word: golden examples of every type, and no change that breaks a reader."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic.json_schema import models_json_schema

from services.events import EVENTS, TOPICS, Event

EXAMPLES = Path(__file__).parent / "examples"
SNAPSHOT = EXAMPLES / "schema" / "events.json"
BY_TYPE = {event.type: event for event in EVENTS}


def schema() -> dict[str, Any]:
    """JSON Schema of the whole vocabulary, as readers see it."""
    _, definitions = models_json_schema([(event, "serialization") for event in EVENTS], title="Vanthu events")
    return definitions


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What a reader written against `old` would miss or misread in `new`."""
    faults = []
    for name, was in old["$defs"].items():
        now = new["$defs"].get(name)
        if now is None:
            faults.append(f"{name} is gone")
            continue
        faults += [f"{name}.{field} is gone" for field in was.get("properties", {}) if field not in now["properties"]]
        faults += [
            f"{name}.{field} has another type"
            for field, shape in was.get("properties", {}).items()
            if field in now["properties"] and meaning(shape) != meaning(now["properties"][field])
        ]
        faults += [f"{name} lost the value {value}" for value in set(was.get("enum", ())) - set(now.get("enum", ()))]
    return faults


def meaning(shape: Any) -> Any:
    """A schema without its words."""
    if isinstance(shape, dict):
        return {key: meaning(value) for key, value in shape.items() if key not in {"description", "title", "default"}}
    return [meaning(each) for each in shape] if isinstance(shape, list) else shape


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_event_has_a_golden_example_that_reads_and_writes_unchanged(event: type[Event]) -> None:
    text = (EXAMPLES / f"{event.type}.json").read_text()
    assert json.loads(event.model_validate_json(text).model_dump_json()) == json.loads(text)


def test_no_example_is_left_over_from_a_type_that_is_gone() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(BY_TYPE)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_a_reader_ignores_fields_it_does_not_know(event: type[Event]) -> None:
    value = json.loads((EXAMPLES / f"{event.type}.json").read_text())
    assert event.model_validate({**value, "added_later": 1}) == event.model_validate(value)


def test_every_event_belongs_to_a_topic_and_is_named_in_the_past_tense_with_a_version() -> None:
    assert {event.topic for event in EVENTS} == set(TOPICS)
    assert all(event.type.startswith("vanthu.") and event.type.endswith(".v1") for event in EVENTS)
    assert len(BY_TYPE) == len(EVENTS)


def test_no_change_since_the_snapshot_breaks_a_reader() -> None:
    assert breaks(json.loads(SNAPSHOT.read_text()), schema()) == []


def test_the_snapshot_is_of_today() -> None:
    assert json.loads(SNAPSHOT.read_text()) == schema(), "additive change: run `make schema` and look at the difference"


def test_a_removed_field_and_a_changed_type_count_as_breaking() -> None:
    now = schema()
    old = json.loads(json.dumps(now))
    old["$defs"]["DocumentState"]["properties"]["colour"] = {"type": "string"}
    old["$defs"]["DocumentState"]["properties"]["number"] = {"type": "string"}
    old["$defs"]["Urgency"]["enum"].append("leisurely")
    assert breaks(old, now) == [
        "DocumentState.colour is gone",
        "DocumentState.number has another type",
        "Urgency lost the value leisurely",
    ]


if __name__ == "__main__":
    SNAPSHOT.parent.mkdir(exist_ok=True)
    SNAPSHOT.write_text(json.dumps(schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n")
