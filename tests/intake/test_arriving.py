"""A document that a device posts: its answer, its number, its file, its event and its line in the register log."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.intake.register_log import entries
from tests.intake.conftest import Running
from tests.intake.scanner import PDF, pdf
from tests.offices import HA_TINH, NGHE_AN

WHOLE = {
    "issuer": "Bộ Tài chính",
    "issuer_level": "ministry",
    "kind": "cong_van",
    "number": "1234",
    "symbol": "1234/BTC-NSNN",
    "document_date": "2016-02-01",
    "arrived_on": "2016-02-03",
    "due_on": "2016-02-20",
    "subject": "V/v quyết toán ngân sách",
    "urgency": "urgent",
    "answers": "15/QĐ-UBND",
    "conflicted_person_ids": ["hoa"],
}


def this_year(intake: Running) -> int:
    return datetime.now(ZoneInfo(intake.settings.timezone)).year


async def events_of(intake: Running, document_id: str) -> list[dict[str, Any]]:
    rows = await intake.database["events"].find({"key": document_id}).sort("_id", 1).to_list(None)
    return [{"type": row["type"], "headers": row["headers"], **json.loads(row["value"])} for row in rows]


async def test_the_answer_says_what_was_stored_and_under_which_number(intake: Running) -> None:
    response = await intake.scanner.post(WHOLE)
    answer = response.json()
    assert response.status_code == 201, answer
    assert response.headers["location"] == f"/intake/api/v1/documents/{answer['id']}"
    assert answer | {"id": "", "received_at": ""} == {
        "id": "",
        "book": "incoming",
        "year": this_year(intake),
        "number": 1,
        "status": "registered",
        "received_at": "",
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "size_bytes": len(PDF),
        "media_type": "application/pdf",
        "possible_duplicate_of": None,
    }
    assert abs(datetime.fromisoformat(answer["received_at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    path = intake.settings.data_folder / "files" / HA_TINH / answer["id"][-2:] / answer["id"]
    assert intake.files == [path]
    assert path.read_bytes() == PDF
    assert (await intake.scanner.get(response.headers["location"])).json() == answer


async def test_the_event_carries_the_state_and_the_callers_trace(intake: Running) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    answer = (await intake.scanner.post(WHOLE, traceparent=trace)).json()
    (event,) = await events_of(intake, answer["id"])
    assert event["type"] == "vanthu.document-received.v1"
    assert event["headers"]["traceparent"] == trace
    assert (event["office"], event["version"]) == (HA_TINH, 1)
    state = event["document"]
    assert state["document_id"] == answer["id"]
    assert (state["document_number"], state["number"]) == ("1234", 1)
    for name in [
        "issuer",
        "issuer_level",
        "kind",
        "symbol",
        "document_date",
        "arrived_on",
        "due_on",
        "subject",
        "urgency",
    ]:
        assert state[name] == WHOLE[name]
    assert state["file"]["sha256"] == answer["sha256"]
    assert state["file"]["reference"] == f"/intake/api/v1/documents/{answer['id']}/file"


async def test_a_document_without_a_day_arrived_today(intake: Running) -> None:
    answer = (await intake.scanner.post({})).json()
    (event,) = await events_of(intake, answer["id"])
    assert event["document"]["arrived_on"] == datetime.now(ZoneInfo(intake.settings.timezone)).date().isoformat()


async def test_large_files_grow_on_the_disk_and_small_ones_in_memory(intake: Running) -> None:
    large = PDF + bytes(range(256)) * 9000
    answer = (await intake.scanner.post({}, large)).json()
    assert answer["sha256"] == hashlib.sha256(large).hexdigest()
    (path,) = intake.files
    assert path.read_bytes() == large


async def test_numbers_follow_each_other_per_office(intake: Running) -> None:
    posts = [
        scanner.post({"subject": f"document {n}"}, pdf(f"{n}"))
        for n in range(40)
        for scanner in (intake.scanner, intake.neighbour)
    ]
    answers = [response.json() for response in await asyncio.gather(*posts)]
    for office_answers in (answers[0::2], answers[1::2]):
        assert sorted(each["number"] for each in office_answers) == list(range(1, 41))
        by_number = sorted(office_answers, key=lambda each: each["number"])
        assert [each["received_at"] for each in by_number] == sorted(each["received_at"] for each in by_number)
    for office in (HA_TINH, NGHE_AN):
        folder = intake.settings.data_folder / "files" / office
        assert len([path for path in folder.rglob("*") if path.is_file()]) == 40


async def test_one_sender_key_used_fifty_times_at_once_makes_one_document(intake: Running) -> None:
    responses = await asyncio.gather(*(intake.scanner.post(WHOLE, Idempotency_Key="once") for _ in range(50)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.text for response in responses}) == 1
    assert sum("idempotent-replayed" not in response.headers for response in responses) == 1
    assert len(intake.files) == 1
    assert await intake.scanner.number("the next") == 2


async def test_a_retry_gets_the_first_answer_also_later_and_after_a_void(intake: Running) -> None:
    first = await intake.scanner.post(WHOLE, Idempotency_Key="again")
    again = await intake.scanner.post(dict(reversed(WHOLE.items())), Idempotency_Key="again")
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(intake.files) == 1


async def test_a_retry_may_say_what_goes_without_saying(intake: Running) -> None:
    """So a later release may add a field with a default between a request and its retry."""
    first = await intake.scanner.post({"subject": "x"}, Idempotency_Key="brief")
    again = await intake.scanner.post({"subject": "x", "kind": "other", "answers": None}, Idempotency_Key="brief")
    assert again.json() == first.json()


async def test_a_sender_key_with_other_bytes_or_metadata_is_refused(intake: Running) -> None:
    await intake.scanner.post(WHOLE, Idempotency_Key="key")
    for metadata, file in [(WHOLE, pdf("other")), (WHOLE | {"subject": "other"}, PDF)]:
        response = await intake.scanner.post(metadata, file, Idempotency_Key="key")
        assert (response.status_code, response.json()["field"]) == (422, "Idempotency-Key")
    both = [intake.scanner.post(WHOLE, pdf(f"{n}"), Idempotency_Key="both") for n in range(2)]
    assert sorted(response.status_code for response in await asyncio.gather(*both)) == [201, 422]
    assert len(intake.files) == 2
    assert await intake.scanner.number("the next") == 3


async def test_the_same_sender_key_of_another_device_is_another_key(intake: Running) -> None:
    first = await intake.scanner.post(WHOLE, Idempotency_Key="key")
    other = await intake.neighbour.post(WHOLE, Idempotency_Key="key")
    assert first.json()["id"] != other.json()["id"]
    assert other.json()["possible_duplicate_of"] is None


async def test_equal_bytes_are_flagged_with_the_earliest_and_never_dropped(intake: Running) -> None:
    first = (await intake.scanner.post({}, pdf("same"))).json()
    later = [(await intake.scanner.post({}, pdf("same"))).json() for _ in range(2)]
    assert [each["possible_duplicate_of"] for each in later] == [first["id"]] * 2
    together = [each.json() for each in await asyncio.gather(*(intake.scanner.post({}, pdf("new")) for _ in range(5)))]
    by_number = sorted(together, key=lambda each: each["number"])
    assert [each["possible_duplicate_of"] for each in by_number] == [None, *[by_number[0]["id"]] * 4]


async def test_a_new_year_begins_at_one_and_time_never_goes_back(intake: Running) -> None:
    year = this_year(intake)
    last_year = datetime(year - 1, 12, 31, 16, 59, tzinfo=UTC)  # 23:59 in Hà Tĩnh
    book = {"_id": f"{HA_TINH}/incoming", "office": HA_TINH, "book": "incoming"}
    await intake.database["books"].insert_one({**book, "year": year - 1, "next": 34_288, "last_at": last_year})
    assert (await intake.scanner.post({})).json()["number"] == 1
    soon = datetime.now(UTC) + timedelta(minutes=2)
    await intake.database["books"].update_one({"_id": book["_id"]}, {"$set": {"last_at": soon}})
    answer = (await intake.scanner.post({})).json()
    assert answer["number"] == 2
    assert abs(datetime.fromisoformat(answer["received_at"]) - soon) < timedelta(milliseconds=1)


async def test_a_book_taken_over_in_mid_year_goes_on_from_its_number(intake: Running) -> None:
    book = {"_id": f"{HA_TINH}/incoming", "office": HA_TINH, "book": "incoming", "year": this_year(intake)}
    await intake.database["books"].insert_one({**book, "next": 501, "last_at": datetime.now(UTC)})
    assert await intake.scanner.number("the first here") == 501


async def test_after_a_clock_ran_ahead_the_books_time_stands_until_it_has_come(intake: Running) -> None:
    year = this_year(intake)
    ahead = datetime(year, 12, 31, 16, 59, 59, tzinfo=UTC)  # 23:59:59 in Hà Tĩnh
    book = {"_id": f"{HA_TINH}/incoming", "year": year, "next": 7, "last_at": ahead}
    await intake.database["books"].insert_one(book)
    answer = (await intake.scanner.post({})).json()
    assert (answer["number"], datetime.fromisoformat(answer["received_at"])) == (7, ahead)


async def test_a_clock_that_ran_ahead_into_another_year_stops_numbering(intake: Running) -> None:
    ahead = datetime.now(UTC) + timedelta(days=366)
    book = {"_id": f"{HA_TINH}/incoming", "year": ahead.year, "next": 7, "last_at": ahead}
    await intake.database["books"].insert_one(book)
    response = await intake.scanner.post({})
    assert (response.status_code, response.json()["type"]) == (503, "urn:vanthu:problem:clock-disagrees")
    assert str(ahead.year) in response.json()["detail"]
    assert response.headers["retry-after"]
    assert intake.files == []
    assert (await intake.database["books"].find_one({"_id": book["_id"]}))["next"] == 7


async def test_the_register_log_has_one_line_for_each_document(intake: Running) -> None:
    posts = [intake.scanner.post({"subject": f"{n}"}, pdf(f"{n}"), Idempotency_Key=f"{n}") for n in range(20)]
    answers = [each.json() for each in await asyncio.gather(*posts)]
    lines = {line["id"]: line for line in entries(intake.settings.data_folder / "register")}
    assert len(lines) == 20
    for answer in answers:
        line = lines[answer["id"]]
        assert (line["office"], line["book"]) == (HA_TINH, "incoming")
        for name in ("year", "number", "received_at", "sha256", "size_bytes", "media_type"):
            assert line[name] == answer[name]
        row = await intake.database["documents"].find_one({"_id": answer["id"]})
        assert [line[name] for name in ("fingerprint", "version", "status")] == [row["fingerprint"], 1, "registered"]


async def test_a_query_that_names_something_twice_is_refused_at_the_door_as_everywhere(intake: Running) -> None:
    refused = await intake.scanner.post(WHOLE, to="documents?year=1&year=2")
    assert (refused.status_code, refused.json()["field"]) == (400, "/year"), refused.text
    assert await intake.scanner.number("the next one") == 1
