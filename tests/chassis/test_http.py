"""What every service's HTTP side does alike: health, metrics, documentation, problems, credentials."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel, SecretStr

from services.chassis.asyncapi import asyncapi_specification
from services.chassis.auth import Credential
from services.chassis.errors import Problem, VersionConflict
from services.chassis.foundation import Foundation, lay_foundation
from services.chassis.service import Service, new_app
from services.chassis.settings import ChassisSettings
from services.events import UnitChanged
from tests.harness import as_bearer, running
from tests.offices import HA_TINH, NGHE_AN, introduce_offices, token


def toy(settings: ChassisSettings) -> tuple[Service, Foundation]:
    foundation = lay_foundation(settings, "routing")
    foundation.add_relay()

    async def may_look(credential: Credential) -> object:
        return await foundation.staff.viewer_of(credential.secret)

    app = new_app(
        settings,
        foundation.health,
        foundation.metrics,
        title="Toy",
        description="",
        version="1",
        may_look=may_look,
        asyncapi=asyncapi_specification("routing", "1", [UnitChanged], []),
    )

    @app.get("/api/v1/me")
    async def me(request: Request) -> dict[str, Any]:
        viewer = await foundation.staff.viewer(request)
        return {"office": viewer.office, "person": viewer.person_id, "heads": sorted(viewer.headed_unit_ids)}

    @app.get("/api/v1/bug")
    async def bug() -> None:
        raise KeyError("inner secret")

    @app.get("/api/v1/conflict")
    async def conflict(number: int) -> None:
        raise VersionConflict(4)

    @app.post("/api/v1/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    _add_form(app)
    health, metrics, first, parts = foundation.health, foundation.metrics, foundation.first, foundation.parts
    return Service("routing", app, health, metrics, first, foundation.prepare, parts), foundation


def _add_form(app: FastAPI) -> None:
    class Form(BaseModel):
        number: int

    @app.post("/api/v1/form")
    async def form(form: Form) -> int:
        return form.number


@pytest.fixture
async def http(settings: ChassisSettings) -> AsyncIterator[httpx.AsyncClient]:
    service, _ = toy(settings.model_copy(update={"metrics_token": SecretStr("let-me-look")}))
    async with running(service) as client:
        await introduce_offices(settings, "routing")
        yield client


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"number":"x"}', b'{"number":"\xff"}'])
async def test_a_stranger_is_not_told_what_is_wrong_with_a_request(http: httpx.AsyncClient, body: bytes) -> None:
    json = {"Content-Type": "application/json"}
    for headers in (as_bearer("x.y.z"), as_bearer(token("clerk") + "x"), {"Authorization": "Basic !"}):
        answer = await http.post("/routing/api/v1/form", content=body, headers=headers | json)
        assert answer.status_code == 401, answer.text
        assert (await http.get("/routing/api/v1/conflict?number=x", headers=headers)).status_code == 401
    known = await http.post("/routing/api/v1/form", content=body, headers=as_bearer(token("clerk")) | json)
    assert known.status_code in {400, 422}


async def test_the_description_names_problems_and_no_answer_that_is_never_sent(http: httpx.AsyncClient) -> None:
    schema = (await http.get("/routing/api/v1/openapi.json", headers=as_bearer(token("clerk")))).json()
    for path in schema["paths"].values():
        for operation in path.values():
            assert operation["responses"].keys() >= {"200", "4XX", "5XX"}
            assert "422" not in operation["responses"]
            assert set(operation["responses"]["4XX"]["content"]) == {"application/problem+json"}
    assert "HTTPValidationError" not in schema["components"]["schemas"]


async def test_health_answers_without_a_credential(http: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/routing/health/live", "/routing/health/ready"):
        answer = await http.get(path)
        assert (path, answer.status_code, answer.json()["status"]) == (path, 200, "ok")


@pytest.mark.parametrize("path", ["metrics", "api/v1/openapi.json", "api/v1/asyncapi.json", "api/v1/docs", "api/v1/me"])
async def test_nothing_else_does(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(f"/routing/{path}")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert "vanthu key create" in answer.json()["remedy"]
    wrong = await http.get(f"/routing/{path}", headers=as_bearer("nonsense"))
    assert wrong.status_code == 401


async def test_metrics_open_with_their_token_and_bear_the_known_names(http: httpx.AsyncClient) -> None:
    page = (await http.get("/routing/metrics", headers=as_bearer("let-me-look"))).text
    for name in ("vanthu_journal_unsent_rows", "vanthu_journal_unsent_age_seconds", "consume_batch_seconds"):
        assert name in page


async def test_the_documentation_opens_with_a_staff_token_in_a_browser_and_needs_no_other_host(
    http: httpx.AsyncClient,
) -> None:
    basic = httpx.BasicAuth("token", token("clerk"))
    page = await http.get("/routing/api/v1/docs", auth=basic)
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    for asset in ("docs/static/swagger-ui-bundle.js", "docs/static/swagger-ui.css"):
        assert (await http.get(f"/routing/api/v1/{asset}", auth=basic)).status_code == 200
        assert (await http.get(f"/routing/api/v1/{asset}")).status_code == 401
    assert (await http.get("/routing/api/v1/openapi.json", auth=basic)).json()["info"]["title"] == "Toy"
    events = (await http.get("/routing/api/v1/asyncapi.json", auth=basic)).json()
    assert events["asyncapi"] == "3.0.0"
    assert "UnitChanged" in events["components"]["schemas"]


async def test_a_token_is_good_for_its_own_office_only(http: httpx.AsyncClient) -> None:
    for office in (HA_TINH, NGHE_AN):
        answer = await http.get("/routing/api/v1/me", headers=as_bearer(token("head-nc", office)))
        assert answer.json() == {"office": office, "person": "head-nc", "heads": ["NC"]}
    stranger = await http.get("/routing/api/v1/me", headers=as_bearer(token("head-nc", "elsewhere")))
    assert stranger.status_code == 401


async def test_an_expired_token_and_one_of_a_person_who_is_gone_are_refused(http: httpx.AsyncClient) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=2)
    for each in (token("clerk", issued_at=long_ago), token("nobody"), token("clerk")[:-3] + "AAA"):
        assert (await http.get("/routing/api/v1/me", headers=as_bearer(each))).status_code == 401


async def test_a_bug_is_a_problem_that_tells_nothing_of_the_inside(settings: ChassisSettings) -> None:
    service, _ = toy(settings)
    transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://vanthu.test") as client:
        service.health.started = True
        answer = await client.get("/api/v1/bug", headers=as_bearer("any"))
    assert answer.status_code == 500
    assert "secret" not in answer.text
    await service.stop()
    for part in [*service.first, *service.parts]:
        await part.stop()


async def test_nothing_of_a_body_is_read_or_judged_before_a_credential_is_shown(http: httpx.AsyncClient) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"x"

    for method, path in (("POST", "echo"), ("GET", "conflict?number=x")):
        answer = await http.request(method, f"/routing/api/v1/{path}", content=body())
        assert answer.status_code == 401
    assert read == 0


async def test_a_body_larger_than_any_call_needs_is_refused(http: httpx.AsyncClient) -> None:
    async def large() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1024

    for content in (b"x" * 100_000, large()):
        answer = await http.post("/routing/api/v1/echo", content=content, headers=as_bearer(token("clerk")))
        assert answer.status_code in {400, 413}, answer.text


async def test_a_token_made_of_nothing_but_brackets_is_refused(http: httpx.AsyncClient) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 2500).decode().rstrip("=")
    for each in (f"{deep}.{deep}.x", "a" * 100_000, "..", "a.b.c.d"):
        assert (await http.get("/routing/api/v1/me", headers=as_bearer(each))).status_code == 401


async def test_requests_are_put_off_until_the_service_has_started(settings: ChassisSettings) -> None:
    service, foundation = toy(settings)
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://vanthu.test") as client:
        answer = await client.get("/api/v1/me", headers=as_bearer("any"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    foundation.client.close()


async def test_a_version_conflict_says_the_current_version(http: httpx.AsyncClient) -> None:
    headers = as_bearer(token("clerk"))
    answer = await http.get("/routing/api/v1/conflict?number=1", headers=headers)
    assert (answer.status_code, answer.json()["current_version"]) == (409, 4)
    wrong = await http.get("/routing/api/v1/conflict?number=x", headers=headers)
    assert (wrong.status_code, wrong.json()["field"]) == (400, "/number")


async def test_a_query_that_names_something_twice_is_refused_and_only_to_somebody_known(
    http: httpx.AsyncClient,
) -> None:
    path = "/routing/api/v1/conflict?number=1&number=1"
    answer = await http.get(path, headers=as_bearer(token("clerk")))
    assert (answer.status_code, answer.json()["field"]) == (400, "/number")
    assert "more than once" in answer.json()["detail"]
    assert (await http.get(path, headers=as_bearer("x.y.z"))).status_code == 401


async def test_another_method_is_told_which_ones_are_possible(http: httpx.AsyncClient) -> None:
    refused = await http.delete("/routing/api/v1/me", headers=as_bearer(token("clerk")))
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    assert refused.json()["detail"] == "DELETE is not possible here; GET is."


async def test_ready_fails_and_live_holds_while_the_database_is_away(settings: ChassisSettings) -> None:
    away = settings.model_copy(
        update={"mongo_url": SecretStr("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200&connectTimeoutMS=200")}
    )
    service, _ = toy(away)
    await service.start()
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://vanthu.test") as client:
        ready = await client.get("/health/ready")
        live = await client.get("/health/live")
    assert (ready.status_code, live.status_code) == (503, 200)
    assert ready.json()["checks"]["started"]["ok"] is False
    await service.stop()
    for part in [*service.first, *service.parts]:
        await part.stop()


def test_a_problem_keeps_to_rfc_9457() -> None:
    body = Problem(422, "wrong-kind", "No such kind.", field="/kind", remedy="Choose another.").body()
    assert body == {
        "type": "urn:vanthu:problem:wrong-kind",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "No such kind.",
        "field": "/kind",
        "remedy": "Choose another.",
    }
