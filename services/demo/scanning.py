"""Starts the scanners, follows their progress, and ends with them."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from services.demo.commands import CONTINUE, ended
from services.demo.failure import DemoFailure
from services.demo.progress import Told
from services.embedded.process import end_with_parent


class Scanning:
    """`FOLDER/scanners.json` says what they do."""

    def __init__(self, folder: Path, shares: int, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._shares = shares
        self._variables = variables
        self._done = [0] * shares
        self.children: list[asyncio.subprocess.Process] = []

    def processes(self) -> dict[str, int]:
        return {
            f"scanner {share + 1}": child.pid for share, child in enumerate(self.children) if child.returncode is None
        }

    async def run(self, told: Told) -> None:
        """Returns when every share is sent. Raises DemoFailure with the first scanner's reason when one fails."""
        for share in range(self._shares):
            self.children.append(await self._start(share))
        try:
            async with asyncio.TaskGroup() as group:
                for share, child in enumerate(self.children):
                    group.create_task(self._follow(share, child, told))
        except* DemoFailure as failures:
            raise next(each for each in failures.exceptions if isinstance(each, DemoFailure)) from None

    async def stop(self) -> None:
        await asyncio.gather(*(ended(child) for child in self.children))

    async def _start(self, share: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.demo.scanner", str(self._folder), str(share)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._variables,
            start_new_session=True,
            preexec_fn=end_with_parent(),
        )

    async def _follow(self, share: int, child: asyncio.subprocess.Process, told: Told) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        async for line in child.stdout:
            self._done[share] = int(line)
            told(sum(self._done))
        complaint = (await child.stderr.read()).decode(errors="replace").strip()
        if await child.wait():
            raise _failure(share, child.returncode or 0, complaint)


def _failure(share: int, code: int, complaint: str) -> DemoFailure:
    try:
        said = json.loads(complaint.splitlines()[-1])
        return DemoFailure(said["problem"], said["remedy"])
    except (ValueError, IndexError, KeyError, TypeError):
        last = f": {complaint.splitlines()[-1][:300]}" if complaint else ""
        return DemoFailure(f"Scanner {share + 1} ended with code {code}{last}.", CONTINUE)
