"""What cannot be accepted is answered with the field at fault; nothing is stored and no number is used."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from services.chassis.settings import ChassisSettings
from services.intake.app import build
from services.intake.device_keys import DeviceKeys
from services.intake.settings import IntakeSettings
from tests.harness import as_bearer, running
from tests.intake.conftest import Running
from tests.intake.scanner import PDF, Scanner
from tests.offices import HA_TINH, token

BOUNDARY = "multipart/form-data; boundary=edge"


def part(name: str, data: bytes, more: str = "") -> bytes:
    return f'--edge\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + data + b"\r\n"


END = b"--edge--\r\n"
FILE = part("file", PDF, '; filename="a.pdf"')

BROKEN: dict[str, tuple[bytes, str, int, str]] = {
    "no multipart": (b"{}", "text/plain", 415, "content-type-refused"),
    "no boundary": (b"x", "multipart/form-data", 400, "multipart-broken"),
    "nothing": (b"", BOUNDARY, 400, "multipart-broken"),
    "file first": (FILE + part("metadata", b"{}") + END, BOUNDARY, 400, "unexpected-part"),
    "metadata is no JSON": (part("metadata", b"{") + FILE + END, BOUNDARY, 400, "unreadable"),
    "metadata is no UTF-8": (part("metadata", b'{"subject":"\xff"}') + FILE + END, BOUNDARY, 400, "unreadable"),
    "a name twice": (
        part("metadata", b'{"secrecy":"mat","secrecy":null}') + FILE + END,
        BOUNDARY,
        400,
        "repeated-name",
    ),
    "a name twice within": (part("metadata", b'{"a":[{"b":1,"b":2}]}') + FILE + END, BOUNDARY, 400, "repeated-name"),
    "nested deeply": (part("metadata", b"[" * 1000 + b"]" * 1000) + FILE + END, BOUNDARY, 400, "unreadable"),
    "metadata is a list": (part("metadata", b"[]") + FILE + END, BOUNDARY, 422, "invalid-metadata"),
    "metadata too large": (part("metadata", b" " * 70_000 + b"{}") + FILE + END, BOUNDARY, 413, "too-large"),
    "no file": (part("metadata", b"{}") + END, BOUNDARY, 400, "file-missing"),
    "a third part": (part("metadata", b"{}") + FILE + FILE + END, BOUNDARY, 400, "unexpected-part"),
    "cut off": (part("metadata", b"{}") + FILE[:-20], BOUNDARY, 400, "multipart-broken"),
    "cut off in the header": (part("metadata", b"{}")[:30], BOUNDARY, 400, "multipart-broken"),
    "garbage": (b"\x00\x01\x02" * 1000, BOUNDARY, 400, "multipart-broken"),
}


async def nothing_was_stored(intake: Running) -> None:
    assert intake.files == []
    assert await intake.database["documents"].count_documents({}) == 0
    assert await intake.scanner.number("the next good document") == 1


async def test_a_broken_body_is_refused(intake: Running) -> None:
    for case, (body, content_type, status, code) in BROKEN.items():
        response = await intake.scanner.post_body(body, content_type)
        problem = response.json()
        assert (response.status_code, problem["type"]) == (status, f"urn:vanthu:problem:{code}"), (case, problem)
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["remedy"]
    await nothing_was_stored(intake)


async def test_files_that_are_empty_too_large_or_of_another_kind_are_refused(intake: Running) -> None:
    scanner = intake.scanner
    limit = intake.settings.max_document_bytes
    for file, media_type, status in [
        (b"", "application/pdf", 422),
        (b"MZ\x90\x00" * 10, "application/octet-stream", 415),
        (b"<html></html>", "application/pdf", 415),
        (PDF, "image/png", 415),
        (PDF + b"x" * limit, "application/pdf", 413),
    ]:
        response = await scanner.post({}, file, media_type=media_type)
        assert (response.status_code, response.json()["field"]) == (status, "/file"), response.text
    await nothing_was_stored(intake)


async def test_a_body_of_unknown_length_is_cut_at_the_limit(intake: Running) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield part("metadata", b"{}") + b'--edge\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + PDF
        for _ in range(100):
            sent += 100_000
            yield b"x" * 100_000

    headers = {**intake.scanner.headers, "Content-Type": BOUNDARY}
    response = await intake.client.post("/intake/api/v1/documents", content=endless(), headers=headers)
    assert response.status_code == 413
    await nothing_was_stored(intake)


async def test_metadata_that_makes_no_sense_is_refused_with_each_field(intake: Running) -> None:
    response = await intake.scanner.post({"kind": "letter", "urgency": "now", "colour": "red", "issuer": "a\x00b"})
    problem = response.json()
    assert response.status_code == 422
    fields = {fault["field"] for fault in problem["errors"]}
    assert fields == {"/metadata/kind", "/metadata/urgency", "/metadata/colour", "/metadata/issuer"}
    response = await intake.scanner.post({"document_date": "2016-02-02", "arrived_on": "2016-02-01"})
    assert (response.status_code, response.json()["field"]) == (422, "/metadata/document_date")
    response = await intake.scanner.post({"arrived_on": "2999-01-01"})
    assert (response.status_code, response.json()["field"]) == (422, "/metadata/arrived_on")
    await nothing_was_stored(intake)


async def test_metadata_is_judged_before_the_file_is_read(intake: Running) -> None:
    asked = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked
        yield part("metadata", json.dumps({"kind": "letter"}).encode()) + b"--edge\r\n"
        asked = True
        yield FILE.removeprefix(b"--edge\r\n") + END

    messages = body()
    seen: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        try:
            return {"type": "http.request", "body": await anext(messages), "more_body": True}
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        seen.append(message)

    await intake.app(scope_of(intake, "/api/v1/documents", BOUNDARY), receive, send)
    assert seen[0]["status"] == 422
    assert not asked
    await nothing_was_stored(intake)


def scope_of(intake: Running, path: str, content_type: str) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {intake.scanner.key}", "content-type": content_type}
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }


async def test_a_sender_that_goes_away_leaves_nothing(intake: Running) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": part("metadata", b"{}") + FILE[:-20] + b"x" * 1_500_000, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        return

    await intake.app(scope_of(intake, "/api/v1/documents", BOUNDARY), receive, send)
    await nothing_was_stored(intake)


async def test_credentials_are_needed_and_must_be_right(intake: Running) -> None:
    good = intake.scanner.key
    kid = good.partition(".")[0]
    for headers in [
        {},
        as_bearer("nonsense"),
        as_bearer(kid + ".wrong"),
        as_bearer("k0123456789abcdef.wrong"),
        as_bearer(token("clerk") + "x"),
        {"Authorization": "Basic !"},
    ]:
        for method, path in [
            ("POST", "documents"),
            ("POST", "issued"),
            ("GET", "documents/x"),
            ("GET", "documents/x/file"),
            ("PATCH", "documents/x"),
            ("POST", "documents/x/void"),
            ("GET", "books/incoming/2016"),
            ("POST", "period-counts"),
            ("GET", "period-counts"),
            ("PUT", "period-counts/x"),
            ("GET", "docs"),
            ("GET", "openapi.json"),
        ]:
            response = await intake.client.request(method, f"/intake/api/v1/{path}", headers=headers)
            assert response.status_code == 401, (method, path, headers, response.text)
    await nothing_was_stored(intake)


async def test_a_key_opens_its_own_door_only(intake: Running) -> None:
    response = await intake.scanner.post({"kind": "quyet_dinh"}, to="issued")
    assert response.status_code == 403
    response = await intake.outgoing.post({})
    assert response.status_code == 403
    response = await intake.client.post("/intake/api/v1/documents", headers=as_bearer(token("clerk")))
    assert response.status_code == 403
    await nothing_was_stored(intake)


async def test_a_wrong_digest_is_refused_and_a_right_one_accepted(intake: Running) -> None:
    def digest(data: bytes) -> str:
        return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"

    for value in [digest(b"other"), "sha-256=:x:", "md5=:AAAA:", "nonsense"]:
        response = await intake.scanner.post({}, PDF, Content_Digest=value)
        assert (response.status_code, response.json()["field"]) == (400, "Content-Digest"), response.text
    await nothing_was_stored(intake)
    assert (await intake.scanner.post({}, PDF, Content_Digest=digest(PDF))).status_code == 201
    body = part("metadata", b"{}") + FILE + END
    headers = {**intake.scanner.headers, "Content-Type": BOUNDARY, "Content-Digest": digest(body)}
    response = await intake.client.post("/intake/api/v1/documents", content=body, headers=headers)
    assert response.status_code == 201


async def test_the_digest_of_a_document_issued_without_a_file_is_checked_too(intake: Running) -> None:
    body = b'{"kind":"quyet_dinh"}'
    right = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    wrong = f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"
    for value, status in [(wrong, 400), ("nonsense", 400), (right, 201)]:
        headers = {**intake.outgoing.headers, "Content-Type": "application/json", "Content-Digest": value}
        response = await intake.client.post("/intake/api/v1/issued", content=body, headers=headers)
        assert response.status_code == status, response.text
    assert response.json()["number"] == 1


async def test_a_sender_key_must_be_readable(intake: Running) -> None:
    for key in ["", "a b", "x" * 256]:
        response = await intake.scanner.post({}, PDF, Idempotency_Key=key)
        assert (response.status_code, response.json()["field"]) == (400, "Idempotency-Key")
    await nothing_was_stored(intake)


async def test_an_unknown_book_is_not_found(intake: Running) -> None:
    await intake.scanner.number("one")
    clerk = as_bearer(token("clerk"))
    assert (await intake.client.get("/intake/api/v1/books/incoming/2016", headers=clerk)).json()["entries"] == []
    assert (await intake.client.get("/intake/api/v1/books/unknown/2016", headers=clerk)).status_code == 404
    for place in ("soon", "0", "10000", f"{2**70}", f"2016?after={2**70}", "2016?limit=501"):
        response = await intake.client.get(f"/intake/api/v1/books/incoming/{place}", headers=clerk)
        assert response.status_code == 400, place


async def test_bytes_that_belong_to_no_part_count_too(intake: Running) -> None:
    padding = b"x" * 100_000
    sent = 0

    async def endless(first: bytes) -> AsyncIterator[bytes]:
        nonlocal sent
        sent = 0
        yield first
        for _ in range(100):
            sent += len(padding)
            yield padding

    headers = {**intake.scanner.headers, "Content-Type": BOUNDARY}
    for first in (b"before the first boundary", part("metadata", b"{}") + FILE + END):
        response = await intake.client.post("/intake/api/v1/documents", content=endless(first), headers=headers)
        assert response.status_code == 413
        assert sent < 2 * intake.settings.max_document_bytes
    await nothing_was_stored(intake)


async def test_deep_metadata_is_the_senders_fault(intake: Running) -> None:
    for depth in (900, 1020, 20_000):
        deep = b'{"subject":' + b"[" * depth + b"]" * depth + b"}"
        response = await intake.scanner.post_body(part("metadata", deep) + FILE + END, BOUNDARY)
        assert response.status_code in {400, 422}, depth
    await nothing_was_stored(intake)


async def test_slow_uploads_end_and_too_many_at_once_are_asked_to_pause(
    settings: ChassisSettings, database: Any, tmp_path: Path
) -> None:
    own = IntakeSettings(
        **settings.model_dump(), data_folder=tmp_path / "data", upload_deadline_seconds=0.5, max_uploads=1
    )
    begun = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield part("metadata", b"{}")
        begun.set()
        await asyncio.sleep(30)

    async with running(build(own)) as client:
        scanner = Scanner(client, await DeviceKeys(database).create(HA_TINH, "scanner", "incoming", "incoming"))
        headers = {**scanner.headers, "Content-Type": BOUNDARY}
        first = asyncio.create_task(client.post("/intake/api/v1/documents", content=slow(), headers=headers))
        await begun.wait()
        second = await scanner.post({})
        assert (second.status_code, second.json()["type"]) == (503, "urn:vanthu:problem:busy")
        assert second.headers["retry-after"]
        late = await first
        assert (late.status_code, late.json()["type"]) == (408, "urn:vanthu:problem:too-slow")
        assert await scanner.number("there is room again") == 1


async def test_an_upload_that_only_trickles_ends_long_before_its_deadline(
    settings: ChassisSettings, database: Any, tmp_path: Path
) -> None:
    own = IntakeSettings(
        **settings.model_dump(),
        data_folder=tmp_path / "data",
        upload_slow_seconds=0.3,
        upload_least_bytes_per_second=10_000,
    )
    async with running(build(own)) as client:
        key = await DeviceKeys(database).create(HA_TINH, "scanner", "incoming", "incoming")
        headers = {**Scanner(client, key).headers, "Content-Type": BOUNDARY}
        late = await client.post("/intake/api/v1/documents", content=_trickling(asyncio.Event()), headers=headers)
        assert (late.status_code, late.json()["type"]) == (408, "urn:vanthu:problem:too-slow")
        assert "10000 bytes per second" in late.json()["detail"]


async def test_when_all_places_are_taken_the_device_with_most_of_them_makes_room(
    settings: ChassisSettings, database: Any, tmp_path: Path
) -> None:
    own = IntakeSettings(**settings.model_dump(), data_folder=tmp_path / "data", max_uploads=2)
    async with running(build(own)) as client:
        keys = DeviceKeys(database)
        greedy, other = [
            Scanner(client, await keys.create(HA_TINH, name, "incoming", "incoming")) for name in ("greedy", "other")
        ]
        headers = {**greedy.headers, "Content-Type": BOUNDARY}
        address = "/intake/api/v1/documents"
        begun = [asyncio.Event() for _ in range(2)]
        slow = [asyncio.create_task(client.post(address, content=_trickling(each), headers=headers)) for each in begun]
        await asyncio.gather(*(each.wait() for each in begun))
        assert (await greedy.post({})).json()["type"] == "urn:vanthu:problem:busy"
        assert await other.number("others are let in")
        done, waiting = await asyncio.wait(slow, return_when=asyncio.FIRST_COMPLETED)
        (gave_way,) = [each.result() for each in done]
        assert (gave_way.status_code, gave_way.json()["type"]) == (503, "urn:vanthu:problem:busy")
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _trickling(begun: asyncio.Event) -> AsyncIterator[bytes]:
    """`begun` once more than the first part is asked for, by whoever has a place."""
    yield part("metadata", b"{}")
    while True:
        begun.set()
        await asyncio.sleep(0.05)
        yield b"\r\n"
