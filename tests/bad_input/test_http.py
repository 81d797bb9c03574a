"""Requests made up from each service's own description: whatever comes, the answer is one that it describes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.embedded import Endpoints
from tests.bad_input.asking import bring_near, name_things, request_of
from tests.bad_input.budget import Account
from tests.bad_input.stack import CLERK, EVERYBODY, SERVICES, Stack, stack

pytestmark = [
    pytest.mark.timeout(3600),
    # schemathesis draws its own ids from `random`; requests do not depend on them
    pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies"),
]
ACCOUNT = Account("http")
SEEDS = st.integers(
    0, 2**32 - 1
)  # what is really there changes from request to request, so Hypothesis may not choose it
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STRANGERS = ["", "Bearer", "Bearer x.y.z", "Basic !", "Bearer k0123456789abcdef.wrong", "Digest a=b", "bearer \t"]
DOORS = {"/api/v1/documents": "incoming", "/api/v1/issued": "outgoing"}
Case = schemathesis.Case[Any]
Exercise = Callable[[str, Case, Random], None]


@pytest.fixture(scope="module")
async def office(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with stack(servers, tmp_path_factory.mktemp("intake")) as running:
        yield running


async def exercise(office: Stack, mode: GenerationMode, of: float, send: Exercise) -> None:
    """Every operation of every service in turn, from a thread, because Hypothesis knows no event loop."""
    schemas = {name: schemathesis.openapi.from_dict(await office.description(name)) for name in SERVICES}
    operations = [(name, each) for name, schema in schemas.items() for each in _operations(schema)]
    settings = ACCOUNT.plan(of / len(operations), shrink=False)
    for name, operation in operations:
        made = given(operation.as_strategy(generation_mode=mode), SEEDS)
        await asyncio.to_thread(settings(made(_sent(name, send))))


def _operations(schema: Any) -> list[Any]:
    return [each.ok() for each in schema.get_all_operations()]


def _sent(service: str, send: Exercise) -> Callable[[Case, int], None]:
    def one_request(case: Case, seed: int) -> None:
        send(service, case, Random(seed))

    return one_request


def asked(office: Stack, service: str, case: Case, *more_checks: Any) -> httpx.Response:
    """The answer, after it was found to be as described."""
    answer = office.send(request_of(case, service))
    ACCOUNT.count(accepted=answer.is_success)
    case.validate_response(answer, checks=[*CHECKS, *more_checks])
    return answer


def credential(office: Stack, service: str, case: Case, chance: Random) -> str:
    """Mostly of somebody who may; now and then of another."""
    right = DOORS.get(case.path, EVERYBODY) if service == "intake" and case.method == "POST" else EVERYBODY
    return office.credentials[chance.choice([right] * 9 + [CLERK])]


async def test_what_is_made_by_the_description_is_answered_by_the_description(office: Stack) -> None:
    def send(service: str, case: Case, chance: Random) -> None:
        bring_near(case, service, office.known, chance)
        case.headers["Authorization"] = f"Bearer {credential(office, service, case, chance)}"
        answer = asked(office, service, case)
        if answer.content and "json" in answer.headers["content-type"]:
            office.known.learn(service, case.path, case.path_parameters, answer.json())

    await exercise(office, GenerationMode.POSITIVE, 0.64, send)


async def test_what_breaks_the_description_is_refused(office: Stack) -> None:
    def send(service: str, case: Case, chance: Random) -> None:
        assert case.meta
        path = case.meta.components.get(ParameterLocation.PATH)
        if path and path.mode.is_positive:
            name_things(case, office.known, chance)
        case.headers["Authorization"] = f"Bearer {credential(office, service, case, chance)}"
        asked(office, service, case, negative_data_rejection)

    await exercise(office, GenerationMode.NEGATIVE, 0.28, send)


async def test_nobody_is_answered_without_a_credential(office: Stack) -> None:
    def send(service: str, case: Case, chance: Random) -> None:
        case.headers.pop("Authorization", None)
        if stranger := chance.choice(STRANGERS):
            case.headers["Authorization"] = stranger
        answer = asked(office, service, case)
        assert answer.status_code == 401, answer.text

    await exercise(office, GenerationMode.POSITIVE, 0.08, send)


def test_the_promised_number_of_requests_was_sent_and_a_third_accepted(
    record_property: Callable[[str, object], None],
) -> None:
    ACCOUNT.settle(record_property)
