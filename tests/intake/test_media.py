"""Files are known by their first bytes."""

import io
import zipfile

import pytest

from services.intake.media import DOCX, XLSX, agrees, media_type_of


def office_file(folder: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/document.xml", "<w/>")
    return content.getvalue()


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.4\n", "application/pdf"),
        (b"II*\x00\x08", "image/tiff"),
        (b"MM\x00*\x00", "image/tiff"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>', "application/xml"),
        (office_file("word"), DOCX),
        (office_file("xl"), XLSX),
        (office_file("ppt"), None),
        (b"MZ\x90\x00", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_a_file_is_known_by_its_first_bytes(head: bytes, media_type: str | None) -> None:
    assert media_type_of(head) == media_type


def test_a_declared_type_must_be_the_files_own() -> None:
    assert agrees("application/pdf", "application/pdf")
    assert agrees("Text/XML; charset=utf-8", "application/xml")
    assert agrees("image/jpg", "image/jpeg")
    assert agrees("", "application/pdf")
    assert agrees("application/octet-stream", "application/pdf")
    assert not agrees("image/png", "application/pdf")
