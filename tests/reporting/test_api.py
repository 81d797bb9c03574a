"""Reports over HTTP: every cell opens to exactly its documents, and only to whom may know."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.events import Direction, IssuerLevel, Kind
from services.reporting.app import build, opened
from services.reporting.loading import load_published
from services.reporting.settings import ReportingSettings
from services.reporting.store import ReportingStore
from tests.eventually import eventually
from tests.harness import as_bearer, running, speaker
from tests.offices import HA_TINH, NGHE_AN, introduce_offices, token
from tests.reporting.saying import assigned, issued, period_counted, received
from tests.reporting.test_store import MONDAY, a_year

WINDOW = {"from": "2016-01-01", "to": "2016-12-15"}
SPRING = {"from": "2016-03-01", "to": "2016-05-20"}


@pytest.fixture
async def client(reporting_settings: ReportingSettings, store: ReportingStore) -> AsyncIterator[httpx.AsyncClient]:
    async with running(build(reporting_settings)) as client:
        await introduce_offices(reporting_settings, "reporting")
        yield client


async def get(client: httpx.AsyncClient, path: str, person: str = "leader", office: str = HA_TINH, **query: str) -> Any:
    answer = await client.get(f"/reporting/api/v1{path}", params=query, headers=as_bearer(token(person, office)))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(client: httpx.AsyncClient, link: str, person: str = "leader") -> list[dict[str, Any]]:
    """All pages behind a link, by small pages."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        url = httpx.URL(link).copy_merge_params({"limit": "7"} | ({"after": after} if after else {}))
        page = (await client.get(url, headers=as_bearer(token(person)))).json()
        found += page["facts"]
        after = page["next"]
        if after is None:
            return found


def table(**change: Any) -> dict[str, Any]:
    label = {"vi": "Địa phương", "en": "Localities"}
    half = {"rows": [{"code": "locality", "label": label, "count": 2}], "stated_total": 1094}
    out = {"rows": [{"code": "cong_van", "label": label, "count": 0}], "stated_total": 66}
    return {"office": HA_TINH, "from": "2016-01-01", "to": "2016-12-15", "incoming": half, "outgoing": out} | change


async def test_every_cell_of_the_annual_report_opens_to_its_documents(
    client: httpx.AsyncClient, store: ReportingStore
) -> None:
    await store.count([*a_year(150), *a_year(40, NGHE_AN)])
    report = (await get(client, "/reports/annual", **WINDOW))["report"]
    rows = [row for side in ("incoming", "outgoing") for row in [*report[side]["rows"], report[side]["total"]]]
    assert sum(row["documents"] for row in rows) > 100
    for row in rows:
        assert len(await listed(client, row["facts"])) == row["documents"], row


@pytest.mark.parametrize("by", ["unit", "person"])
async def test_every_cell_of_the_standard_report_opens_to_its_documents(
    client: httpx.AsyncClient, store: ReportingStore, by: str
) -> None:
    open_work = [received("open", MONDAY), assigned("open", "NC", "hoa", due_on=date(2016, 6, 1))]
    await store.count([*a_year(150), received("nobody's", MONDAY), *open_work, *a_year(40, NGHE_AN)])
    report = await get(client, "/reports/handling", by=by, **SPRING)
    rows = [*report["rows"], report["total"]]
    assert report["rows"][-1]["code"] == "unassigned"
    assert all(cell["count"] for cell in report["total"]["cells"].values()), report["total"]
    for row in rows:
        for cell in row["cells"].values():
            found = await listed(client, cell["facts"])
            assert len({each["document_id"] for each in found}) == len(found) == cell["count"]


async def test_the_published_table_stands_beside_what_was_counted(
    client: httpx.AsyncClient, store: ReportingStore
) -> None:
    await store.count([received("a", MONDAY), issued("b", MONDAY), issued("c", MONDAY, own_office=True)])
    assert (await get(client, "/reports/annual", **WINDOW))["report"]["notes"] == []
    assert (await load_published(store, table())).faults == ()
    report = (await get(client, "/reports/annual", **WINDOW))["report"]
    locality = report["incoming"]["rows"][0]
    assert (locality["counted"], locality["published"], locality["difference"]) == (1, 2, -1)
    assert report["incoming"]["published"] == {"stated_total": 1094, "sum_of_parts": 2, "unexplained": 1092}
    assert report["notes"][0]["en"] == "1,092 in and 66 out not explained by the published categories"
    assert "1.092 văn bản đến và 66 văn bản đi" in report["notes"][0]["vi"]


