"""`vanthu` with a fault in it: `FAULT=crash:POINT:N python -m tests.faults.launcher serve intake`.

`crash:POINT:N` kills the process when it comes to the point for the Nth time, `freeze:POINT:N` stops it there until
somebody lets it go on, `hold:POINT:N` stops only the thread that has come there, for as long as the proof is there;
`bug:SERVICE:1` raises in that service for every document, or for those whose ids are in the file `BUG_FOR`, and
`choke:numbering:1` where intake makes the entry of a document whose subject is `CHOKING`; `hurry:sweeping:N` looks for
files without a document every N seconds instead of every hour. Several faults stand with a semicolon between them.

The product has no switch that breaks it: a fault is wrapped around its functions from here, and a name that
the product no longer has stops the process at once. `FAULT_PROOF` is the file that says that it happened.
`SYNCED` is the file that is to know what was synced (see `power`), `BAD_DISK` the one while which no sync of anything in
the folder `BAD_FOLDER` succeeds (see `disk`).
"""

import functools
import inspect
import os
import signal
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from services.cli.main import main
from tests.faults.disk import fail_syncs
from tests.faults.power import note_syncs

# point: (module that calls it, function, whether the process dies before or after it); in the order of an upload
CRASH_POINTS: dict[str, tuple[str, str, str]] = {
    "upload begun": ("services.intake.posting", "Posting._upload", "before"),
    "metadata read": ("services.intake.judging", "Judge.metadata", "before"),
    "metadata judged": ("services.intake.judging", "Judge.metadata", "after"),
    "file begun": ("services.intake.files", "LocalDraft.write", "before"),
    "file received": ("services.intake.files", "LocalDraft.keep", "before"),
    "file written": ("services.intake.files", "_write", "after"),
    "file renamed": ("services.intake.files", "sync_folder", "before"),
    "file stored": ("services.intake.files", "LocalDraft.keep", "after"),
    "waits for a number": ("services.intake.writer", "Writer._enqueue", "after"),
    "transaction begun": ("services.intake.store", "Register._take_numbers", "before"),
    "number taken": ("services.intake.store", "Register._take_numbers", "after"),
    "entries written": ("services.chassis.journal", "Journal.append_in_thread", "before"),
    "events written": ("services.chassis.journal", "Journal.append_in_thread", "after"),
    "before the commit": ("services.chassis.mongo", "Transactions._commit_blocking", "before"),
    "after the commit": ("services.chassis.mongo", "Transactions._commit_blocking", "after"),
    "before the register log": ("services.intake.register_log", "RegisterLog.append", "before"),
    "register log written": ("services.intake.register_log", "write_all", "after"),
    "register log synced": ("services.intake.register_log", "RegisterLog.append", "after"),
    "before the answer": ("services.intake.posting", "_answered", "before"),
    "events to send": ("services.chassis.relay", "_outcomes", "before"),
    "event acknowledged": ("services.chassis.relay", "Relay._mark_sent", "before"),
    "event marked": ("services.chassis.relay", "Relay._mark_sent", "after"),
    "batch decoded": ("services.chassis.consume", "Consumer._apply_all", "before"),
    "batch in effect": ("services.chassis.consume", "Consumer._commit", "before"),
    "webhook answered": ("services.notify.webhook.store", "WebhookStore.settle", "before"),
    "webhook marked": ("services.notify.webhook.store", "WebhookStore.settle", "after"),
    "rebuild has read": ("services.reporting.store", "ReportingStore.fill", "before"),
    "rebuild is whole": ("services.reporting.store", "ReportingStore.flip", "before"),
    "erased, not listed": ("services.cli.erasing", "order", "before"),
    "erasure listed": ("services.cli.erasing", "order", "after"),
    "copies destroyed": ("services.intake.files", "LocalFiles.destroy", "before"),
    "files destroyed": ("services.intake.files", "LocalFiles.destroy", "after"),
    "journal blanked": ("services.chassis.erasures", "Erasures.blank_journal", "after"),
    "Kafka emptied": ("services.cli.emptying", "delete_until", "after"),
    "file backed up": ("services.cli.safekeeping.copying", "_copied", "after"),
    "restore begun": ("services.chassis.epoch", "Epochs.begin", "after"),
    "collection restored": ("services.cli.safekeeping.loading", "_collection", "after"),
    "folder restored": ("services.cli.safekeeping.loading", "_copy", "after"),
    "recovery begun": ("services.cli.recovery.recovering", "_Work.begin", "after"),
    "events put back": ("services.cli.recovery.recovering", "_Work.put_events_back", "after"),
    "documents registered": ("services.intake.recovering", "Recovery.register", "after"),
    "register complete": ("services.cli.recovery.recovering", "_Work.register", "after"),
    "assignment adopted": ("services.routing.recovering", "Recovery.adopt", "after"),
    "office said anew": ("services.cli.recovery.recovering", "say_office_anew", "after"),
    "everybody agrees": ("services.cli.recovery.recovering", "_Work.agree", "after"),
    "epoch finished": ("services.chassis.epoch", "Epochs.finish", "after"),
}
HANDLERS = {
    "routing": ("services.routing.handlers", "Handlers", "hear"),
    "notify": ("services.notify.handlers", "Notify", "hear"),
    "reporting": ("services.reporting.handlers", "Handlers", "count_batch"),
}
CHOKING = "V/v giấy kẹt"
PAUSE_SECONDS = 0.01
UPLOAD_POINTS = list(CRASH_POINTS)[: list(CRASH_POINTS).index("before the answer") + 1]


