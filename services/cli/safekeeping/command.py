"""`vanthu backup` and `vanthu restore`."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from services.chassis.epoch import following
from services.chassis.settings import ChassisSettings
from services.cli.databases import opened_all
from services.cli.installation import DEFAULT_DATA, DataOption, Installation, JsonOption, installed
from services.cli.recovery.command import steps, tell
from services.cli.recovery.ground import READERS_FIRST, RESTORE, Ground, at_rest, servers
from services.cli.recovery.recovering import Recovered, recover
from services.cli.safekeeping.dumping import Source, dump, previous_of
from services.cli.safekeeping.loading import Target, is_loaded, load, work_of
from services.cli.safekeeping.manifest import Manifest, check, read_manifest
from services.cli.terminal import confirm, fail, new_progress, print_json, run, say
from services.intake.settings import IntakeSettings

STOPS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
Folder = Annotated[Path, typer.Argument(help="Folder of the backup.", file_okay=False)]


def backup(
    folder: Folder,
    since: Annotated[
        Path | None, typer.Option(help="An earlier backup: its files are linked, not copied.", file_okay=False)
    ] = None,
    without_lost_files: Annotated[
        bool, typer.Option("--without-lost-files", help="Documents' files are lost for good: back up what is there.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Write databases, register log and files into a new folder while everything runs. Keep it as safe as the office."""
    here, target = installed(data), folder.resolve()
    if target.exists() and any(target.iterdir()):
        fail(f"{target} is not empty; nothing was written.", "Name a new folder for each backup.")
    _keep_apart(target, here)
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    try:
        manifest = run(_backup(here, target, since.resolve() if since else None, may_lack_files=without_lost_files))
    except SystemExit:
        say("Stopped by a signal: what was written of the backup is taken away. Run the same again.")
        raise
    if json:
        print_json(_told(manifest))
    else:
        say(f"{_words(manifest)} are in {target}. `vanthu restore --check {target}` looks whether they stay so.")


def _keep_apart(target: Path, here: Installation) -> None:
    kept = here.settings(IntakeSettings).data_folder.resolve()
    if inside := next((each for each in (here.data, kept) if target.is_relative_to(each)), None):
        fail(
            f"{target} lies in {inside}, which it is to be a backup of; nothing was written.",
            "Name a folder on another disk: what takes the one should not take the other.",
        )


def _leave(number: int, frame: FrameType | None) -> None:
    """What is written so far holds papers in clear: it is taken away, and no second signal interrupts that."""
    for each in STOPS:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


async def _backup(here: Installation, target: Path, since: Path | None, *, may_lack_files: bool) -> Manifest:
    settings, intake = here.settings(ChassisSettings), here.settings(IntakeSettings)
    previous = previous_of(since) if since else None
    async with opened_all(settings, READERS_FIRST) as databases:
        folders = (intake.data_folder / "files", intake.data_folder / "register")
        with new_progress() as bar:
            source = Source(databases, settings.mongo_database_prefix, *folders, may_lack_files)
            return await dump(source, target, previous, steps(bar)("Rows and files"))


def restore(
    folder: Folder,
    check_only: Annotated[bool, typer.Option("--check", help="Only compare the backup with its hashes.")] = False,
    databases_only: Annotated[
        bool, typer.Option("--databases-only", help="Files and register log are here and newer: leave them alone.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Put a backup into an empty system whose services are stopped. Interrupted, run it again exactly as it was begun."""
    source = folder.resolve()
    manifest = run(_checked(source))
    if check_only:
        say(f"The backup is whole: {_words(manifest)}.")
        if json:
            print_json(_told(manifest))
        return
    confirm(f"Restore the backup of {manifest.at:%Y-%m-%d %H:%M} UTC?", yes)
    here = Installation(data.resolve())
    with servers(here) as given:
        done = run(_restore(source, manifest, here, given, databases_only=databases_only))
    if databases_only:
        say("The databases are restored. Run `vanthu recover` now: until then no service starts.")
        if json:
            print_json(_told(manifest))
    else:
        if not json:
            say(f"{_words(manifest)} are restored.")
        tell(done, json=json)
        say("Files of no document are kept until you run `vanthu recover` once more.")
    raise typer.Exit(1 if done.contradictions or done.missing_files else 0)


async def _checked(folder: Path) -> Manifest:
    manifest = read_manifest(folder)
    with new_progress() as bar:
        await asyncio.to_thread(check, folder, manifest, steps(bar)("Comparing hashes"))
    return manifest


async def _restore(
    folder: Path, manifest: Manifest, here: Installation, given: dict[str, object], *, databases_only: bool
) -> Recovered:
    async with at_rest(here, given) as ground:
        target = _target(ground, databases_only=databases_only)
        work = work_of(folder, manifest, target)
        loaded = await is_loaded(target, work)
        epoch = following(max(manifest.epoch, await ground.epoch()), datetime.now(UTC))
        with new_progress() as bar:
            if not loaded:
                await ground.begin(epoch, RESTORE, work)
                await load(folder, manifest, target, epoch, steps(bar)("Rows and files"))
            return Recovered() if databases_only else await recover(ground, steps(bar), sweep=False)


def _target(ground: Ground, *, databases_only: bool) -> Target:
    data = ground.intake.data_folder
    folders = (None, None) if databases_only else (data / "files", data / "register")
    return Target(ground.databases, *folders)


def _words(manifest: Manifest) -> str:
    rows = sum(each.rows for each in manifest.parts)
    lost = f" ({manifest.files_lost:,} more were lost before)" if manifest.files_lost else ""
    return f"{rows:,} rows as of {manifest.at:%Y-%m-%d %H:%M:%S} UTC and {manifest.files:,} files{lost}"


def _told(manifest: Manifest) -> dict[str, object]:
    told = manifest.model_dump(mode="json", exclude={"parts"})
    return {**told, "rows": sum(each.rows for each in manifest.parts)}
