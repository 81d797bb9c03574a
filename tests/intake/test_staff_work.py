"""Staff read, correct, void and count, each as far as their role and need to know go."""

from typing import Any

import httpx

from tests.harness import as_bearer
from tests.intake.conftest import Running
from tests.intake.scanner import PDF, pdf
from tests.intake.test_arriving import events_of
from tests.offices import HA_TINH, token

BASE = "/intake/api/v1"


async def as_person(
    intake: Running, person: str, method: str, path: str, body: Any = None, **headers: str
) -> httpx.Response:
    return await intake.client.request(
        method, f"{BASE}/{path}", json=body, headers={**as_bearer(token(person)), **headers}
    )


async def posted(intake: Running, **metadata: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await intake.scanner.post(metadata)).json()
    return answer


async def test_the_file_comes_whole_or_in_ranges_and_never_as_a_page(intake: Running) -> None:
    answer = await posted(intake)
    whole = await as_person(intake, "clerk", "GET", f"documents/{answer['id']}/file")
    assert (whole.status_code, whole.content) == (200, PDF)
    assert whole.headers["content-type"] == "application/pdf"
    assert whole.headers["content-disposition"].startswith("attachment")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in whole.headers["content-security-policy"]
    some = await as_person(intake, "clerk", "GET", f"documents/{answer['id']}/file", Range="bytes=5-9")
    assert (some.status_code, some.content) == (206, PDF[5:10])
    assert some.headers["content-range"] == f"bytes 5-9/{len(PDF)}"
    beyond = await as_person(intake, "clerk", "GET", f"documents/{answer['id']}/file", Range="bytes=99999-")
    assert beyond.status_code == 416


async def test_a_void_keeps_the_number_and_is_a_clerks_work(intake: Running) -> None:
    answer = await posted(intake, subject="twice")
    path = f"documents/{answer['id']}/void"
    change: dict[str, Any] = {"reason": "scanned twice", "expected_version": 1}
    assert (await as_person(intake, "leader", "POST", path, change)).status_code == 403
    assert (await as_person(intake, "hoa", "POST", path, change)).status_code == 404
    assert (await as_person(intake, "clerk", "POST", path, {"expected_version": 1})).json()["field"] == "/reason"
    assert (await as_person(intake, "clerk", "POST", path, change | {"expected_version": 2})).status_code == 409
    done = await as_person(intake, "clerk", "POST", path, change)
    assert (done.status_code, done.json()["status"], done.json()["version"]) == (200, "voided", 2)
    assert (await as_person(intake, "clerk", "POST", path, change | {"expected_version": 2})).status_code == 409
    received, voided = await events_of(intake, answer["id"])
    assert (received["version"], voided["version"]) == (1, 2)
    assert voided["type"] == "vanthu.document-voided.v1"
    assert (voided["document"]["status"], voided["document"]["void_reason"]) == ("voided", "scanned twice")
    assert voided["document"]["number"] == answer["number"]
    assert await intake.scanner.number("the next") == answer["number"] + 1


async def test_a_voided_document_is_no_original_any_more(intake: Running) -> None:
    first = await posted(intake)
    await as_person(intake, "clerk", "POST", f"documents/{first['id']}/void", {"reason": "x", "expected_version": 1})
    second = await posted(intake)
    assert second["possible_duplicate_of"] is None
    assert (await posted(intake))["possible_duplicate_of"] == second["id"]


async def test_nobody_learns_of_an_earlier_document_with_equal_bytes_that_they_may_not_see(intake: Running) -> None:
    first = await posted(intake, conflicted_person_ids=["leader"])
    second = await posted(intake)
    assert second["possible_duplicate_of"] == first["id"]
    path, book = f"documents/{second['id']}", f"books/incoming/{second['year']}"
    for person, sees in (("clerk", first["id"]), ("leader", None)):
        assert (await as_person(intake, person, "GET", path)).json()["possible_duplicate_of"] == sees
        entries = (await as_person(intake, person, "GET", book)).json()["entries"]
        assert [each["possible_duplicate_of"] for each in entries if each["id"] == second["id"]] == [sees]


