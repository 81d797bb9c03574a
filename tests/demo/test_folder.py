"""The demo touches no folder but its own, and finds an interrupted demo again."""

import stat
from pathlib import Path

import pytest

from services.demo.failure import DemoFailure
from services.demo.folder import DemoFolder, Marker, opened
from services.demo.options import DemoOptions

SIZES = range(17, 46_356)


def ignore(message: str) -> None:
    return


def begun(path: Path, documents: int | None = 500) -> Marker:
    folder = DemoFolder(path).claim()
    try:
        marker, resumed = opened(DemoOptions(documents, path), SIZES, folder, ignore)
        assert not resumed
        return marker
    finally:
        folder.release()


def test_an_empty_or_missing_folder_becomes_the_demos_own(tmp_path: Path) -> None:
    assert begun(tmp_path / "new" / "demo").documents == 500
    assert begun(tmp_path / "empty", documents=None).documents == 46_355
    assert begun(tmp_path / "few", documents=3).documents == 17


def test_a_folder_with_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(DemoFailure, match=r"thesis\.docx"):
        DemoFolder(tmp_path).claim()
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.docx"]


def test_an_installation_that_is_no_demo_is_refused(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    with pytest.raises(DemoFailure):
        DemoFolder(tmp_path).claim()
    assert (tmp_path / "files").is_dir()


def test_even_a_demos_folder_is_refused_once_something_else_lies_in_it(tmp_path: Path) -> None:
    begun(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DemoFailure, match=r"notes\.txt"):
        DemoFolder(tmp_path).claim()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_new_demo_empties_the_earlier_one_and_says_so(tmp_path: Path) -> None:
    first = begun(tmp_path)
    (tmp_path / "files" / "vpubnd").mkdir(parents=True)
    elsewhere = tmp_path.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    (tmp_path / "logs").symlink_to(elsewhere)
    said: list[str] = []
    folder = DemoFolder(tmp_path).claim()
    second, resumed = opened(DemoOptions(60, tmp_path), SIZES, folder, said.append)
    folder.release()
    assert not resumed
    assert second != first
    assert len(said) == 1
    assert {each.name for each in tmp_path.iterdir()} == {"demo"}
    assert (elsewhere / "kept").read_text() == "kept"


def test_an_interrupted_demo_goes_on_as_it_was(tmp_path: Path) -> None:
    first = begun(tmp_path)
    (tmp_path / "files").mkdir()
    folder = DemoFolder(tmp_path).claim()
    assert opened(DemoOptions(None, tmp_path, resume=True), SIZES, folder, ignore) == (first, True)
    assert opened(DemoOptions(500, tmp_path, resume=True), SIZES, folder, ignore) == (first, True)
    with pytest.raises(DemoFailure):
        opened(DemoOptions(600, tmp_path, resume=True), SIZES, folder, ignore)
    assert (tmp_path / "files").is_dir()
    folder.release()


def test_two_demos_never_share_a_folder(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path).claim()
    with pytest.raises(DemoFailure):
        DemoFolder(tmp_path).claim()
    folder.release()


def test_what_is_kept_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path).claim()
    folder.keep("keys.json", {"scan-1": "k1.secret"})
    assert stat.S_IMODE((folder.own / "keys.json").stat().st_mode) == 0o600
    assert folder.recall("keys.json") == {"scan-1": "k1.secret"}
    assert folder.recall("nothing.json") == {}
    folder.release()
