"""Files that mean harm are refused with nothing kept, or kept byte for byte: Vanthu opens none of them."""

import tracemalloc
from typing import Any

import httpx
import pytest

from tests.bad_input.hostile import CORPUS, HEADERS, KEPT, LEAST_WHOLE_BYTES, NAMES, RAW_NAMES, TRUNCATED, WHOLE, File
from tests.harness import as_bearer
from tests.intake.conftest import *  # noqa: F403 - its fixtures are this module's
from tests.intake.conftest import Running
from tests.intake.scanner import PDF, pdf
from tests.offices import token

MOST_GROWTH_BYTES = 8_000_000
LONGEST_NAME = 4000
BOUNDARY = "multipart/form-data; boundary=edge"
PROBLEM_FIELDS = {"type", "title", "status", "detail", "remedy"}


async def is_refused(intake: Running, answer: httpx.Response, case: str) -> None:
    problem = answer.json()
    assert 400 <= answer.status_code < 500, (case, problem)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem.keys() >= PROBLEM_FIELDS, (case, problem)


async def is_kept(intake: Running, answer: httpx.Response, content: bytes, case: str) -> None:
    assert answer.status_code == 201, (case, answer.text)
    told = answer.json()
    served = await intake.client.get(f"{answer.headers['location']}/file", headers=as_bearer(token("clerk")))
    assert served.content == content, case
    assert served.headers["content-disposition"].startswith("attachment; filename="), case
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in served.headers["content-security-policy"]
    assert served.headers["content-type"] == told["media_type"]


async def test_each_hostile_file_is_kept_as_it_is_or_refused_with_what_to_do(intake: Running) -> None:
    expected = 0
    for case, file in CORPUS.items():
        answer = await intake.scanner.post({}, file.content, media_type=file.media_type, name=file.name)
        if file.kept:
            expected += 1
            await is_kept(intake, answer, file.content, case)
            assert answer.json()["number"] == expected, case
        else:
            await is_refused(intake, answer, case)
            assert answer.json()["field"] == "/file", (case, answer.text)
        assert len(intake.files) == expected, case
    assert expected >= 20
    assert await intake.database["documents"].count_documents({}) == expected
    assert await intake.scanner.number("the next good document") == expected + 1


async def test_no_name_leads_out_of_the_store_or_into_an_answer(intake: Running) -> None:
    kept = {case: name for case, name in NAMES.items() if len(name) < LONGEST_NAME}
    for number, (case, name) in enumerate(kept.items(), 1):
        content = pdf(case)
        answer = await intake.scanner.post({}, content, name=name)
        await is_kept(intake, answer, content, case)
        assert answer.json()["number"] == number
        assert all(name not in value for value in answer.headers.values() if len(name) > 3), case
    store = intake.settings.data_folder / "files"
    assert len(intake.files) == len(kept) >= 20
    assert all(path.is_relative_to(store) and path.name.isascii() for path in intake.files)


async def test_a_name_without_end_is_refused_with_the_field(intake: Running) -> None:
    answer = await intake.scanner.post({}, PDF, name=NAMES["ten thousand letters"])
    await is_refused(intake, answer, "name")
    assert (answer.json()["field"], answer.json()["type"]) == ("/file", "urn:vanthu:problem:header-too-large")
    assert intake.files == []
    assert await intake.scanner.number("the next good document") == 1


async def test_names_of_bytes_that_are_no_name_are_refused_or_forgotten(intake: Running) -> None:
    kept = 0
    for case, (name, verdict) in RAW_NAMES.items():
        answer = await intake.scanner.post_body(body_named(name), BOUNDARY)
        assert answer.status_code == (201 if verdict == KEPT else 400), (case, answer.text)
        if verdict == KEPT:
            kept += 1
            await is_kept(intake, answer, PDF, case)
        else:
            await is_refused(intake, answer, case)
        assert len(intake.files) == kept, case
        assert "x-injected" not in answer.headers
    assert await intake.scanner.number("the next good document") == kept + 1


def body_named(name: bytes) -> bytes:
    metadata = b'--edge\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{}\r\n'
    file = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n' + PDF
    return metadata + file + b"\r\n--edge--\r\n"


@pytest.mark.parametrize(("trick", "status"), HEADERS.values(), ids=HEADERS)
async def test_header_tricks_of_a_part_are_refused_or_change_nothing(
    intake: Running, trick: bytes, status: int
) -> None:
    metadata = b'--edge\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{}\r\n'
    body = metadata + b"--edge\r\n" + trick + b"\r\n\r\n" + PDF + b"\r\n--edge--\r\n"
    answer = await intake.scanner.post_body(body, BOUNDARY)
    assert answer.status_code == status, answer.text
    if status == 201:
        await is_kept(intake, answer, PDF, trick.decode())
    else:
        await is_refused(intake, answer, trick.decode())
        assert intake.files == []
    assert await intake.scanner.number("the next good document") == (2 if status == 201 else 1)


async def test_memory_stays_flat_over_the_whole_corpus(intake: Running) -> None:
    """A bomb that was unpacked anywhere would take 20 MB and more."""

    async def post_all() -> None:
        for file in CORPUS.values():
            answer: Any = await intake.scanner.post({}, file.content, media_type=file.media_type)
            assert answer.status_code < 500

    await post_all()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await post_all()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < MOST_GROWTH_BYTES
    assert peak - before < MOST_GROWTH_BYTES


def test_the_corpus_has_files_that_are_kept_and_files_that_are_not() -> None:
    kept = [file for file in CORPUS.values() if file.kept]
    assert len(CORPUS) > 100
    assert len(kept) >= 20
    assert all(isinstance(file, File) and len(file.content) < 1_000_000 for file in CORPUS.values())


def test_what_is_cut_lacks_something() -> None:
    for media_type, whole in WHOLE.items():
        assert len(whole) >= LEAST_WHOLE_BYTES, media_type
        for where in ("in the middle", "in its signature"):
            assert 0 < len(TRUNCATED[f"{media_type} cut {where}"].content) < len(whole)