async def test_a_correction_changes_what_it_names_and_says_so(intake: Running) -> None:
    answer = await posted(intake, subject="old", issuer="Bộ", due_on="2016-03-01", arrived_on="2016-02-01", number="1")
    path = f"documents/{answer['id']}"
    change = {"expected_version": 1, "subject": "new", "due_on": None, "number": "2", "issuer": "Bộ"}
    assert (await as_person(intake, "leader", "PATCH", path, change)).status_code == 403
    done = (await as_person(intake, "clerk", "PATCH", path, change)).json()
    assert (done["subject"], done["document_number"], done["version"]) == ("new", "2", 2)
    assert "due_on" not in done
    _, event = await events_of(intake, answer["id"])
    assert event["type"] == "vanthu.document-described.v1"
    assert event["changed"] == ["document_number", "due_on", "subject"]
    assert (event["document"]["subject"], event["document"]["due_on"]) == ("new", None)


async def test_a_correction_that_makes_no_sense_changes_nothing(intake: Running) -> None:
    answer = await posted(intake, arrived_on="2016-02-01", subject="s")
    faults: list[tuple[dict[str, Any], str]] = [
        ({"document_date": "2016-02-02"}, "/document_date"),
        ({"arrived_on": "2999-01-01"}, "/arrived_on"),
        ({"arrived_on": None}, "/arrived_on"),
        ({"kind": None}, "/kind"),
        ({"status": "voided"}, "/status"),
        ({"subject": "s"}, ""),
        ({}, ""),
    ]
    for change, field in faults:
        body = {"expected_version": 1, **change}
        response = await as_person(intake, "clerk", "PATCH", f"documents/{answer['id']}", body)
        assert (response.status_code, response.json()["field"]) == (422, field), response.text
    stale = await as_person(
        intake, "clerk", "PATCH", f"documents/{answer['id']}", {"expected_version": 5, "subject": "t"}
    )
    assert (stale.status_code, stale.json()["current_version"]) == (409, 1)
    assert len(await events_of(intake, answer["id"])) == 1


async def test_a_book_is_paged_by_number_and_hides_what_one_may_not_know(intake: Running) -> None:
    answers = [await posted(intake, restricted=n == 2, subject=f"{n}") for n in range(5)]
    path = f"books/incoming/{answers[0]['year']}"
    first = (await as_person(intake, "clerk", "GET", f"{path}?limit=2")).json()
    assert [each["number"] for each in first["entries"]] == [1, 2]
    rest = (await as_person(intake, "clerk", "GET", f"{path}?limit=3&after={first['next']}")).json()
    assert [each["number"] for each in rest["entries"]] == [4, 5]
    assert rest["next"] is None
    assert [each["number"] for each in (await as_person(intake, "security", "GET", path)).json()["entries"]] == [3]
    assert (await as_person(intake, "hoa", "GET", path)).json()["entries"] == []


async def test_outgoing_documents_get_numbers_and_symbols_by_book(intake: Running) -> None:
    async def issue(**metadata: Any) -> dict[str, Any]:
        response = await intake.outgoing.post(metadata, None, to="issued")
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer

    year = (await issue(kind="bao_cao", subject="first"))["year"]
    assert (await issue(kind="quyet_dinh"))["symbol"] == "02/QĐ-UBND"
    assert (await issue(kind="cong_van", drafting_unit="NC"))["symbol"] == "03/UBND-NC"
    norm = await issue(kind="qppl", qppl_kind="quyet_dinh")
    assert (norm["book"], norm["symbol"]) == ("outgoing-qppl-quyet-dinh", f"01/{year}/QĐ-UBND")
    assert (await issue(kind="qppl", qppl_kind="chi_thi"))["book"] == "outgoing-qppl-chi-thi"
    response = await intake.outgoing.post(
        {"kind": "giay_moi", "signer": "A", "recipients": ["B"]}, pdf("x"), to="issued"
    )
    assert response.json()["symbol"] == "04/GM-UBND"
    (event,) = await events_of(intake, response.json()["id"])
    assert event["type"] == "vanthu.document-issued.v1"
    assert event["document"]["direction"] == "outgoing"
    assert event["document"]["arrived_on"] == event["document"]["document_date"]
    fixed = {"expected_version": 1, "kind": "quyet_dinh"}
    response = await as_person(intake, "clerk", "PATCH", f"documents/{response.json()['id']}", fixed)
    assert (response.status_code, response.json()["field"]) == (422, "/kind")


