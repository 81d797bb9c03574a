"""What the command line does with an office: plan a load, load it, and give its people tokens."""

import contextlib
import uuid
from datetime import UTC, datetime

import orjson
from joserfc.jwk import OKPKey

from services.chassis.auth import new_signing_key, sign_token
from services.chassis.errors import Failure, LostRace
from services.routing.office import Change, OfficeFile, read_office
from services.routing.office_store import OfficeStore, SigningKey
from services.routing.rules import faults_of

MOST_HOURS = 24 * 366


class NoSuchOffice(Failure, ValueError):
    """No office of this id was ever loaded."""

    def __init__(self, office: str) -> None:
        super().__init__(f"There is no office {office}. Load one first: vanthu office load FILE")


class NobodyToSignIn(Failure, ValueError):
    """The person a token is asked for is not in the office."""


def judged(text: str | bytes) -> OfficeFile:
    """The office file's content; raises OfficeFaulty with every fault and its JSON pointer."""
    return read_office(text, faults_of)


async def plan(file: OfficeFile, store: OfficeStore) -> list[Change]:
    """What `load` would change, readable as text; changes nothing."""
    return await store.planned(file)


async def load(file: OfficeFile, store: OfficeStore) -> list[Change]:
    """What changed: all of it in one transaction, or nothing. Loading the same file again changes nothing."""
    return await store.load(file)


async def create_token(store: OfficeStore, office: str, person_id: str, hours: float) -> str:
    """A staff token that is good for `hours`. Raises NobodyToSignIn, or ValueError for a senseless time."""
    if not 0 < hours <= MOST_HOURS:
        raise ValueError(f"a token is good for more than 0 and at most {MOST_HOURS} hours")
    await require_office(store, office)
    person = await store.person(office, person_id)
    if person is None or person.disabled:
        raise NobodyToSignIn(await _nobody(store, office, person_id))
    key = await _signing_key(store, office)
    private = OKPKey.import_key(orjson.loads(key.private_key))
    return sign_token(private, key.key_id, office, person_id, datetime.now(UTC), hours)


async def require_office(store: OfficeStore, office: str) -> None:
    """Raises NoSuchOffice."""
    if not await store.people(office):
        raise NoSuchOffice(office)


async def _nobody(store: OfficeStore, office: str, person_id: str) -> str:
    people = await store.people(office)
    if any(each.person_id == person_id for each in people):
        return f"{person_id} is disabled in the office {office}. Enable them in the office's file and load it."
    return f"There is no person {person_id} in the office {office}. The office's file has {len(people)} people."


async def _signing_key(store: OfficeStore, office: str) -> SigningKey:
    """The office's key, made at first use; of two that are made at once the first counts."""
    known = await store.signing_key(office)
    if known is None:
        key_id = f"{office}-{uuid.uuid4().hex[:8]}"
        made = new_signing_key(key_id)
        private, public = (orjson.dumps(made.as_dict(private=which)).decode() for which in (True, False))
        with contextlib.suppress(LostRace):
            await store.keep_first_signing_key(office, SigningKey(key_id, private, public))
        known = await store.signing_key(office)
    assert known is not None  # ours or the other's
    return known
