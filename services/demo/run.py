"""`vanthu demo`: a year of the office, from an empty folder to the yearly report beside the published one."""

import asyncio
import signal

from rich.console import Console

from services.demo.commands import running_up
from services.demo.failure import DemoFailure
from services.demo.folder import DemoFolder, opened
from services.demo.options import DemoOptions
from services.demo.plan import Published, published, sizes_of
from services.demo.replay import Replay

__all__ = ["DemoOptions", "run_demo"]
FAILED, INTERRUPTED = 1, 130


def run_demo(options: DemoOptions, console: Console) -> int:
    """Blocks until the demo has ended; the exit code is 0 only when everything was found as it should be."""
    try:
        return asyncio.run(_run(options, console, published()))
    except DemoFailure as failure:
        console.print(f"[bold red]Lỗi · Error:[/] {failure.problem}", soft_wrap=True, highlight=False)
        console.print(f"[bold]Cách xử lý · What to do:[/] {failure.remedy}", soft_wrap=True, highlight=False)
        return FAILED
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print(
            f"Đã dừng, không mất gì. Chạy tiếp: `.venv/bin/vanthu demo --continue --data {options.data}`.\n"
            f"Stopped, nothing is lost. Go on with `.venv/bin/vanthu demo --continue --data {options.data}`.",
            soft_wrap=True,
        )
        return INTERRUPTED


async def _run(options: DemoOptions, console: Console, table: Published) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    folder = DemoFolder(options.data).claim()
    if running_up(folder.path) and not options.resume:
        raise DemoFailure(
            f"`vanthu up` đang chạy trong {folder.path}. · `vanthu up` is running in {folder.path}.",
            "Stop it first; a new demo empties the folder.",
        )
    marker, resumed = opened(options, sizes_of(table.counts), folder, console.print)
    console.print(
        f"Trình diễn {marker.documents:,} văn bản năm 2016, dữ liệu ở {folder.path}\n"
        f"{'Continuing' if resumed else 'Replaying'} {marker.documents:,} documents of 2016 in {folder.path}",
        soft_wrap=True,
    )
    return await Replay(folder, marker, table, console).run()