async def test_another_table_or_one_more_document_changes_the_answer(
    client: httpx.AsyncClient, store: ReportingStore
) -> None:
    await load_published(store, table())
    incoming = table()["incoming"] | {"stated_total": 7}
    await load_published(store, table(incoming=incoming))
    await store.count([received("a", MONDAY)])
    report = (await get(client, "/reports/annual", **WINDOW))["report"]
    assert report["notes"][0]["en"] == "5 in and 66 out not explained by the published categories"
    assert report["incoming"]["total"]["difference"] == -6
    await store.count([received("b", MONDAY)])
    assert (await get(client, "/reports/annual", **WINDOW))["report"]["incoming"]["total"]["difference"] == -5
    other = await get(client, "/reports/annual", **SPRING)
    assert other["report"]["incoming"]["published"] is None


async def test_hand_entered_counts_enter_where_their_period_lies_within(
    client: httpx.AsyncClient, store: ReportingStore
) -> None:
    first = date(2016, 1, 1)
    await store.count([
        period_counted("p", Direction.INCOMING, first, date(2016, 6, 30), 460),
        period_counted("q", Direction.OUTGOING, date(2016, 7, 1), date(2016, 12, 31), 96),
        period_counted("r", Direction.INCOMING, first, date(2016, 6, 30), 9, office=NGHE_AN),
    ])  # fmt: skip
    report = (await get(client, "/reports/annual", **WINDOW))["report"]
    secret = {side: next(row for row in report[side]["rows"] if row["code"] == "secret") for side in Direction}
    assert (secret[Direction.INCOMING]["counted"], secret[Direction.INCOMING]["documents"]) == (460, 0)
    assert secret[Direction.OUTGOING]["counted"] == 0
    assert [note["code"] for note in report["notes"]] == ["period-count-left-out"]
    assert report["incoming"]["total"]["counted"] == 460


async def test_a_restricted_document_shows_neither_subject_nor_sender(
    client: httpx.AsyncClient, store: ReportingStore
) -> None:
    await store.count(
        [received("a", MONDAY, restricted=True, subject="CANARY-7Q", issuer="CANARY-8Q", symbol="CANARY")]
    )
    stored = str(await store.fact(HA_TINH, "a"))
    found = await get(client, "/facts", person="security", **WINDOW)
    assert [each["subject"] for each in found["facts"]] == [None]
    assert "CANARY" not in stored + str(found)
    assert (await get(client, "/facts", **WINDOW))["facts"] == []


