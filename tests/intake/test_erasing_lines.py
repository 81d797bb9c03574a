"""Words of an erased document leave every register log, whoever holds it, and no writer brings them back."""

import fcntl
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.intake import erasure_list
from services.intake.erasure_list import erased_ids, obey_where_nobody_writes, order
from services.intake.register_log import RegisterLog, entries, highest_numbers

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def line(id: str, number: int = 1) -> dict[str, Any]:
    place = {"office": "hatinh", "book": "incoming", "year": 2026, "number": number, "direction": "incoming"}
    said = {"subject": f"CANARY of {id}", "fingerprint": "f", "sha256": "a" * 64, "status": "registered", "version": 1}
    sender = {"device": "scan-1", "idempotency_key": "k", "received_at": NOW.isoformat()}
    return {"id": id, **place, **sender, **said}


def words_in(folder: Path) -> str:
    return "".join(path.read_text() for path in sorted(folder.iterdir()))


async def test_a_running_writer_takes_the_words_out_of_its_own_file_and_writes_on(tmp_path: Path) -> None:
    log = RegisterLog(tmp_path)
    await log.append([line("a"), line("b", 2)])
    order(tmp_path, "a", NOW)
    assert obey_where_nobody_writes(tmp_path) != [], "the writer holds it and has not obeyed yet"
    await log.obey_erasures()
    assert obey_where_nobody_writes(tmp_path) == []
    await log.append([line("c", 3)])
    assert "CANARY of a" not in words_in(tmp_path)
    assert [each["id"] for each in entries(tmp_path)] == ["a", "b", "c"]
    assert highest_numbers(tmp_path) == {("hatinh", "incoming", 2026): 3}
    log.close()


async def test_a_line_that_comes_late_is_written_without_its_words(tmp_path: Path) -> None:
    log = RegisterLog(tmp_path)
    await log.append([line("a")])
    order(tmp_path, "a", NOW)
    await log.append([line("a")])
    other = RegisterLog(tmp_path)
    await other.append([line("a")])
    assert "CANARY" not in words_in(tmp_path)
    log.close()
    other.close()


async def test_a_file_that_nobody_holds_is_rewritten_with_its_torn_lines_gone(tmp_path: Path) -> None:
    log = RegisterLog(tmp_path)
    await log.append([line("a"), line("b", 2)])
    log.close()
    (path,) = tmp_path.glob("*.jsonl")
    with path.open("ab") as file:
        file.write(json.dumps(line("a")).encode()[:-9])
    order(tmp_path, "a", NOW)
    assert obey_where_nobody_writes(tmp_path) == []
    assert "CANARY of a" not in words_in(tmp_path)
    kept = {each["id"]: each for each in entries(tmp_path)}
    assert kept["b"] == line("b", 2)
    left = {name: value for name, value in line("a").items() if name not in {"subject", "fingerprint"}}
    assert kept["a"] == left | {"status": "voided", "void_reason": "secrecy", "sha256": None}


async def test_a_writer_that_waited_for_a_file_that_was_replaced_takes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its opening and its lock the eraser may put a new file in the place: what it wrote would be lost."""
    first = RegisterLog(tmp_path)
    await first.append([line("a")])
    first.close()
    order(tmp_path, "a", NOW)
    real = fcntl.flock
    struck: list[int] = []
    third = RegisterLog(tmp_path)

    def flock_after_the_eraser(descriptor: int, how: int) -> None:
        if not struck:
            struck.append(descriptor)
            assert obey_where_nobody_writes(tmp_path) == []
            third._append([line("b", 2)])
        real(descriptor, how)

    monkeypatch.setattr("services.intake.register_log.fcntl.flock", flock_after_the_eraser)
    second = RegisterLog(tmp_path)
    await second.append([line("c", 3)])
    await third.append([line("d", 4)])
    assert struck
    assert {each["id"] for each in entries(tmp_path)} == {"a", "b", "c", "d"}
    second.close()
    third.close()


def test_the_list_keeps_each_id_once_and_says_when(tmp_path: Path) -> None:
    assert erased_ids(tmp_path) == {}
    for _ in range(2):
        order(tmp_path, "a", NOW)
    order(tmp_path, "b", NOW)
    assert erased_ids(tmp_path) == {"a": NOW, "b": NOW}
    text = (tmp_path / erasure_list.NAME).read_text()
    assert text.count('"a"') == 1


async def test_a_torn_line_of_the_list_hides_none_of_the_others(tmp_path: Path) -> None:
    order(tmp_path, "a", NOW)
    with (tmp_path / erasure_list.NAME).open("ab") as file:
        file.write(b'{"id":"b","a')
    order(tmp_path, "c", NOW)
    assert set(erased_ids(tmp_path)) == {"a", "c"}


async def test_the_highest_number_is_that_of_any_line_also_of_a_contradictory_one(tmp_path: Path) -> None:
    log = RegisterLog(tmp_path)
    await log.append([line("a", 7), line("b", 8), line("a", 9)])
    log.close()
    assert highest_numbers(tmp_path) == {("hatinh", "incoming", 2026): 9}


async def test_after_a_shorter_list_was_restored_every_later_erasure_is_obeyed(tmp_path: Path) -> None:
    """Two lists may be as long as each other, and name others: the log that obeyed one has not obeyed the other."""
    log = RegisterLog(tmp_path)
    await log.append([line("a", 1), line("b", 2), line("c", 3)])
    order(tmp_path, "a", NOW)
    backup = (tmp_path / erasure_list.NAME).read_bytes()
    order(tmp_path, "b", NOW)
    await log.obey_erasures()
    log.close()
    (tmp_path / erasure_list.NAME).write_bytes(backup)
    order(tmp_path, "c", NOW)
    assert obey_where_nobody_writes(tmp_path) == []
    assert "CANARY" not in words_in(tmp_path)


async def test_a_writer_that_finds_a_shorter_list_than_its_log_obeyed_obeys_it(tmp_path: Path) -> None:
    log = RegisterLog(tmp_path)
    await log.append([line("a", 1), line("b", 2)])
    for id in ("x", "y"):
        order(tmp_path, id, NOW)
    await log.obey_erasures()
    (tmp_path / erasure_list.NAME).unlink()
    order(tmp_path, "a", NOW)
    assert obey_where_nobody_writes(tmp_path) != []
    await log.obey_erasures()
    assert obey_where_nobody_writes(tmp_path) == []
    assert "CANARY of a" not in words_in(tmp_path)
    log.close()


async def test_a_long_log_is_looked_at_and_rewritten_in_little_memory(tmp_path: Path) -> None:
    log = RegisterLog(tmp_path)
    await log.append([line("a", 1)])
    log.close()
    (path,) = tmp_path.glob("*.jsonl")
    with path.open("ab") as file:
        for number in range(2, 60_000):
            file.write(json.dumps(line(f"b{number}", number)).encode() + b"\n")
    assert path.stat().st_size > 15_000_000
    order(tmp_path, "a", NOW)
    tracemalloc.start()
    try:
        assert obey_where_nobody_writes(tmp_path) == []
        _, rewriting = tracemalloc.get_traced_memory()
        assert len(list(zip(range(10), entries(tmp_path), strict=False))) == 10
        tracemalloc.reset_peak()
        assert obey_where_nobody_writes(tmp_path) == []
        assert highest_numbers(tmp_path) == {("hatinh", "incoming", 2026): 59_999}
        _, looking = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rewriting < 4_000_000
    assert looking < 2_000_000
    assert "CANARY of a" not in words_in(tmp_path)
