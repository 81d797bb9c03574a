"""The least that could take an upload: reads the multipart as a stream and stores the file with fsync. No more.

`python -m tests.bench.bare_endpoint FOLDER`: what intake's speed is compared with.
"""

import asyncio
import os
import socket
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from multipart import MultipartSegment, PushMultipartParser, parse_options_header

from tests.bench.children import tell

THREADS = 32


def new_app(folder: Path) -> FastAPI:
    app = FastAPI()
    for shard in range(256):  # threads that make files in one folder wait for one another
        (folder / f"{shard:02x}").mkdir()
    threads = ThreadPoolExecutor(THREADS)

    @app.post("/documents", status_code=201)
    async def store(request: Request) -> JSONResponse:
        _, options = parse_options_header(request.headers["content-type"])
        parser = PushMultipartParser(options["boundary"])
        part, chunks = "", []
        async for chunk in request.stream():
            for event in parser.parse(chunk):
                if isinstance(event, MultipartSegment):
                    part = event.name
                elif event is not None and part == "file":
                    chunks.append(bytes(event))
        name = uuid.uuid4().hex
        await asyncio.get_running_loop().run_in_executor(threads, keep, folder / name[-2:] / name, chunks)
        return JSONResponse({"id": name}, status_code=201)

    return app


def keep(path: Path, chunks: list[bytes]) -> None:
    """Whole and durable under its name."""
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT, 0o640)
    try:
        for chunk in chunks:
            os.write(descriptor, chunk)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def serve(folder: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(_telling(new_app(folder), listening), loop="uvloop", http="httptools", access_log=False)
        uvicorn.Server(config).run(sockets=[listening])


def _telling(app: FastAPI, listening: socket.socket) -> Any:
    """The application, which says its address when it starts."""

    async def told(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            tell(url=f"http://127.0.0.1:{listening.getsockname()[1]}")
        await app(scope, receive, send)

    return told


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
