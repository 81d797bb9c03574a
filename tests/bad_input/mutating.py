"""JSON damaged in one place or several, or made richer by what nobody knows."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]
TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "Co", "Cn", "Mn"]), max_size=8),
    st.sampled_from(
        ["", " ", "null", "\x00", "\ud800", "\u202e", "2016-02-30", "0001-01-01", "9999-12-31", "x" * 5000]
    ),
)
NUMBERS = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, -0.0, 0.1]),
    st.floats(allow_nan=False, allow_infinity=False),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)


def json_values(leaves: int = 8) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS, lambda each: st.lists(each, max_size=4) | st.dictionaries(TEXTS, each, max_size=4), max_leaves=leaves
    )


JSON_VALUES = json_values()


@st.composite
def damaged(draw: Any, whole: Any) -> Any:
    """`whole` with one to three values changed, taken away, repeated or of another type."""
    result = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([(), *places(result)]))
        if not path:
            if draw(st.integers(0, 20)) == 0:
                return draw(JSON_VALUES)
            continue
        _damage(draw, result, path)
    return result


def _damage(draw: Any, whole: Any, path: Path) -> None:
    holder: Any = _at(whole, path[:-1])
    last = path[-1]
    deed = draw(st.sampled_from(["other", "other", "gone", "twice", "wrapped"]))
    if deed == "gone":
        del holder[last]
    elif deed == "twice" and isinstance(last, int):
        holder.append(copy.deepcopy(holder[last]))
    elif deed == "wrapped":
        holder[last] = [holder[last]]
    else:
        holder[last] = draw(JSON_VALUES)


def at_each_place(whole: Any, value: Any) -> Iterator[Any]:
    """`whole` with this value in one place after the other, and at last the value alone."""
    for path in places(whole):
        result = copy.deepcopy(whole)
        _at(result, path[:-1])[path[-1]] = value
        yield result
    yield value


def without_each(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`whole`, and what is left when one field after the other is taken away."""
    yield whole
    for name in whole:
        yield {each: value for each, value in whole.items() if each != name}


def extended(whole: dict[str, Any], fields: list[tuple[int, str, Any]]) -> dict[str, Any]:
    """`whole` with these fields added to the objects in it; the number chooses one of them."""
    result = copy.deepcopy(whole)
    objects = [(), *(path for path in places(whole) if isinstance(_at(whole, path), dict))]
    for number, name, value in fields:
        _at(result, objects[number % len(objects)])[name] = value
    return result


def places(value: Any, here: Path = ()) -> Iterator[Path]:
    """Every place below the whole."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield (*here, name)
        yield from places(each, (*here, name))


def leads_somewhere(pointer: str, whole: Any) -> bool:
    """Whether a JSON pointer names a value of `whole`, or one that is missing from an object that is there."""
    if not pointer:
        return True
    assert pointer.startswith("/"), pointer
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]
    value = whole
    for number, step in enumerate(steps):
        if isinstance(value, dict) and step not in value:
            return number == len(steps) - 1
        if isinstance(value, dict):
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return False
    return True


def _at(whole: Any, path: Path) -> Any:
    for step in path:
        whole = whole[step]
    return whole


_WELL_FORMED = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20)
)
JSON_WELL_FORMED = st.recursive(
    _WELL_FORMED,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=9), each, max_size=3),
    max_leaves=5,
)
ADDED_NAMES = st.text(max_size=20).map("added_{}".format)
# Of names that nobody has taken.
ADDED_FIELDS = st.lists(st.tuples(st.integers(0, 20), ADDED_NAMES, JSON_WELL_FORMED), min_size=1, max_size=3)
