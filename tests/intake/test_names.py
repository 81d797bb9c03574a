"""An office that routing accepts can have a device and a folder."""

import pytest
from pydantic import TypeAdapter, ValidationError

from services.intake.numbering import is_id
from services.routing.office import Id

NAMES = ["ha-tinh", "HaTinh", "ha_tinh.ubnd", "9", "a..b", "a" * 64, "a" * 65, "", ".", "..", ".a", "-a", "a/b", "a b"]


@pytest.mark.parametrize("name", [*NAMES, "a\n", "hà-tĩnh"])
def test_the_pattern_is_the_one_of_the_offices_file(name: str) -> None:
    try:
        accepted = bool(TypeAdapter(Id).validate_python(name))
    except ValidationError:
        accepted = False
    assert is_id(name) == accepted
