"""All four services in the test's process on real Kafka and MongoDB, and a caller that sends made-up requests."""

import asyncio
import uuid
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.host import Host
from services.chassis.mongo import connect
from services.chassis.settings import ChassisSettings
from services.embedded import Endpoints
from services.intake.app import build as build_intake
from services.intake.device_keys import DeviceKeys
from services.intake.settings import IntakeSettings
from services.notify.app import build as build_notify
from services.notify.settings import NotifySettings
from services.policy import Role
from services.reporting.app import build as build_reporting
from services.reporting.settings import ReportingSettings
from services.routing.app import build as build_routing
from services.routing.settings import RoutingSettings
from tests.conftest import drop_databases, new_settings
from tests.eventually import eventually
from tests.harness import as_bearer, running
from tests.intake.scanner import Scanner
from tests.offices import HA_TINH
from tests.routing.small_office import load_office, office, row, rules, tokens

SERVICES = ("intake", "routing", "notify", "reporting")
CLERK, EVERYBODY = "clerk", "thu"
FIRST_DOCUMENTS, LEAST_WORK = 40, 10
FIRST_WEBHOOKS, KEPT_WEBHOOKS = 12, 3
MOST_KNOWN = 400
METRICS_TOKEN = "for-the-metrics-pages"
NEW_AT = {
    "/api/v1/documents": "document_id",
    "/api/v1/issued": "document_id",
    "/api/v1/period-counts": "count_id",
    "/api/v1/webhooks": "webhook_id",
}
NOWHERE = "https://receiver.invalid/hook"


class FirstWords(httpx.AsyncBaseTransport):
    """Straight into the application. A live stream is left after its first words: it would never end."""

    def __init__(self, app: ASGIApp) -> None:
        self._whole = httpx.ASGITransport(app)
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/stream"):
            return await self._whole.handle_async_request(request)
        heard, ended = asyncio.Event(), False

        async def leaving(scope: Scope, receive: Receive, send: Send) -> None:
            async def receive_or_leave() -> Message:
                if heard.is_set():
                    return {"type": "http.disconnect"}
                message = await receive()
                await heard.wait()
                return message

            async def send_and_note(message: Message) -> None:
                nonlocal ended
                await send(message)
                if message["type"] == "http.response.body":
                    heard.set()
                    ended = not message.get("more_body", False)

            await self._app(scope, receive_or_leave, send_and_note)
            if not ended:
                await send({"type": "http.response.body", "body": b""})

        return await httpx.ASGITransport(leaving).handle_async_request(request)


@dataclass
class Known:
    """What really is there, for requests that should be accepted: ids by the name of the parameter that takes them."""

    ids: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=MOST_KNOWN)))
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    sealed: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_KNOWN))
    cursors: dict[tuple[str, str], deque[Any]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=50)))

    def forget(self, parameters: Mapping[str, Any]) -> None:
        """What was deleted is not there any more."""
        for name, id in parameters.items():
            if id in self.ids[name]:
                self.ids[name].remove(id)

    def learn(self, service: str, path: str, parameters: Mapping[str, Any], answer: Any) -> None:
        """An answer may tell of a new thing, or of a newer version of one."""
        if not isinstance(answer, dict):
            return
        id = str(answer.get("id") or next(iter(parameters.values()), ""))
        version = answer.get("current_version") or answer.get("version")
        if isinstance(version, int):
            self.versions[service, id] = version
        following = answer.get("next") or answer.get("next_after")
        if following is not None:
            self.cursors[service, path].append(following)
        if path.endswith("/seal") and not str(answer.get("type")).startswith("urn:vanthu:problem"):
            self.sealed.append(parameters["document_id"])
        parameter = NEW_AT.get(path)
        if parameter and "id" in answer and id not in self.ids[parameter]:
            self.ids[parameter].append(id)


