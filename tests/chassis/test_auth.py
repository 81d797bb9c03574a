"""Whose token is taken, by a service's own copies of people and keys."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from services.chassis.auth import PERSON, SIGNING_KEY, Staff, new_signing_key, sign_token
from services.chassis.copies import Copies
from services.chassis.errors import Problem

KEY = new_signing_key("k1")
TOKEN = sign_token(KEY, "k1", "office", "hoa", datetime.now(UTC), 1)
PUBLIC = {"public_key": json.dumps(KEY.as_dict(private=False))}


class Heard:
    """What a service has read of an office so far."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], Mapping[str, Any]] = {}

    async def get(self, office: str, kind: str, id: str) -> Mapping[str, Any] | None:
        return self.states.get((kind, id))

    async def all(self, office: str, kind: str) -> list[Mapping[str, Any]]:
        return [state for (each, _), state in self.states.items() if each == kind]


async def test_whoever_was_unknown_a_moment_ago_is_let_in_as_soon_as_the_service_has_heard_of_them() -> None:
    heard = Heard()
    staff = Staff(cast("Copies", heard))
    with pytest.raises(Problem):
        await staff.viewer_of(TOKEN)
    heard.states[SIGNING_KEY, "k1"] = PUBLIC
    with pytest.raises(Problem):
        await staff.viewer_of(TOKEN)
    heard.states[PERSON, "hoa"] = {"roles": []}
    assert (await staff.viewer_of(TOKEN)).person_id == "hoa"


async def test_whoever_is_disabled_or_signed_out_is_not_let_in() -> None:
    for state in ({"disabled": True}, {"sessions_valid_from": "2100-01-01T00:00:00+00:00"}):
        heard = Heard()
        heard.states = {(SIGNING_KEY, "k1"): PUBLIC, (PERSON, "hoa"): state}
        with pytest.raises(Problem):
            await Staff(cast("Copies", heard)).viewer_of(TOKEN)
