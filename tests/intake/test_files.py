"""What the file store does to the disk."""

import os
import stat
from pathlib import Path

import pytest

from services.intake.files import LocalFiles, make_folder
from tests.offices import HA_TINH

ID = "0197a1b2-0000-7000-8000-0000000000b3"


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that were synced, in order."""
    found, original = list[str](), os.fsync

    def noting(descriptor: int) -> None:
        original(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            found.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", noting)
    return found


async def test_a_file_is_kept_only_when_the_name_of_a_folder_that_somebody_else_has_just_made_is_on_the_disk(
    tmp_path: Path, synced: list[str]
) -> None:
    """Whoever made it may be killed before it syncs, and the power may go after the answer."""
    files = LocalFiles(tmp_path / "files", threads=1)
    files.check()
    shard = files.path_of(HA_TINH, ID).parent
    shard.mkdir(parents=True)
    synced.clear()
    draft = files.begin(HA_TINH, ID)
    await draft.write(b"%PDF-1.7")
    await draft.keep(lambda _: None)
    assert synced == [str(shard.parent), str(shard)]
    draft.let_go(clear=True)
    files.close()


def test_folders_that_are_missing_are_synced_from_the_outermost_inwards_and_each_only_once(
    tmp_path: Path, synced: list[str]
) -> None:
    made = set[str]()
    make_folder(str(tmp_path / "a" / "b" / "c"), made)
    make_folder(str(tmp_path / "a" / "b" / "c"), made)
    make_folder(str(tmp_path / "a" / "b" / "d"), made)
    assert synced == [str(each) for each in (tmp_path.parent, tmp_path, tmp_path / "a", *[tmp_path / "a" / "b"] * 2)]


def test_a_folder_inside_one_that_this_process_may_not_read_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = os.open

    def guarded(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if Path(path) == tmp_path.parent:
            raise PermissionError(path)
        return original(path, flags, mode)

    monkeypatch.setattr(os, "open", guarded)
    made = set[str]()
    make_folder(str(tmp_path / "files"), made)
    assert (tmp_path / "files").is_dir()
    assert made == {str(tmp_path), str(tmp_path / "files")}
