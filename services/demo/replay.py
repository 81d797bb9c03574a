"""One demo from start to end: services up, office loaded, year posted, all settled, checked and shown."""

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Iterator

from rich.console import Console

from services.demo import printing
from services.demo.access import OFFICE_FILE, Office, device_keys, tokens
from services.demo.calls import Calls
from services.demo.commands import Commands, Up, UpCommand, environment
from services.demo.figures import figures_of
from services.demo.folder import DemoFolder, Marker
from services.demo.journey import journey_of
from services.demo.ledger import entries
from services.demo.memory import Memory, servers_of
from services.demo.plan import PUBLISHED_FILE, Published, documents_of, sampled_count
from services.demo.progress import bar, waiting
from services.demo.scanner import CONFIGURATION, Scanners
from services.demo.scanning import Scanning
from services.demo.settled import Metrics, settled
from services.demo.store import Notices

SCANNERS, CONNECTIONS = 2, 32
WATCH_SECONDS = 0.5


class Replay:
    def __init__(self, folder: DemoFolder, marker: Marker, table: Published, console: Console) -> None:
        self._folder = folder
        self._marker = marker
        self._table = table
        self._console = console
        self._whole = documents_of(table.counts)
        self._office = Office.read()
        self._variables = environment(marker)
        self._commands = Commands(folder.path, self._variables)
        self._up = UpCommand(folder.path, folder.own / "up.log", self._variables)
        self._scanning = Scanning(folder.own, SCANNERS, self._variables)

    async def run(self) -> int:
        """The exit code. Whatever happens, everything that was started has ended afterwards."""
        try:
            with self._step("Khởi động Kafka, MongoDB và bốn dịch vụ", "Starting Kafka, MongoDB and the services"):
                up = await self._start()
            return await self._while_up(self._replay(up))
        finally:
            await self._scanning.stop()
            await self._up.stop()

    async def _start(self) -> Up:
        if "VANTHU_KAFKA_BOOTSTRAP" in self._variables:
            await self._commands.output("topics", "create")
        return await self._up.start()

    async def _replay(self, up: Up) -> int:
        async with contextlib.AsyncExitStack() as things:
            memory = Memory(lambda: {"services": up.pid} | servers_of(up.pid) | self._scanning.processes())
            things.callback(asyncio.create_task(memory.watch()).cancel)
            with self._step("Nạp cơ quan, tạo khóa", "Loading the office, making keys"):
                calls, keys = await self._prepare(up)
            things.push_async_callback(calls.close)
            began = time.time()
            await self._post(up, keys)
            ended = await self._settle(up)
            memory.look()
            sound = await self._check()
            return 0 if await self._show(up, calls, memory, began, ended) and sound else 1

    async def _prepare(self, up: Up) -> tuple[Calls, dict[str, str]]:
        await self._commands.output("office", "load", str(OFFICE_FILE), "--yes")
        await self._commands.output("published", "load", str(PUBLISHED_FILE))
        calls = Calls(up.url, await tokens(self._commands, self._office))
        keys = await device_keys(self._commands, self._folder, self._office.id)
        await calls.until_known()
        for direction, count in self._table.secret.items():
            part = sampled_count(count, self._marker.documents, self._whole)
            await calls.enter_period_count(self._table, direction, part)
        return calls, keys

    async def _post(self, up: Up, keys: dict[str, str]) -> None:
        scanners = Scanners(
            url=up.url,
            keys=keys,
            documents=self._marker.documents,
            people=list(self._office.specialists),
            shares=SCANNERS,
            connections=CONNECTIONS,
        )
        self._folder.keep(CONFIGURATION, scanners.as_dict())
        already = sum(1 for _ in entries(self._folder.own))
        with bar(self._console, "Quét và gửi · Posting", self._marker.documents, already) as told:
            await self._scanning.run(told)

    async def _settle(self, up: Up) -> float:
        metrics = Metrics(up.url, up.metrics_token)
        try:
            with waiting(self._console, "Giao, báo, đếm · Assigning, telling, counting") as told:
                return await settled(metrics.work, lambda work: told(work.left))
        finally:
            await metrics.close()

    async def _check(self) -> bool:
        """`vanthu check` in its own words; whether every invariant holds."""
        self._console.print("\n[bold]vanthu check[/]")
        done = await self._commands.run("check")
        self._console.print(done.output.rstrip() or done.complaints.rstrip(), markup=False, soft_wrap=True)
        return done.code == 0

    async def _show(self, up: Up, calls: Calls, memory: Memory, began: float, ended: float) -> bool:
        """Whether the yearly report is as it should be."""
        notices = Notices(up.mongo_url, self._variables.get("VANTHU_MONGO_DATABASE_PREFIX", "vanthu"))
        with contextlib.closing(notices):
            answered = list(entries(self._folder.own))
            run = figures_of(answered, await notices.first_of_leads(self._office.id), began, ended)
            steps = await journey_of(calls, notices, self._office, answered)
        report = await calls.yearly_report(self._table)
        self._console.print()
        right = printing.yearly(self._console, report, whole=self._marker.documents >= self._whole)
        printing.journey(self._console, steps)
        printing.figures(self._console, run, memory.held)
        self._console.print(
            f"Dữ liệu ở {self._folder.path}. Xem tiếp · Look around: "
            f"`.venv/bin/vanthu up --data {self._folder.path}`, `.venv/bin/vanthu token create --office {self._office.id} "
            f"--person {self._office.leader} --data {self._folder.path}`",
            soft_wrap=True,
            highlight=False,
        )
        return right

    async def _while_up(self, work: Coroutine[None, None, int]) -> int:
        """Ends the work when `vanthu up` ends by itself, with the reason."""
        working, watching = asyncio.ensure_future(work), asyncio.create_task(self._watch())
        try:
            await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
            return working.result()
        finally:
            for task in (working, watching):
                task.cancel()
            await asyncio.gather(working, watching, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            self._up.require_running()
            await asyncio.sleep(WATCH_SECONDS)

    @contextlib.contextmanager
    def _step(self, vi: str, en: str) -> Iterator[None]:
        began = time.monotonic()
        with self._console.status(f"{vi} · {en} …"):
            yield
        self._console.print(f"{vi} · {en}: {time.monotonic() - began:.1f} s", highlight=False, soft_wrap=True)
