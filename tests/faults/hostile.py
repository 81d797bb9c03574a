"""Requests that bend HTTP on purpose, over a bare socket."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Literal
from urllib.parse import urlsplit

BOUNDARY = b"flood"
ANSWER_SECONDS = 15.0
PIECE_BYTES = 64 * 1024
METADATA = {"kind": "cong_van", "issuer": "Sở Y tế", "issuer_level": "locality", "subject": "V/v lũ lụt"}
CONTENT = b"%PDF-1.4\n%" + b"0123456789abcdef" * 2_000
Cut = Literal["fin", "rst"]


def head(key: str | None, *headers: str, path: str = "documents") -> bytes:
    """Without its end; `key` is the device's bearer."""
    lines = [
        f"POST /intake/api/v1/{path} HTTP/1.1",
        "Host: vanthu",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}",
        *([f"Authorization: Bearer {key}"] if key else []),
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n"


def request(key: str | None, body: bytes, *headers: str, length: int | None = None) -> bytes:
    """`length` is what is said of the body, when that is not the truth."""
    return head(key, f"Content-Length: {len(body) if length is None else length}", *headers) + b"\r\n" + body


def part(name: str, data: bytes, *headers: bytes) -> bytes:
    file = b'; filename="scan.pdf"' if name == "file" else b""
    lines = [b"--" + BOUNDARY, b'Content-Disposition: form-data; name="' + name.encode() + b'"' + file, *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + data + b"\r\n"


def body(metadata: object = METADATA, content: bytes = CONTENT, *file_headers: bytes) -> bytes:
    parts = part("metadata", json.dumps(metadata).encode()) + part("file", content, *file_headers)
    return parts + b"--" + BOUNDARY + b"--\r\n"


def chunked(key: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A request whose length nobody knows beforehand."""
    yield head(key, "Transfer-Encoding: chunked") + b"\r\n"
    for piece in pieces:
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    yield b"0\r\n\r\n"


@contextlib.asynccontextmanager
async def connection(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def status_of(url: str, pieces: bytes | Iterable[bytes]) -> int | None:
    """The first answer's status, read while the pieces go out; None where the connection just ended
    or nothing came for long."""
    async with connection(url) as (reader, writer):
        sending = asyncio.create_task(_send(writer, [pieces] if isinstance(pieces, bytes) else pieces))
        try:
            return await _answer(reader)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _send(writer: asyncio.StreamWriter, pieces: Iterable[bytes]) -> None:
    with contextlib.suppress(OSError):
        for piece in pieces:
            for start in range(0, len(piece), PIECE_BYTES):
                writer.write(piece[start : start + PIECE_BYTES])
                await writer.drain()


async def _answer(reader: asyncio.StreamReader) -> int | None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            line = await reader.readline()
    except (ConnectionError, TimeoutError):
        return None
    return int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else None


async def cut_off(url: str, sent: bytes, how: Cut) -> int | None:
    """Half a request, and then the end: in order (FIN) or with a reset. The status, where there is one."""
    async with connection(url) as (reader, writer):
        await _send(writer, [sent])
        if how == "fin":
            writer.write_eof()
            return await _answer(reader)
        link: socket.socket = writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return None
