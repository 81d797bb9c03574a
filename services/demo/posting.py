"""One paper over HTTP: as a scanner sends it, again and again until it has its number."""

import asyncio
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from services.demo.failure import DemoFailure
from services.demo.ledger import Entry
from services.demo.pages import MEDIA_TYPE
from services.demo.papers import Paper

REPLAYED = "Idempotent-Replayed"
BOUNDARY = "van-thu-demo-7d1f0c0a"
JSON, MULTIPART = "application/json", f"multipart/form-data; boundary={BOUNDARY}"
DOCUMENTS, ISSUED = "/intake/api/v1/documents", "/intake/api/v1/issued"
ANSWERED = (200, 201)
COME_BACK = (408, 429, 500, 502, 503, 504)
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, PATIENCE_SECONDS = 0.2, 5.0, 300.0
REQUEST_SECONDS = 60.0
_HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
).encode()
_FILE = (
    f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="scan.pdf"\r\n'
    f"Content-Type: {MEDIA_TYPE}\r\n\r\n"
).encode()
_END = f"\r\n--{BOUNDARY}--\r\n".encode()


def body_of(metadata: Mapping[str, Any], page: bytes | None) -> tuple[str, bytes]:
    """Content type and body; what the office issues has no scan."""
    said = json.dumps(metadata, ensure_ascii=False).encode()
    return (JSON, said) if page is None else (MULTIPART, b"".join((_HEAD, said, _FILE, page, _END)))


@dataclass(frozen=True, slots=True)
class ComeBack:
    """Not now: nothing is known to be wrong with the document."""

    seconds: float | None
    cause: str


class Poster:
    """`keys` are the device keys by device."""

    def __init__(self, session: aiohttp.ClientSession, url: str, keys: Mapping[str, str]) -> None:
        self._session = session
        self._url = url
        self._keys = keys
        self._timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)

    async def post(self, paper: Paper, page: bytes | None) -> Entry:
        """Returns when the document has its number; raises DemoFailure when it is refused or nobody answers."""
        content, posted_at, tries = body_of(paper.metadata, page), time.time(), 0
        while True:
            tries += 1
            answer = await self._try(paper, *content)
            if not isinstance(answer, ComeBack):
                return _entry(paper, *answer, posted_at, tries)
            if time.time() - posted_at > PATIENCE_SECONDS:
                raise DemoFailure(
                    f"{paper.key}: no number within {PATIENCE_SECONDS:.0f} s ({answer.cause}).",
                    "Look into the log of the services, then go on with --continue.",
                )
            await asyncio.sleep(_pause(tries, answer))

    async def _try(self, paper: Paper, content_type: str, body: bytes) -> tuple[dict[str, Any], bool] | ComeBack:
        headers = {
            "Authorization": f"Bearer {self._keys[paper.device]}",
            "Idempotency-Key": paper.key,
            "Content-Type": content_type,
        }
        address = self._url + (DOCUMENTS if paper.incoming else ISSUED)
        try:
            async with self._session.post(address, data=body, headers=headers, timeout=self._timeout) as response:
                text = await response.read()
                if response.status in ANSWERED:
                    return json.loads(text), REPLAYED in response.headers
                if response.status in COME_BACK:
                    return ComeBack(_seconds(response.headers.get("Retry-After")), f"status {response.status}")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return ComeBack(None, type(error).__name__)
        raise DemoFailure(
            f"{paper.key} was refused with status {response.status}: {text[:500].decode(errors='replace')}",
            "This must not happen in a demo. Start it anew; if it comes again, please report it.",
        )


def _entry(paper: Paper, told: dict[str, Any], repeated: bool, posted_at: float, tries: int) -> Entry:
    return Entry(
        key=paper.key,
        device=paper.device,
        id=told["id"],
        book=told["book"],
        year=told["year"],
        number=told["number"],
        received_at=told["received_at"],
        posted_at=posted_at,
        answered_at=time.time(),
        repeated=repeated,
        tries=tries,
    )


def _pause(tries: int, answer: ComeBack) -> float:
    backoff = min(PAUSE_SECONDS * 2.0 ** min(tries, 6), LONGEST_PAUSE_SECONDS)
    return (answer.seconds or 0.0) + backoff * random.random()


def _seconds(retry_after: str | None) -> float | None:
    return min(float(retry_after), LONGEST_PAUSE_SECONDS) if retry_after and retry_after.isdigit() else None
