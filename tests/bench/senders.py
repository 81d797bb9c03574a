"""Clients that post documents one after another on each of several connections, in a process of their own.

`python -m tests.bench.senders JOB`, a job in JSON; says what it did.
"""

import asyncio
import json
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
import uvloop

from tests.bench.children import tell
from tests.bench.made_up import metadata_sample

BOUNDARY = "vanthu-bench-5f2c"
_HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
).encode()
_FILE = (
    f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="scan.pdf"\r\n'
    "Content-Type: application/pdf\r\n\r\n"
).encode()
_END = f"\r\n--{BOUNDARY}--\r\n".encode()


@dataclass(frozen=True)
class Job:
    """`per_second` of 0 means as fast as answers come; otherwise documents start at that pace, whatever comes back.

    `keys` are taken in turn, by connection or by document: each is a scanner's own.
    """

    url: str
    keys: tuple[str, ...] = ("",)
    connections: int = 8
    seconds: float = 5.0
    warm_up_seconds: float = 0.5
    size_bytes: int = 20_000
    per_second: float = 0.0
    papers: int = 500

    def as_argument(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Sent:
    """Moments are of the monotonic clock, which all processes of a machine share.

    At a pace, `posted_at` is when the document was due: a sender that comes late is no excuse.
    """

    id: str
    posted_at: float
    answered_at: float


class Sender:
    def __init__(self, job: Job, session: aiohttp.ClientSession) -> None:
        self._job = job
        self._session = session
        self._metadata = [json.dumps(each, ensure_ascii=False).encode() for each in metadata_sample(job.papers)]
        self._page = b"%PDF-1.7\n%" + uuid.uuid4().hex.encode() * (job.size_bytes // 32)
        self._count = 0
        self._started_at = time.monotonic()
        self.sent: list[Sent] = []
        self.refused: dict[str, int] = {}

    async def send(self) -> None:
        if self._job.per_second:
            await self._at_a_pace()
        else:
            await asyncio.gather(*(self._one_after_another(turn) for turn in range(self._job.connections)))

    async def _one_after_another(self, connection: int) -> None:
        while time.monotonic() - self._started_at < self._job.seconds + self._job.warm_up_seconds:
            await self.post_one(connection)

    async def _at_a_pace(self) -> None:
        async with asyncio.TaskGroup() as posts:
            for turn in range(int(self._job.seconds * self._job.per_second)):
                due_at = self._started_at + turn / self._job.per_second
                if (wait_seconds := due_at - time.monotonic()) > 0:
                    await asyncio.sleep(wait_seconds)
                posts.create_task(self.post_one(turn, due_at))

    async def post_one(self, scanner: int = 0, due_at: float | None = None) -> None:
        posted_at = time.monotonic() if due_at is None else due_at
        try:
            await self._send(self._job.keys[scanner % len(self._job.keys)], posted_at)
        except (aiohttp.ClientError, OSError) as error:
            self._refuse(type(error).__name__)

    async def _send(self, key: str, posted_at: float) -> None:
        headers = {
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": uuid.uuid4().hex,
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }
        async with self._session.post(self._job.url, data=self._body(), headers=headers) as response:
            answer = await response.read()
        if response.status != 201:
            self._refuse(f"{response.status} {answer[:200].decode(errors='replace')}")
            return
        self.sent.append(Sent(json.loads(answer)["id"], posted_at, time.monotonic()))

    def _refuse(self, cause: str) -> None:
        self.refused[cause] = self.refused.get(cause, 0) + 1

    def _body(self) -> bytes:
        metadata = self._metadata[self._count % len(self._metadata)]
        self._count += 1
        mark = f"{self._count:012d}{uuid.uuid4().hex}".encode()
        page = self._page[:16] + mark + self._page[16 + len(mark) :]
        return b"".join((_HEAD, metadata, _FILE, page, _END))


async def run(job: Job) -> dict[str, Any]:
    connector = aiohttp.TCPConnector(limit=job.connections or 100)
    async with aiohttp.ClientSession(connector=connector) as session:
        sender = Sender(job, session)
        began_at = time.monotonic()
        await sender.send()
    return {"began_at": began_at, "sent": [[s.id, s.posted_at, s.answered_at] for s in sender.sent],
            "refused": sender.refused}  # fmt: skip


if __name__ == "__main__":
    tell(**uvloop.run(run(Job(**json.loads(sys.argv[1])))))