def arm(fault: str, proof: Path) -> None:
    """Raises KeyError for an unknown fault and AttributeError where the product has no such function."""
    kind, _, rest = fault.partition(":")
    point, _, count = rest.rpartition(":")
    KINDS[kind](point, int(count), proof)


def _hurry(part: str, seconds: int, proof: Path) -> None:
    """The proof is there once it has looked."""
    module = import_module(f"services.intake.{part}")
    if not hasattr(module, "ORPHANS_SECONDS"):
        raise AttributeError("ORPHANS_SECONDS")
    setattr(module, "ORPHANS_SECONDS", seconds)  # noqa: B010
    _wrap(module.__name__, "Sweeping.sweep_orphans", None, proof.touch)


def _bug(service: str, _: int, proof: Path) -> None:
    module, kind, function = HANDLERS[service]
    ids = Path(os.environ["BUG_FOR"]).read_text().split() if os.environ.get("BUG_FOR") else None
    owner = getattr(import_module(module), kind)
    original = getattr(owner, function)

    @functools.wraps(original)
    async def failing(self: Any, batch: Any) -> Any:
        if any(ids is None or each.record.key.decode() in ids for each in batch):
            proof.write_text(service)
            raise RuntimeError("a bug")
        return await original(self, batch)

    setattr(owner, function, failing)


def _choke(part: str, count: int, proof: Path) -> None:
    """Judged, stored, and then too much for the numbering: as a mistake in the code would be."""
    store: Any = import_module("services.intake.store")
    original = store.entry
    if (part, count) != ("numbering", 1):
        raise KeyError(part)

    @functools.wraps(original)
    def choking(arrival: Any, *more: Any) -> Any:
        if arrival.description["subject"] == CHOKING:
            proof.write_text(CHOKING)
            raise RuntimeError("a document that cannot be numbered")
        return original(arrival, *more)

    store.entry = choking


def _crash(point: str, count: int, proof: Path) -> None:
    _strike(point, count, proof, lambda: os.kill(os.getpid(), signal.SIGKILL))


def _freeze(point: str, count: int, proof: Path) -> None:
    _strike(point, count, proof, lambda: os.kill(os.getpid(), signal.SIGSTOP))


def _hold(point: str, count: int, proof: Path) -> None:
    def wait() -> None:
        while proof.exists():
            time.sleep(PAUSE_SECONDS)

    _strike(point, count, proof, wait)


def _strike(point: str, count: int, proof: Path, happen: Callable[[], None]) -> None:
    left = count
    begun = point not in UPLOAD_POINTS  # a probe of readiness writes a file, too

    def begin() -> None:
        nonlocal begun
        begun = True

    def strike() -> None:
        nonlocal left
        left -= begun
        if left == 0:
            with proof.open("w") as file:
                file.write(point)
                file.flush()
                os.fsync(file.fileno())
            happen()

    _wrap("services.intake.posting", "Posting._post", begin, None)
    module, function, moment = CRASH_POINTS[point]
    _wrap(module, function, strike if moment == "before" else None, strike if moment == "after" else None)


def _wrap(module: str, function: str, before: Callable[[], None] | None, after: Callable[[], None] | None) -> None:
    owner: Any = import_module(module)
    *path, name = function.split(".")
    for each in path:
        owner = getattr(owner, each)
    setattr(owner, name, _wrapped(getattr(owner, name), before or _nothing, after or _nothing))


def _wrapped(original: Any, before: Callable[[], None], after: Callable[[], None]) -> Any:
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def waiting(*args: Any, **named: Any) -> Any:
            before()
            result = await original(*args, **named)
            after()
            return result

        return waiting

    @functools.wraps(original)
    def calling(*args: Any, **named: Any) -> Any:
        before()
        result = original(*args, **named)
        after()
        return result

    return calling


def _nothing() -> None:
    return


KINDS = {"crash": _crash, "freeze": _freeze, "hold": _hold, "bug": _bug, "choke": _choke, "hurry": _hurry}


if __name__ == "__main__":
    if os.environ.get("SYNCED"):
        note_syncs(Path(os.environ["SYNCED"]))
    if os.environ.get("BAD_DISK"):
        fail_syncs(Path(os.environ["BAD_DISK"]), Path(os.environ["BAD_FOLDER"]))
    for each in filter(None, os.environ.get("FAULT", "").split(";")):
        arm(each, Path(os.environ["FAULT_PROOF"]))
    main()
