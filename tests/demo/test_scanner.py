"""The scanners send until there is an answer, and each sends only its share."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.demo import posting
from services.demo.failure import DemoFailure
from services.demo.ledger import Ledger, entries, path_of
from services.demo.pages import Pages
from services.demo.papers import Papers
from services.demo.plan import published, sampled
from services.demo.posting import Poster
from services.demo.scanner import Scanner, Scanners, still_to_send
from services.demo.year import OFFICE_DEVICE, OUTGOING_DEVICE, year

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEYS = {device: f"k-{device}.secret" for device in ("scan-1", "scan-2", "scan-3", "scan-4")} | {
    OUTGOING_DEVICE: "k-out.secret",
    OFFICE_DEVICE: "k-own.secret",
}
SCANNERS = Scanners(url="", keys=KEYS, documents=40, people=[], shares=2, connections=4)
ACCEPTED = {"book": "incoming", "year": 2026, "number": 1, "received_at": "2026-11-23T07:00:00+00:00"}


@asynccontextmanager
async def posted_to(answer: Answer) -> AsyncIterator[Poster]:
    app = web.Application()
    app.router.add_post("/intake/api/v1/{door}", answer)
    server = TestServer(app)
    await server.start_server()
    try:
        async with aiohttp.ClientSession() as session:
            yield Poster(session, str(server.make_url("")).rstrip("/"), KEYS)
    finally:
        await server.close()


def test_the_shares_together_are_the_whole_sample_and_answered_documents_stay_out() -> None:
    slots = list(year(sampled(published().counts, 40)))
    answered = frozenset(slot.key for slot in slots[:10])
    shares = [list(still_to_send(SCANNERS, share, answered)) for share in range(2)]
    assert sorted(slot.key for share in shares for slot in share) == sorted(slot.key for slot in slots[10:])


async def test_every_paper_goes_through_its_door_with_its_key_and_is_written_down(tmp_path: Path) -> None:
    heard: dict[str, tuple[str, str, bool]] = {}

    async def accept(request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"]
        with_file = request.content_type == "multipart/form-data"
        if with_file:
            parts = await request.multipart()
            metadata = await parts.next()
            assert isinstance(metadata, aiohttp.BodyPartReader)
            assert (metadata.name, metadata.headers["Content-Type"]) == ("metadata", "application/json")
            assert json.loads(await metadata.read())["subject"]
            file = await parts.next()
            assert isinstance(file, aiohttp.BodyPartReader)
            assert (file.name, file.filename, file.headers["Content-Type"]) == ("file", "scan.pdf", "application/pdf")
            assert (await file.read()).startswith(b"%PDF-")
        heard[key] = request.match_info["door"], request.headers["Authorization"], with_file
        return web.json_response(ACCEPTED | {"id": key}, status=201)

    async with posted_to(accept) as poster:
        ledger = Ledger(path_of(tmp_path, 0))
        slots = list(year(sampled(published().counts, 40)))
        await Scanner(poster, Papers([]), Pages(), ledger).send(iter(slots), 4)
        ledger.close()
    assert sorted(each.key for each in entries(tmp_path)) == sorted(slot.key for slot in slots)
    for slot in slots:
        door = "documents" if slot.category.incoming else "issued"
        assert heard[slot.key] == (door, f"Bearer {KEYS[slot.device]}", slot.category.incoming)


async def test_a_busy_or_unreachable_service_is_asked_again_with_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "PAUSE_SECONDS", 0.001)
    seen: list[tuple[str, bytes]] = []

    async def hesitate(request: web.Request) -> web.Response:
        seen.append((request.headers["Idempotency-Key"], await request.read()))
        if len(seen) == 1:
            return web.json_response({}, status=503, headers={"Retry-After": "0"})
        if len(seen) == 2:
            assert request.transport is not None
            request.transport.close()
        if len(seen) == 3:
            return web.json_response({}, status=429)
        return web.json_response(ACCEPTED | {"id": "d"}, status=201, headers={"Idempotent-Replayed": "true"})

    paper = Papers([]).paper(next(year(sampled(published().counts, 40))))
    async with posted_to(hesitate) as poster:
        entry = await poster.post(paper, b"%PDF-")
    assert len(set(seen)) == 1
    assert entry.tries == len(seen) >= 4
    assert entry.repeated


async def test_a_refusal_ends_the_scanner_with_its_reason() -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"detail": "the key is not valid"}, status=401)

    paper = Papers([]).paper(next(year(sampled(published().counts, 40))))
    async with posted_to(refuse) as poster:
        with pytest.raises(DemoFailure, match=r"401.*the key is not valid"):
            await poster.post(paper, b"%PDF-")
