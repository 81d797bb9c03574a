"""Which kinds of files are accepted, told by their first bytes and not by what the sender says."""

from services.intake.zip_entries import SIGNATURE as _ZIP
from services.intake.zip_entries import entries_of

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXTENSIONS = {
    "application/pdf": "pdf",
    "image/tiff": "tif",
    "image/jpeg": "jpg",
    "image/png": "png",
    DOCX: "docx",
    XLSX: "xlsx",
    "application/xml": "xml",
}
HEAD_BYTES = 64 * 1024  # an Office file's first entry in its own folder begins within

_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"<?xml", "application/xml"),
    (b"\xef\xbb\xbf<?xml", "application/xml"),
    (b"\xff\xfe<\x00?\x00x\x00", "application/xml"),
    (b"\xfe\xff\x00<\x00?\x00x", "application/xml"),
)
_FOLDERS = {b"word/": DOCX, b"xl/": XLSX}
_MACROS = b"vbaproject.bin"
_ALIASES = {
    "application/x-pdf": "application/pdf",
    "image/jpg": "image/jpeg",
    "image/tif": "image/tiff",
    "text/xml": "application/xml",
}
_UNDECLARED = frozenset({"", "application/octet-stream"})


def media_type_of(head: bytes) -> str | None:
    """The accepted type whose signature the first bytes bear, or None."""
    if head.startswith(_ZIP):
        return _office_type(head)
    return next((media_type for signature, media_type in _SIGNATURES if head.startswith(signature)), None)


def agrees(declared: str, found: str) -> bool:
    """Whether the declared content type names what was found; no type and `octet-stream` declare nothing."""
    declared = declared.partition(";")[0].strip().lower()
    return declared in _UNDECLARED or _ALIASES.get(declared, declared) == found


def _office_type(head: bytes) -> str | None:
    """By its folder. Files with macros are of types of their own, which are not accepted; nor is what is encrypted."""
    entries = list(entries_of(head))
    if any(each.encrypted or each.name.lower().endswith(_MACROS) for each in entries):
        return None
    found = {kind for each in entries for folder, kind in _FOLDERS.items() if each.name.startswith(folder)}
    return found.pop() if len(found) == 1 else None