@dataclass
class Stack:
    client: httpx.AsyncClient
    loop: asyncio.AbstractEventLoop
    credentials: dict[str, str]
    settings: ChassisSettings
    known: Known = field(default_factory=Known)

    def send(self, request: httpx.Request) -> httpx.Response:
        """From a thread, while the services run in the loop."""
        return asyncio.run_coroutine_threadsafe(self.client.send(request), self.loop).result(60)

    def open_work(self) -> list[dict[str, Any]]:
        """What the person who may do everything can do, in routing's own words. When that is little, more comes."""
        work = self._work()
        if len(work) < LEAST_WORK:
            asyncio.run_coroutine_threadsafe(self._more_work(), self.loop).result(60)
            work = self._work()
        return work

    def _work(self) -> list[dict[str, Any]]:
        headers = as_bearer(self.credentials[EVERYBODY])
        address = "http://vanthu.test/routing/api/v1/documents?limit=200"
        answer = self.send(httpx.Request("GET", address, headers=headers)).raise_for_status().json()
        return [each for each in answer["items"] if not each["state"]["document"]["sealed"]]

    async def _more_work(self) -> None:
        """New documents, every other one accepted by who leads it."""
        headers = as_bearer(self.credentials[EVERYBODY])
        scanner = Scanner(self.client, self.credentials["incoming"])
        for number in range(2 * LEAST_WORK):
            content = b"%PDF-1.7 more " + uuid.uuid4().bytes
            id = (await scanner.post({"subject": f"Việc mới {number}"}, content)).json()["id"]

            async def assigned(id: str = id) -> int:
                answer = await self.client.get(f"/routing/api/v1/documents/{id}", headers=headers)
                return answer.json()["version"] if answer.is_success else 0

            version = await eventually(assigned)
            if number % 2:
                address = f"/routing/api/v1/documents/{id}/accept"
                answer = await self.client.post(address, json={"expected_version": version}, headers=headers)
                assert answer.status_code == 200, answer.text

    async def description(self, service: str) -> dict[str, Any]:
        headers = as_bearer(self.credentials[CLERK])
        answer = await self.client.get(f"/{service}/api/v1/openapi.json", headers=headers)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result


@asynccontextmanager
async def stack(servers: Endpoints, folder: Path) -> AsyncIterator[Stack]:
    settings = (await new_settings(servers)).model_copy(update={"metrics_token": SecretStr(METRICS_TOKEN)})
    shared = settings.model_dump()
    intake = IntakeSettings(**shared, data_folder=folder, max_document_bytes=3_000_000)
    services = (
        build_intake(intake),
        build_routing(RoutingSettings(**shared)),
        build_notify(NotifySettings(**shared)),
        build_reporting(ReportingSettings(**shared)),
    )
    # one room with one who may do everything leads all, so that requests made up at random are not merely forbidden
    people = [
        {"id": CLERK, "name": CLERK, "unit": "TH", "roles": [Role.CLERK]},
        {"id": EVERYBODY, "name": EVERYBODY, "unit": "TH", "roles": list(Role)},
    ]
    units = [{"id": "TH", "name": "TH", "symbol": "TH", "head": EVERYBODY}]
    table = rules([row("default", "TH")])
    await load_office(settings, office(HA_TINH, people=people, units=units, rules=table))
    credentials = await tokens(settings, CLERK, EVERYBODY)
    try:
        async with running(*services) as client:
            credentials |= await _device_keys(intake)
            client._transport = FirstWords(Host(services))
            result = Stack(client, asyncio.get_running_loop(), credentials, settings)
            await _settle(result)
            yield result
    finally:
        await drop_databases(settings)


async def _device_keys(settings: IntakeSettings) -> dict[str, str]:
    client = connect(settings.mongo_url.get_secret_value())
    keys = DeviceKeys(client[f"{settings.mongo_database_prefix}_intake"])
    doors = {door: await keys.create(HA_TINH, f"{door}-door", door, door) for door in ("incoming", "outgoing")}
    client.close()
    return doors


async def _settle(stack: Stack) -> None:
    """Every service knows the people, and there are documents, an assignment of each, and notices of them."""
    token = as_bearer(stack.credentials[EVERYBODY])

    async def everywhere_known() -> bool:
        answers = [await stack.client.get(f"/{each}/api/v1/openapi.json", headers=token) for each in SERVICES]
        return all(answer.status_code == 200 for answer in answers)

    await eventually(everywhere_known)
    scanner = Scanner(stack.client, stack.credentials["incoming"])
    for number in range(FIRST_DOCUMENTS):
        answer = await scanner.post({"subject": f"Văn bản số {number}"}, b"%PDF-1.7 " + str(number).encode())
        stack.known.ids["document_id"].append(answer.json()["id"])
    last = stack.known.ids["document_id"][-1]

    async def told() -> bool:
        answer = await stack.client.get("/notify/api/v1/inbox", params={"limit": 200}, headers=token)
        notices = answer.json()["notices"]
        stack.known.ids["notice_id"].extend(each["id"] for each in notices)
        return last in {each["document_id"] for each in notices}

    await eventually(told)
    await _subscribe(stack)


async def _subscribe(stack: Stack) -> None:
    """Webhooks to a place that is nowhere; only trials are sent there, so that one more costs nothing."""
    headers = as_bearer(stack.credentials[EVERYBODY])
    for _ in range(FIRST_WEBHOOKS):
        answer = await stack.client.post("/notify/api/v1/webhooks", json={"url": NOWHERE}, headers=headers)
        stack.known.ids["webhook_id"].append(answer.json()["id"])
