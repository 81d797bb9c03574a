"""One document on its whole way: posted, numbered, assigned with a reason, told, opened, done, counted."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest

from services.embedded import Endpoints
from tests.cli.vanthu import OFFICE_FILE, PUBLISHED_FILE, Up, Vanthu, incoming, new_vanthu, upload

OFFICE = "vpubnd"
SERVICES = ("intake", "routing", "notify", "reporting")
T = TypeVar("T")


def soon(ask: Callable[[], T], seconds: float = 15.0) -> T:
    ends = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < ends, f"did not happen within {seconds} s; last answer: {answer!r}"
        time.sleep(0.05)
    return answer


@dataclass
class Office:
    vanthu: Vanthu
    up: Up
    key: str

    def token(self, person_id: str) -> str:
        token: str = self.vanthu.json("token", "create", "--office", OFFICE, "--person", person_id)["token"]
        return token

    def staff(self, person_id: str) -> httpx.Client:
        return self.up.client(self.token(person_id))


@pytest.fixture(scope="module")
def office(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    vanthu = new_vanthu(servers, tmp_path_factory.mktemp("journey"))
    with vanthu.up() as up:
        vanthu.run("office", "load", str(OFFICE_FILE), "--yes")
        vanthu.run("published", "load", str(PUBLISHED_FILE))
        key = vanthu.json("key", "create", "--office", OFFICE, "--device", "scan-1")["key"]
        yield Office(vanthu, up, key)


def found(client: httpx.Client, path: str) -> dict[str, Any]:
    answer = client.get(path)
    return answer.json() if answer.status_code == 200 else {}


def test_a_document_goes_all_the_way_and_every_service_knows_its_part(office: Office) -> None:
    year = datetime.now(UTC).year
    with office.up.client(office.key) as scanner:
        posted = upload(
            scanner, incoming("V/v cho thuê đất tại khu công nghiệp", symbol="123/STNMT-NN"), key="envelope-1"
        )
        again = upload(
            scanner, incoming("V/v cho thuê đất tại khu công nghiệp", symbol="123/STNMT-NN"), key="envelope-1"
        )
    assert posted.status_code == 201
    told = posted.json()
    assert again.json() == told
    assert (told["book"], told["number"], told["status"]) == ("incoming", 1, "registered")
    assert posted.headers["location"].endswith(told["id"])

    with office.staff("van-thu") as clerk:
        assignment = soon(lambda: found(clerk, f"/routing/api/v1/documents/{told['id']}"))
        state = assignment["state"]
        assert state["status"] == "assigned"
        assert assignment["reason"]
        lead = state["lead_person_id"]
        page = clerk.get(f"/intake/api/v1/books/incoming/{year}").json()
        assert told["id"] in str(page)

    with office.staff(lead) as handler:
        inbox = soon(lambda: found(handler, "/notify/api/v1/inbox")["notices"])
        (notice,) = [each for each in inbox if each["document_id"] == told["id"]]
        opened = handler.post(f"/notify/api/v1/notices/{notice['id']}/opened")
        assert opened.status_code in {200, 204}
        file = handler.get(f"/intake/api/v1/documents/{told['id']}/file")
        assert file.status_code == 200
        accepted = handler.post(
            f"/routing/api/v1/documents/{told['id']}/accept", json={"expected_version": assignment["version"]}
        )
        assert accepted.status_code == 200, accepted.text
        stale = handler.post(
            f"/routing/api/v1/documents/{told['id']}/accept", json={"expected_version": assignment["version"]}
        )
        assert stale.status_code == 409
        done = handler.post(
            f"/routing/api/v1/documents/{told['id']}/complete",
            json={"expected_version": accepted.json()["version"], "result": "Đã trả lời"},
        )
        assert done.status_code == 200, done.text

    with office.staff("chanh-van-phong") as leader:
        window = f"from={year}-01-01&to={year}-12-31"

        def completed() -> bool:
            report = found(leader, f"/reporting/api/v1/reports/handling?by=person&{window}")
            return "on_time" in str(report) and lead in str(report)

        soon(completed)
        annual = leader.get(f"/reporting/api/v1/reports/annual?{window}")
        assert annual.status_code == 200, annual.text
        assert annual.json()["report"]["incoming"]["total"]["documents"] == 1

    checked = office.vanthu.run("check", "--wait", "20")
    assert "bad" not in checked.stdout


def test_the_four_health_and_metrics_pages_can_be_read(office: Office) -> None:
    with (
        httpx.Client(base_url=office.up.noted["url"]) as anybody,
        office.up.client(office.up.noted["metrics_token"]) as ops,
    ):
        for service in SERVICES:
            assert anybody.get(f"/{service}/health/live").json()["status"] == "ok"
            assert anybody.get(f"/{service}/health/ready").json()["status"] == "ok"
            assert anybody.get(f"/{service}/metrics").status_code == 401
            assert "vanthu_dead_letters_total" in ops.get(f"/{service}/metrics").text


def test_every_api_has_its_pages_for_whoever_has_a_credential(office: Office) -> None:
    with office.staff("van-thu") as clerk:
        for service in SERVICES:
            assert clerk.get(f"/{service}/api/v1/docs").status_code == 200
            described = clerk.get(f"/{service}/api/v1/openapi.json").json()
            assert described["paths"]
            assert described["components"]["securitySchemes"]["credential"]["scheme"] == "bearer"
            assert described["security"] == [{"credential": []}]
            assert clerk.get(f"/{service}/api/v1/asyncapi.json").json()["asyncapi"] == "3.0.0"


def test_another_persons_document_reads_as_not_found_everywhere(office: Office) -> None:
    with office.up.client(office.key) as scanner:
        id = upload(scanner, incoming("V/v xây dựng cầu", symbol="9/SXD-KT")).json()["id"]
    with office.staff("van-thu") as clerk:
        lead = soon(lambda: found(clerk, f"/routing/api/v1/documents/{id}"))["state"]["lead_person_id"]
    stranger = "chuyen-vien-vx-05" if lead != "chuyen-vien-vx-05" else "chuyen-vien-nc-05"
    with office.staff(stranger) as other:
        for path in (
            f"/intake/api/v1/documents/{id}",
            f"/intake/api/v1/documents/{id}/file",
            f"/routing/api/v1/documents/{id}",
        ):
            assert other.get(path).status_code == 404, path
