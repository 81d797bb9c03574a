"""State secrets leave no trace, restricted documents little, and neighbours see nothing."""

import asyncio
import json
import logging
from typing import Any

import pytest

from tests.harness import as_bearer
from tests.intake.conftest import Running
from tests.intake.scanner import pdf
from tests.intake.test_arriving import events_of
from tests.offices import NGHE_AN, token

CANARY = "chim-hoang-yen-7291"


async def everything_in(database: Any) -> str:
    rows = [row for name in await database.list_collection_names() for row in await database[name].find().to_list(None)]
    return json.dumps(rows, default=str, ensure_ascii=False)


async def leaves_no_trace(intake: Running, output: str) -> None:
    assert CANARY not in await everything_in(intake.database)
    assert all(
        CANARY.encode() not in path.read_bytes() for path in intake.settings.data_folder.rglob("*") if path.is_file()
    )
    assert CANARY not in output


async def test_what_claims_to_be_secret_is_refused_before_any_write(
    intake: Running, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    scanner = intake.scanner
    responses = [
        await scanner.post({"secrecy": "mat", "subject": CANARY}, pdf(CANARY)),
        await scanner.post({"subject": f"[TỐI MẬT] {CANARY}"}, pdf(CANARY)),
        await scanner.post({"subject": CANARY, "kind": "no such", "note": ["Mật"]}, pdf(CANARY)),
        await scanner.post({"subject": CANARY}, pdf(CANARY), name="Ke_hoach_MẬT.pdf"),
        await intake.outgoing.post({"kind": "quyet_dinh", "subject": f"TUYỆT MẬT {CANARY}"}, pdf(CANARY), to="issued"),
    ]
    for response in responses:
        assert (response.status_code, response.json()["type"]) == (422, "urn:vanthu:problem:secrecy-refused")
        assert CANARY not in response.text
    good = (await scanner.post({"subject": "Mật độ dân số"}, pdf("good"))).json()
    assert good["number"] == 1
    for method, path in [("PATCH", ""), ("POST", "/void")]:
        change = {"expected_version": 1, "subject": f"MẬT {CANARY}", "reason": f"MẬT {CANARY}"}
        response = await intake.client.request(
            method, f"/intake/api/v1/documents/{good['id']}{path}", json=change, headers=as_bearer(token("clerk"))
        )
        assert response.json()["type"] == "urn:vanthu:problem:secrecy-refused"
    captured = capfd.readouterr()
    await leaves_no_trace(intake, captured.out + captured.err + caplog.text)


async def test_the_incident_says_where_and_when_and_nothing_else(intake: Running) -> None:
    await intake.scanner.post({"secrecy": "toi_mat", "subject": CANARY})
    (row,) = await intake.database["events"].find().to_list(None)
    event = json.loads(row["value"])
    assert row["type"] == "vanthu.secrecy-incident-raised.v1"
    assert set(event) == {"office", "key", "version", "epoch", "recorded_at", "device"}
    assert event["device"] == "scanner-1"
    assert await intake.database["documents"].count_documents({}) == 0


async def test_a_restricted_document_says_no_text_of_its_own_to_other_services(intake: Running) -> None:
    texts = dict.fromkeys(["subject", "issuer", "symbol", "number", "answers"], CANARY)
    metadata = {"restricted": True, "kind": "petition", "issuer_level": "citizen", **texts}
    answer = (await intake.scanner.post(metadata)).json()
    address = f"/intake/api/v1/documents/{answer['id']}"
    events = json.dumps(await intake.database["events"].find().to_list(None), default=str)
    assert CANARY not in events
    for person, status in [("security", 200), ("clerk", 404), ("leader", 404), ("auditor", 404), ("admin", 404)]:
        response = await intake.client.get(address, headers=as_bearer(token(person)))
        assert response.status_code == status, person
        response = await intake.client.get(f"{address}/file", headers=as_bearer(token(person)))
        assert response.status_code == status, person
    security = await intake.client.get(address, headers=as_bearer(token("security")))
    assert security.json()["subject"] == CANARY


async def test_making_a_document_restricted_takes_it_out_of_sight(intake: Running) -> None:
    answer = (await intake.scanner.post({"subject": "open"})).json()
    address = f"/intake/api/v1/documents/{answer['id']}"
    change = {"expected_version": 1, "restricted": True, "subject": CANARY, "issuer": CANARY}
    clerk = as_bearer(token("clerk"))
    assert (await intake.client.patch(address, json=change, headers=clerk)).status_code == 200
    assert CANARY not in json.dumps(await intake.database["events"].find().to_list(None), default=str)
    assert (await intake.client.get(address, headers=clerk)).status_code == 404


async def test_offices_see_nothing_of_each_other(intake: Running) -> None:
    answer = (await intake.scanner.post({})).json()
    await intake.neighbour.post({})
    address = f"/intake/api/v1/documents/{answer['id']}"
    assert (await intake.neighbour.get(address)).status_code == 404
    for person in ("clerk", "leader"):
        neighbour = as_bearer(token(person, NGHE_AN))
        for path in (address, f"{address}/file"):
            assert (await intake.client.get(path, headers=neighbour)).status_code == 404
        change = {"expected_version": 1, "reason": "theirs"}
        assert (await intake.client.post(f"{address}/void", json=change, headers=neighbour)).status_code == 404
        page = (await intake.client.get(f"/intake/api/v1/books/incoming/{answer['year']}", headers=neighbour)).json()
        assert [each["id"] for each in page["entries"]] != [answer["id"]]
        assert len(page["entries"]) == 1


async def test_a_device_reads_its_own_answers_and_no_file(intake: Running) -> None:
    answer = (await intake.scanner.post({"subject": "x"})).json()
    address = f"/intake/api/v1/documents/{answer['id']}"
    assert (await intake.scanner.get(address)).json() == answer
    assert (await intake.outgoing.get(address)).status_code == 404
    assert (await intake.scanner.get(f"{address}/file")).status_code == 403
    assert (await intake.scanner.get(f"/intake/api/v1/books/incoming/{answer['year']}")).status_code == 401


async def test_the_symbol_of_a_restricted_outgoing_document_stays_in_intake(intake: Running) -> None:
    answer = (await intake.outgoing.post({"kind": "quyet_dinh", "restricted": True}, to="issued")).json()
    assert answer["symbol"] == "01/QĐ-UBND"
    (event,) = await events_of(intake, answer["id"])
    assert event["document"]["symbol"] is None


async def test_no_sender_learns_of_a_restricted_document_with_the_same_bytes(intake: Running) -> None:
    await intake.scanner.post({"restricted": True}, pdf("same"))
    first = (await intake.scanner.post({}, pdf("same"))).json()
    assert first["possible_duplicate_of"] is None
    together = [intake.scanner.post({"restricted": n < 5}, pdf("new")) for n in range(10)]
    told = {answer.json()["possible_duplicate_of"] for answer in await asyncio.gather(*together)} - {None}
    rows = await intake.database["documents"].find({"_id": {"$in": list(told)}}).to_list(None)
    assert len(rows) == 1
    assert "restricted" not in rows[0]