async def test_a_specialist_sees_only_what_is_theirs_and_no_reports(
    client: httpx.AsyncClient, store: ReportingStore
) -> None:
    await store.count([
        received("mine", MONDAY), assigned("mine", "NC", "hoa"),
        received("not mine", MONDAY), assigned("not mine", "KT", "minh"),
        received("about me", MONDAY, conflicted_person_ids=("hoa",)), assigned("about me", "NC", "hoa"),
        received("about the head", MONDAY, conflicted_person_ids=("head-nc", "leader")), assigned("about the head", "NC", "lan"),
    ])  # fmt: skip
    assert [each["document_id"] for each in (await get(client, "/facts", person="hoa", **WINDOW))["facts"]] == ["mine"]
    headed = (await get(client, "/facts", person="head-nc", **WINDOW))["facts"]
    assert [each["document_id"] for each in headed] == ["about me", "mine"]
    for_leader = (await get(client, "/facts", **WINDOW))["facts"]
    assert [each["document_id"] for each in for_leader] == ["about me", "mine", "not mine"]
    assert (await get(client, "/facts", person="admin", **WINDOW))["facts"] == []
    assert (await get(client, "/facts", office=NGHE_AN, **WINDOW))["facts"] == []
    for path in ("annual", "handling"):
        query = WINDOW | {"by": "unit"}
        url = f"/reporting/api/v1/reports/{path}"
        assert (await client.get(url, params=query, headers=as_bearer(token("hoa")))).status_code == 403
        assert (await client.get(url, params=query)).status_code == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2016-02-01", "to": "2016-01-01"}, "/from"),
        ({"from": "2016-02-30", "to": "2016-03-01"}, "/from"),
        ({"from": "0001-01-01", "to": "2016-03-01"}, "/from"),
        ({"from": "1950-01-01", "to": "2016-03-01"}, "/to"),
        ({"from": "2016-02-01"}, "/to"),
        (WINDOW | {"category": "localities"}, "/category"),
        (WINDOW | {"direction": "outgoing", "category": "locality"}, "/category"),
        (WINDOW | {"after": "nonsense"}, "/after"),
        (WINDOW | {"state": "late"}, "/state"),
        (WINDOW | {"limit": "0"}, "/limit"),
    ],
)
async def test_a_query_that_makes_no_sense_names_the_field(
    client: httpx.AsyncClient, query: dict[str, str], field: str
) -> None:
    answer = await client.get("/reporting/api/v1/facts", params=query, headers=as_bearer(token("leader")))
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert answer.json()["remedy"]


async def test_what_was_voided_is_listed_on_request(client: httpx.AsyncClient, store: ReportingStore) -> None:
    await store.count(a_year(40))
    found = (await get(client, "/facts", state="voided", **WINDOW))["facts"]
    assert found
    assert all(each["voided"] for each in found)


async def test_events_said_by_the_others_stand_in_the_report_with_their_freshness(
    client: httpx.AsyncClient, reporting_settings: ReportingSettings
) -> None:
    incoming = received("a", MONDAY, issuer_level=IssuerLevel.GOVERNMENT, kind=Kind.CHI_THI)
    async with speaker(reporting_settings, "intake") as intake, speaker(reporting_settings, "routing") as routing:
        await intake.say(incoming)
        await routing.say(assigned("a", "NC", "hoa", due_on=date(2016, 3, 9)))

        async def handled() -> Any:
            rows = (await get(client, "/reports/handling", by="unit", **WINDOW))["rows"]
            return [row for row in rows if row["code"] == "NC"]

        row = (await eventually(handled))[0]
    assert row["name"] == "Phòng NC"
    assert (row["cells"]["open_overdue"]["count"], row["on_time_rate"]) == (1, None)
    annual = await get(client, "/reports/annual", **WINDOW)
    assert annual["report"]["incoming"]["rows"][2]["counted"] == 1
    assert annual["freshness"]["as_of"] == "2026-03-02T02:00:00Z"
    assert annual["freshness"]["unapplied"] == 0


async def test_the_store_of_a_command_sees_what_the_service_counted(reporting_settings: ReportingSettings) -> None:
    async with opened(reporting_settings) as first, opened(reporting_settings) as second:
        await first.count(a_year(5))
        assert [row["_id"] async for row in second.versions()] == [f"{HA_TINH}-{index}" for index in range(5)]


async def test_work_that_is_not_due_yet_is_not_overdue_in_a_window_that_ends_in_days_to_come(
    client: httpx.AsyncClient, store: ReportingStore
) -> None:
    today = datetime.now(UTC).date()
    soon, later = today + timedelta(days=7), today + timedelta(days=60)
    await store.count([received("open", today), assigned("open", "NC", "hoa", due_on=soon)])
    window = {"from": str(today - timedelta(days=30)), "to": str(later)}
    report = await get(client, "/reports/handling", by="unit", **window)
    cells = report["total"]["cells"]
    assert (cells["open_within_time"]["count"], cells["open_overdue"]["count"]) == (1, 0)
    assert report["to"] == str(later)
    assert date.fromisoformat(report["judged_on"]) <= today + timedelta(days=1)
    assert [each["document_id"] for each in await listed(client, cells["open_within_time"]["facts"])] == ["open"]
    assert (await get(client, "/facts", state="open_overdue", **window))["facts"] == []