async def test_an_outgoing_document_may_be_posted_as_json_alone(intake: Running) -> None:
    headers = {**intake.outgoing.headers, "Idempotency-Key": "json"}
    answers = [
        await intake.client.post(f"{BASE}/issued", json={"kind": "quyet_dinh"}, headers=headers) for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    bad = await intake.client.post(f"{BASE}/issued", json={"kind": "x"}, headers=intake.outgoing.headers)
    assert (bad.status_code, bad.json()["field"]) == (422, "/kind")


async def test_period_counts_are_a_clerks_work_and_never_counted_twice(intake: Running) -> None:
    count: dict[str, Any] = {"direction": "incoming", "first_day": "2016-01-01", "last_day": "2016-12-31", "count": 460}
    assert (await as_person(intake, "leader", "POST", "period-counts", count)).status_code == 403
    first = await as_person(intake, "clerk", "POST", "period-counts", count)
    assert first.status_code == 201, first.text
    assert (await as_person(intake, "clerk", "POST", "period-counts", count)).json() == first.json()
    overlapping = count | {"first_day": "2016-06-01", "count": 3}
    refused = await as_person(intake, "clerk", "POST", "period-counts", overlapping)
    assert (refused.status_code, refused.json()["field"]) == (409, "/first_day")
    assert (
        await as_person(intake, "clerk", "POST", "period-counts", count | {"direction": "outgoing"})
    ).status_code == 201
    bad = await as_person(intake, "clerk", "POST", "period-counts", count | {"last_day": "2015-01-01"})
    assert (bad.status_code, bad.json()["field"]) == (422, "/last_day")
    path = f"period-counts/{first.json()['id']}"
    better = count | {"count": 461, "expected_version": 1}
    assert (await as_person(intake, "clerk", "PUT", path, better)).json()["version"] == 2
    assert (await as_person(intake, "clerk", "PUT", path, better)).status_code == 409
    events = await events_of(intake, first.json()["id"])
    assert [each["period_count"]["count"] for each in events] == [460, 461]
    assert events[0]["period_count"]["entered_by"] == "clerk"
    listed = (await as_person(intake, "auditor", "GET", "period-counts")).json()["counts"]
    assert sorted(each["count"] for each in listed) == [460, 461]


async def test_the_apis_page_describes_every_route(intake: Running) -> None:
    page = (await as_person(intake, "admin", "GET", "openapi.json")).json()
    assert {path.removeprefix("/api/v1/") for path in page["paths"]} >= {"documents", "issued", "period-counts"}
    body = page["paths"]["/api/v1/documents"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert "cong_van" in str(body["properties"]["metadata"]["properties"]["kind"])
    assert (await as_person(intake, "admin", "GET", "asyncapi.json")).json()["asyncapi"].startswith("3.")


async def test_a_specialists_page_reads_only_what_they_may_read(intake: Running) -> None:
    for n in range(30):
        await intake.scanner.number(f"{n}")
    await intake.database["documents"].update_many({"number": {"$gt": 28}}, {"$push": {"readers": "person:hoa"}})
    wanted = {"office": HA_TINH, "book": "incoming", "number": {"$gt": 0}, "readers": {"$in": ["person:hoa", "head:x"]}}
    year = await intake.database["books"].distinct("year")
    found = intake.database["documents"].find({**wanted, "year": year[0], "conflicted": {"$ne": "hoa"}})
    figures = (await found.sort("number", 1).limit(100).explain())["executionStats"]
    assert figures["nReturned"] == 2
    assert figures["totalKeysExamined"] <= 6
