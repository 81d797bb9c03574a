"""Which kinds of files are accepted, told by their first bytes and not by what the sender says."""

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
HEAD_BYTES = 64 * 1024  # the folder names of an Office file stand within

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
_ZIP = b"PK\x03\x04"
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
    if b"word/" in head:
        return DOCX
    return XLSX if b"xl/" in head else None
