"""What root writes for a service belongs to the service."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.chassis.owned import ForeignFolder, check_owner
from services.intake.erasure_list import NAME, obey_where_nobody_writes, order
from services.intake.files import make_folder
from services.intake.register_log import RegisterLog

SOMEBODY = 64_123
NOW = datetime(2026, 1, 5, tzinfo=UTC)


class Root:
    """Of a system where the folder is somebody's. Only root may really give a file away, so what it gives is noted."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.given: dict[str, int] = {}
        real = Path.stat

        def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
            found = list(real(path, follow_symlinks=follow_symlinks))
            found[4] = found[5] = SOMEBODY if path == folder else found[4]
            return os.stat_result(found)

        patch.setattr(Path, "stat", stat)
        patch.setattr(os, "geteuid", lambda: 0)
        patch.setattr(os, "fchown", self._give)

    def _give(self, descriptor: int, user: int, group: int) -> None:
        assert user == group
        self.given[Path(f"/proc/self/fd/{descriptor}").readlink().name] = user


async def test_what_root_adds_to_the_register_folder_belongs_to_the_folders_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "register"
    folder.mkdir()
    root = Root(folder, monkeypatch)
    log = RegisterLog(folder)
    await log.append([{"id": "a"}])
    log.close()
    (path,) = folder.glob("*.jsonl")
    order(folder, "a", NOW)
    assert obey_where_nobody_writes(folder) == []
    make_folder(str(folder / "below"), set())
    assert root.given == dict.fromkeys([path.name, f".{path.name}.new", NAME, "below"], SOMEBODY)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away; the test above needs no rights")
def test_the_owner_can_write_on_in_what_root_has_made(tmp_path: Path) -> None:
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    order(tmp_path, "a", NOW)
    made = (tmp_path / NAME).stat()
    assert (made.st_uid, made.st_gid, made.st_mode & 0o777) == (SOMEBODY, SOMEBODY, 0o640)


def test_a_command_of_another_user_is_refused_and_told_as_whom_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = tmp_path.stat().st_uid
    check_owner(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(ForeignFolder, match=f"sudo -u '#{owner}'"):
        check_owner(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    check_owner(tmp_path)
