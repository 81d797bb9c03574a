"""The bytes of a state secret may lie about under other names: after a crash, half received, thrown away."""

from pathlib import Path

import pytest

from services.intake.files import LocalFiles, take_away

SECRET = b"%PDF-1.7 " + bytes(range(256)) * 9000  # longer than one piece of a comparison
ID = "01945c2e-7a10-7c3b-9d57-3f0b6a4c1e11"


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    """A store that has the secret under its document's id."""
    result = LocalFiles(tmp_path / "files", 1)
    put(result.path_of("hatinh", ID), SECRET)
    return result


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_same_bytes_are_found_under_any_name_also_half_received_and_in_the_trash(files: LocalFiles) -> None:
    whole = put(files.path_of("hatinh", "other"), SECRET)
    half = put(files.folder / "nghean" / "ff" / "half.part", SECRET[: len(SECRET) // 2])
    thrown = put(files.trash / "hatinh" / "11" / "thrown", SECRET)
    assert set(files.with_bytes_of("hatinh", ID)) == {whole, half, thrown}


def test_other_bytes_stay_alone_though_they_are_as_many_or_begin_alike(files: LocalFiles) -> None:
    put(files.path_of("hatinh", "as-many"), SECRET[:-1] + b"x")
    put(files.path_of("hatinh", "shorter"), SECRET[:-1])
    put(files.path_of("hatinh", "longer.part"), SECRET + b"x")
    put(files.path_of("hatinh", "nothing-yet.part"), b"")
    assert list(files.with_bytes_of("hatinh", ID)) == []


def test_its_own_places_are_not_others(files: LocalFiles) -> None:
    own = files.path_of("hatinh", ID)
    put(own.with_name(f"{ID}.part"), SECRET[:100])
    put(files.trash / own.relative_to(files.folder), SECRET)
    assert list(files.with_bytes_of("hatinh", ID)) == []
    assert files.destroy("hatinh", ID) == 3
    assert not [each for each in files.folder.parent.rglob("*") if each.is_file()]


def test_without_its_own_file_nothing_is_taken_for_it(files: LocalFiles) -> None:
    put(files.path_of("hatinh", "other"), SECRET)
    files.destroy("hatinh", ID)
    assert list(files.with_bytes_of("hatinh", ID)) == []


def test_what_is_taken_away_twice_was_there_once(tmp_path: Path) -> None:
    path = put(tmp_path / "a" / "b", SECRET)
    assert [take_away(path), take_away(path)] == [True, False]
