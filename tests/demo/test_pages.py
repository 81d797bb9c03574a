"""The generated letters are real PDF files, each different."""

import re
import time
import zlib

from services.demo.pages import ALPHABET, Face, Pages
from services.demo.papers import Papers
from services.demo.plan import published
from services.demo.year import year

FACE = Face(
    "SỞ Y TẾ", "Số: 12/SYT-NV", "Hà Tĩnh, ngày 05 tháng 02 năm 2016", "phòng, chống dịch bệnh", "2016-in-000001"
)
LONG = Face("Ỷ" * 500, "Ỹ" * 500, "đ" * 500, "Ữ " * 500, "9" * 500)
PAGES = Pages()


def objects_of(file: bytes) -> dict[int, bytes]:
    """Follow the cross-reference table as a reader does; every offset must lead to its object."""
    table_at = int(re.search(rb"startxref\s+(\d+)\s+%%EOF", file).group(1))  # type: ignore[union-attr]
    lines = file[table_at:].splitlines()
    assert lines[0] == b"xref"
    count = int(lines[1].split()[1])
    found = {}
    for number, line in enumerate(lines[2 : 2 + count]):
        offset, _, state = line.split()
        if state == b"n":
            assert file[int(offset) :].startswith(b"%d 0 obj" % number)
            found[number] = file[int(offset) : file.index(b"endobj", int(offset))]
    return found


def streams_of(file: bytes) -> list[bytes]:
    """Every stream is exactly as long as it says."""
    found = []
    for content in objects_of(file).values():
        if b"\nstream\n" in content:
            head, _, body = content.partition(b"\nstream\n")
            length = int(re.search(rb"/Length (\d+)", head).group(1))  # type: ignore[union-attr]
            assert body[length:].strip() == b"endstream"
            found.append(zlib.decompress(body[:length]) if b"FlateDecode" in head else body[:length])
    return found


def test_a_page_is_a_sound_file_of_about_20_kilobytes() -> None:
    file = PAGES.page(FACE)
    assert file.startswith(b"%PDF-1.")
    assert 15_000 < len(file) < 25_000
    assert len(streams_of(file)) >= 3


def test_text_of_any_length_leaves_every_offset_right() -> None:
    assert len(PAGES.page(LONG)) == len(PAGES.page(FACE))
    assert streams_of(PAGES.page(LONG))


def test_pages_with_different_marks_differ_and_the_same_face_gives_the_same_bytes() -> None:
    other = Face(FACE.issuer, FACE.number, FACE.dated, FACE.subject, "2016-in-000002")
    assert PAGES.page(FACE) != PAGES.page(other)
    assert PAGES.page(FACE) == Pages().page(FACE)


def test_a_page_costs_well_under_a_millisecond() -> None:
    began = time.perf_counter()
    for _ in range(500):
        PAGES.page(FACE)
    assert (time.perf_counter() - began) / 500 < 0.001


def test_the_letters_of_the_whole_year_are_in_the_font_and_fit() -> None:
    papers = Papers(())
    for slot in year(published().counts):
        face = papers.paper(slot).face
        if face is None:
            continue
        assert set(face.issuer + face.number + face.dated + face.subject + face.mark) <= set(ALPHABET), face
        assert max(len(face.issuer) - 60, len(face.number) - 45, len(face.dated) - 46, len(face.subject) - 260) <= 0
