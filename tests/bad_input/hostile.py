"""Files that mean harm, made here: bombs, polyglots, truncated ones, and names with every trick. Sizes stay small."""

import io
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass

from services.intake.media import DOCX, XLSX
from tests.intake.scanner import PDF

PDF_TYPE, PNG_TYPE, TIFF_TYPE, JPEG_TYPE, XML_TYPE = (
    "application/pdf",
    "image/png",
    "image/tiff",
    "image/jpeg",
    "application/xml",
)


@dataclass(frozen=True)
class File:
    """`kept` says whether it bears the signature of an accepted type and declares it: Vanthu opens no file."""

    content: bytes
    media_type: str
    kept: bool
    name: str = "scan.pdf"


def zipped(entries: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return whole.getvalue()


def streamed_zip(entries: dict[str, bytes]) -> bytes:
    """As programs write that do not know a size beforehand: it follows the entry."""

    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

    whole = Stream()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return whole.getvalue()


def encrypted(packed: bytes) -> bytes:
    """Every entry says that it is, in both of its headers."""
    result = bytearray(packed)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = packed.find(signature)
        while at >= 0:
            result[at + flags] |= 1
            at = packed.find(signature, at + 1)
    return bytes(result)


def zip_bomb(folder: str) -> bytes:
    """Unpacks to a thousand times its size, with names that would leave the folder, and another bomb inside."""
    zeros = b"\x00" * 20_000_000
    inner = zipped({"zeros": zeros})
    return zipped(
        {f"{folder}/document.xml": zeros, "../../etc/passwd": b"x", "C:\\autoexec.bat": b"x", "inner.zip": inner}
    )


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    text = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b"\x00" * 5_000_000))
    return b"\x89PNG\r\n\x1a\n" + header + text + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def tiff(width: int, height: int) -> bytes:
    """Its only directory names itself as the next one."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (273, 4, 1, 0xFFFFFFF0)]
    packed = b"".join(struct.pack("<HHII", *each) for each in entries)
    return b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + packed + struct.pack("<I", 8)


def jpeg(width: int, height: int) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc0\x00\x11" + frame + b"\xff\xd9"


def pdf_objects(*objects: bytes) -> bytes:
    numbered = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, each) for number, each in enumerate(objects, 1))
    return b"%PDF-1.7\n" + numbered + b"trailer << /Root 1 0 R >>\n%%EOF\n"


def pdf_stream(content: bytes) -> bytes:
    packed = zlib.compress(zlib.compress(content))
    return (
        b"<< /Filter [/FlateDecode /FlateDecode] /Type /ObjStm /N 99999999 /First 0 /Length %d >>\nstream\n%s\nendstream"
        % (
            len(packed),
            packed,
        )
    )


XML = b'<?xml version="1.0"?>\n'
LAUGHS = (
    XML
    + b"<!DOCTYPE l [<!ENTITY l0 'ha'>"
    + b"".join(b"<!ENTITY l%d '%s'>" % (number, b"&l%d;" % (number - 1) * 10) for number in range(1, 12))
    + b"]><l>&l11;</l>"
)
OUTSIDE = (
    XML + b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1/">%p;]><x>&e;</x>'
)

BOMBS = {
    "zip bomb as DOCX": File(zip_bomb("word"), DOCX, True),
    "zip bomb as XLSX": File(zip_bomb("xl"), XLSX, True),
    "zip that is no Office file": File(zipped({"a.txt": b"x"}), DOCX, False),
    "DOCX said to be XLSX": File(zip_bomb("word"), XLSX, False),
    "PDF with an endless object stream": File(pdf_objects(pdf_stream(b"\x00" * 20_000_000)), PDF_TYPE, True),
    "PDF whose pages are their own parents": File(
        pdf_objects(b"<< /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 1 0 R] /Parent 2 0 R /Count 9 >>"),
        PDF_TYPE,
        True,
    ),
    "PDF with JavaScript": File(
        pdf_objects(b"<< /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>"), PDF_TYPE, True
    ),
    "PDF that starts a program": File(
        pdf_objects(b"<< /OpenAction << /S /Launch /F (cmd.exe) >> /Names << /EmbeddedFiles 2 0 R >> >>"),
        PDF_TYPE,
        True,
    ),
    "PNG of 4 billion pixels a side": File(png(2**32 - 1, 2**32 - 1), PNG_TYPE, True),
    "TIFF that never ends": File(tiff(2**32 - 1, 2**32 - 1), TIFF_TYPE, True),
    "JPEG of the largest size": File(jpeg(65_535, 65_535), JPEG_TYPE, True),
    "XML of a billion laughs": File(LAUGHS, XML_TYPE, True),
    "XML that asks for other files": File(OUTSIDE, XML_TYPE, True),
}
CONTENT_TYPES = {"[Content_Types].xml": b"<Types/>", "_rels/.rels": b"<Relationships/>"}
OFFICE = {
    "DOCX as Word writes it": File(zipped({**CONTENT_TYPES, "word/document.xml": b"<w/>"}), DOCX, True),
    "XLSX that lists its types last": File(zipped({"xl/workbook.xml": b"<x/>", **CONTENT_TYPES}), XLSX, True),
    "DOCX of a program that writes sizes behind": File(
        streamed_zip({**CONTENT_TYPES, "docProps/app.xml": b"PK\x03\x04" * 50, "word/document.xml": b"<w/>"}),
        DOCX,
        True,
    ),
    "ZIP with a folder that ends as Word's": File(zipped({"password/x.exe": b"MZ"}), DOCX, False),
    "ZIP with Word's folder deep inside": File(zipped({"a/word/document.xml": b"<w/>"}), DOCX, False),
    "ZIP that speaks of Word's folder": File(zipped({"a.txt": zlib.compress(b"", 0) + b"word/xl/"}), DOCX, False),
    "ZIP that holds a DOCX": File(
        streamed_zip({"a.zip": zipped({"word/document.xml": b"<w/>"}), "b": b"x"}), DOCX, False
    ),
    "JAR whose folder ends as Excel's": File(
        zipped({"META-INF/MANIFEST.MF": b"Main-Class: a", "a/pixl/b.class": b"\xca\xfe\xba\xbe"}), XLSX, False
    ),
    "DOCX and XLSX at once": File(zipped({"word/document.xml": b"<w/>", "xl/workbook.xml": b"<x/>"}), DOCX, False),
    "XLSX and DOCX at once": File(zipped({"xl/workbook.xml": b"<x/>", "word/document.xml": b"<w/>"}), XLSX, False),
    "DOCM": File(
        zipped({**CONTENT_TYPES, "word/document.xml": b"<w/>", "word/vbaProject.bin": b"\xd0\xcf\x11\xe0"}),
        "application/vnd.ms-word.document.macroEnabled.12",
        False,
    ),
    "DOCM said to be DOCX": File(
        zipped({**CONTENT_TYPES, "word/document.xml": b"<w/>", "word/VbaProject.BIN": b"\xd0\xcf\x11\xe0"}), DOCX, False
    ),
    "XLSM said to be XLSX": File(
        zipped({**CONTENT_TYPES, "xl/workbook.xml": b"<x/>", "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"}), XLSX, False
    ),
    "encrypted ZIP as DOCX": File(encrypted(zipped({"word/document.xml": b"<w/>"})), DOCX, False),
    "names in no real UTF-8": File(
        zipped({"wor__/document.xml": b"<w/>"}).replace(b"wor__/", b"wor\xc1\xa4"), DOCX, False
    ),
    "names with a slash in two bytes": File(
        zipped({"word__document.xml": b"<w/>"}).replace(b"word__", b"word\xc0\xaf"), DOCX, False
    ),
    "names with a full-width slash": File(zipped({"word\uff0fdocument.xml": b"<w/>"}), DOCX, False),
    "XML with a byte order mark": File(b"\xef\xbb\xbf" + XML + b"<x/>", XML_TYPE, True),
    "XML in UTF-16": File('<?xml version="1.0" encoding="UTF-16"?><x/>'.encode("utf-16"), XML_TYPE, True),
    "XML in UTF-16, turned around": File(b"\xfe\xff" + '<?xml version="1.0"?><x/>'.encode("utf-16-be"), XML_TYPE, True),
    "XML in UTF-16 without a mark": File('<?xml version="1.0"?><x/>'.encode("utf-16-le"), XML_TYPE, False),
    "HTML in UTF-16": File("<html><script>alert(1)</script>".encode("utf-16"), XML_TYPE, False),
}
POLYGLOTS = {
    "PDF and ZIP": File(PDF + zipped({"word/document.xml": b"x"}), PDF_TYPE, True),
    "ZIP and PDF": File(zipped({"word/document.xml": b"x"}) + PDF, PDF_TYPE, False),
    "GIF and script": File(b"GIF89a/*" + b"\x00" * 20 + b"*/=1;alert(1)//", "image/gif", False),
    "GIF and script as JPEG": File(b"GIF89a/*" + b"\x00" * 20 + b"*/=1;alert(1)//", JPEG_TYPE, False),
    "JPEG and HTML": File(jpeg(1, 1)[:-2] + b"\xff\xfe<script>alert(1)</script>\xff\xd9", JPEG_TYPE, True),
    "PDF and HTML": File(PDF + b"<html><script>alert(1)</script></html>", PDF_TYPE, True),
    "PDF behind other bytes": File(b"\n" * 1000 + PDF, PDF_TYPE, False),
    "PDF behind a byte order mark": File(b"\xef\xbb\xbf" + PDF, PDF_TYPE, False),
    "XHTML with a script": File(
        XML + b"<html xmlns='http://www.w3.org/1999/xhtml'><script>1</script></html>", XML_TYPE, True
    ),
}
PROGRAMS = {
    "Windows program": b"MZ\x90\x00" + b"\x00" * 200,
    "Linux program": b"\x7fELF\x02\x01\x01" + b"\x00" * 200,
    "shell script": b"#!/bin/sh\nrm -rf /\n",
    "HTML": b"<!DOCTYPE html><script>alert(1)</script>",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "RTF": b"{\\rtf1{\\object\\objdata}}",
    "old Office file with macros": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500,
    "shortcut": b"L\x00\x00\x00\x01\x14\x02\x00",
    "zero bytes": b"\x00" * 100_000,
    "one byte": b"%",
    "nothing": b"",
    "spaces": b" " * 5000,
    "half a signature": b"%PDF",
    "gzip": zlib.compress(b"\x00" * 1_000_000, wbits=31),
}
REFUSED_PROGRAMS = {
    f"{name} as {declared}": File(content, declared, False)
    for name, content in PROGRAMS.items()
    for declared in (PDF_TYPE, "application/octet-stream", "text/html")
}
WHOLE = {
    PDF_TYPE: PDF * 3,
    PNG_TYPE: png(1, 1),
    TIFF_TYPE: tiff(1, 1) + b"\x00" * 100,
    JPEG_TYPE: jpeg(1, 1)[:-2] + b"\xff\xfe\x00\x52" + b"c" * 80 + b"\xff\xd9",
    DOCX: zipped({"word/document.xml": b"<x/>" * 50}),
    XLSX: zipped({"xl/workbook.xml": b"<x/>" * 50}),
    XML_TYPE: XML + b"<x>" + b"y" * 100 + b"</x>",
}
LEAST_WHOLE_BYTES = 100
TRUNCATED = {
    f"{media_type} cut in the middle": File(whole[: len(whole) // 2], media_type, True)
    for media_type, whole in WHOLE.items()
} | {f"{media_type} cut in its signature": File(whole[:2], media_type, False) for media_type, whole in WHOLE.items()}
MISDECLARED = {
    f"{found} said to be {said}": File(whole, said, False)
    for found, whole in WHOLE.items()
    for said in (*WHOLE, "text/plain", "application/pdf\x00", "a" * 3000)
    if said != found
}
CORPUS: dict[str, File] = {**BOMBS, **OFFICE, **POLYGLOTS, **REFUSED_PROGRAMS, **TRUNCATED, **MISDECLARED}

NAMES = {
    "the folder above": "../../../../etc/passwd",
    "the folder above in Windows": "..\\..\\windows\\system32\\cmd.exe",
    "an absolute path": "/etc/shadow",
    "a drive": "C:\\boot.ini",
    "a share": "\\\\host\\share\\x.pdf",
    "percent signs": "..%2f..%2fetc%2fpasswd%00.pdf",
    "a device": "CON",
    "another device": "aux.pdf",
    "a stream": "scan.pdf::$DATA",
    "turned around": "scan\u202efdp.exe",
    "zero width": "scan\u200b\ufeff.pdf",
    "ten thousand letters": "a" * 10_000 + ".pdf",
    "quotes": 'scan".pdf"; filename="b.exe',
    "single quotes": "'; DROP TABLE documents; --.pdf",
    "a shell's words": "$(reboot)`reboot`|reboot&.pdf",
    "markup": "<img src=x onerror=alert(1)>.pdf",
    "an emoji": "📄🇻🇳👩‍👩‍👧.pdf",
    "decomposed Vietnamese": unicodedata.normalize("NFD", "Quyết định về đất đai.pdf"),
    "only dots": "..",
    "only spaces": "   ",
    "nothing": "",
    "ends with a dot": "scan.pdf.",
    "a key of MongoDB": "$where.pdf",
    "format signs": "%s%n{0}{self.__class__}.pdf",
    "line separators": "a\u2028b\u0085c.pdf",
    "full-width slashes": "..\uff0f..\uff0fetc\uff0fpasswd.pdf",
    "a slash that only looks like one": "..\u2215..\u2044passwd.pdf",
}
REFUSED = "refused"
KEPT = "kept"
RAW_NAMES = {
    "a zero byte": (b"scan\x00.pdf", KEPT),
    "a new line": (b"scan\r\nX-Injected: yes\r\n.pdf", REFUSED),
    "a bare new line": (b"scan\n.pdf", KEPT),
    "no UTF-8": (b"scan\xff\xfe.pdf", REFUSED),
    "half a surrogate": (b"scan\xed\xa0\x80.pdf", REFUSED),
    "a slash in two bytes": (b"..\xc0\xaf..\xc0\xafpasswd", REFUSED),
    "a slash in three bytes": (b"..\xe0\x80\xaf..\xe0\x80\xafpasswd", REFUSED),
    "an open quote": (b'scan.pdf"', KEPT),
    "a backslash at the end": (b"scan\\", KEPT),
    "control characters": (bytes(range(1, 9)) + b".pdf", KEPT),
}
_FILE = b'Content-Disposition: form-data; name="file"'
HEADERS = {
    "two names of the part": (b'Content-Disposition: form-data; name="file"; name="metadata"; filename="a.pdf"', 400),
    "a name of the part without quotes": (b'Content-Disposition: form-data; name=file; filename="b.pdf"', 201),
    "no file name": (_FILE, 201),
    "two file names": (_FILE + b'; filename="a.pdf"; filename="b.pdf"', 201),
    "two file names, the first with a mark": (_FILE + '; filename="(Mật).pdf"; filename="b.pdf"'.encode(), 422),
    "a file name in percent signs": (_FILE + b"; filename*=UTF-8''..%2f..%2fa.pdf; filename=\"b.pdf\"", 201),
    "a mark in percent signs": (_FILE + b"; filename*=UTF-8''%28M%E1%BA%ADt%29.pdf; filename=\"b.pdf\"", 422),
    "a mark in percent signs only": (_FILE + b"; FileName*=UTF-8'vi'%28M%E1%BA%ADt%29.pdf", 422),
    "a type without end": (_FILE + b'\r\nContent-Type: application/pdf; charset="' + b"x" * 4000, 201),
    "a hundred headers": (_FILE + b"\r\n" + b"X: y\r\n" * 99 + b"X: y", 400),
}
