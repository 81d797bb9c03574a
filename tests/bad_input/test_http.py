"""Requests made up from each service's own description: whatever comes, the answer is one that it describes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
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

from services.chassis.mongo import connect
from services.embedded import Endpoints
from tests.bad_input.asking import bring_near, name_things, request_of, take_open_work
from tests.bad_input.budget import Account, examples
from tests.bad_input.stack import CLERK, EVERYBODY, METRICS_TOKEN, SERVICES, Stack, stack
from tests.eventually import eventually
from tests.faults.evidence import Place, lags, unsent
from tests.harness import as_bearer
from tests.offices import HA_TINH

pytestmark = [
    pytest.mark.timeout(3600),
    # schemathesis draws its own ids from `random`; requests do not depend on them
    pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies"),
]
ACCOUNT = Account("http")
HANDFUL, REST_SECONDS = 8, 120.0
FAULTS = {"vanthu_journal_stuck_rows", "consumer_halted", "vanthu_dead_letters_total"}
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
    bare = [each for each in operations if _asks_for_nothing(each[1])]
    plan = ACCOUNT.plan(of / (len(operations) - len(bare)), shrink=False)
    handful = examples(min(HANDFUL, plan.max_examples), shrink=False)
    for name, operation in operations:
        made = given(operation.as_strategy(generation_mode=mode), SEEDS)
        settings = handful if (name, operation) in bare else plan
        await asyncio.to_thread(settings(made(_sent(name, send))))


def _asks_for_nothing(operation: Any) -> bool:
    """All its requests are the same one."""
    return not list(operation.iter_parameters()) and not operation.body


def _operations(schema: Any) -> list[Any]:
    return [each.ok() for each in schema.get_all_operations()]


def _sent(service: str, send: Exercise) -> Callable[[Case, int], None]:
    def one_request(case: Case, seed: int) -> None:
        send(service, case, Random(seed))

    return one_request


def asked(office: Stack, service: str, case: Case, *more_checks: Any) -> httpx.Response:
    """The answer, after it was found to be as described."""
    request = request_of(case, service)
    answer = office.send(request)
    said = repr((request.method, str(request.url), sorted(request.headers.raw), request.content)).encode()
    ACCOUNT.count(said, accepted=answer.is_success, to=(service, f"{case.method} {case.path}"))
    case.validate_response(answer, checks=[*CHECKS, *more_checks])
    return answer


def credential(office: Stack, service: str, case: Case, chance: Random) -> str:
    """Mostly of somebody who may; now and then of another."""
    right = DOORS.get(case.path, EVERYBODY) if service == "intake" and case.method == "POST" else EVERYBODY
    return office.credentials[chance.choice([right] * 9 + [CLERK])]


async def test_what_is_made_by_the_description_is_answered_by_the_description(office: Stack) -> None:
    def send(service: str, case: Case, chance: Random) -> None:
        bring_near(case, service, office.known, chance)
        if service == "routing" and case.method == "POST":
            take_open_work(case, office.open_work(), chance)
        case.headers["Authorization"] = f"Bearer {credential(office, service, case, chance)}"
        answer = asked(office, service, case)
        if case.method == "DELETE" and answer.is_success:
            office.known.forget(case.path_parameters)
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


async def test_after_all_that_the_services_are_at_rest_and_nothing_is_set_aside(office: Stack) -> None:
    """Read from Kafka, MongoDB and the metrics pages: everything read, everything told, nobody halted."""
    settings = office.settings
    place = Place(
        settings.mongo_url.get_secret_value(),
        settings.kafka_bootstrap,
        settings.mongo_database_prefix,
        Path(),
        HA_TINH,
    )

    async def at_rest() -> bool:
        """Twice in a row: what was on its way at the first look has arrived by the second."""
        looks = [(sum(unsent(place).values()), sum((await lags(place)).values())) for _ in range(2)]
        return looks == [(0, 0)] * 2

    await eventually(at_rest, seconds=REST_SECONDS)
    client = connect(place.mongo_url)
    letters = [await client[f"{place.prefix}_{name}"]["dead_letters"].count_documents({}) for name in SERVICES]
    client.close()
    assert letters == [0] * len(SERVICES)
    assert await faults_of(office) == {}


async def faults_of(office: Stack) -> dict[str, float]:
    """What the metrics pages say of stuck rows, halted readers and records set aside."""
    found: dict[str, float] = {}
    for name in SERVICES:
        page = (await office.client.get(f"/{name}/metrics", headers=as_bearer(METRICS_TOKEN))).raise_for_status().text
        samples = [each for family in text_string_to_metric_families(page) for each in family.samples]
        assert {each.name for each in samples} >= {"vanthu_journal_stuck_rows", "consumer_halted"}
        found |= {f"{name} {each.name}": each.value for each in samples if each.name in FAULTS and each.value}
    return found


def test_the_promised_number_of_requests_was_sent_and_a_third_accepted(
    record_property: Callable[[str, object], None],
) -> None:
    ACCOUNT.settle(record_property)
