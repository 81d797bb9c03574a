"""A device that posts documents as scanners do."""

import json
from typing import Any

import httpx

from tests.harness import as_bearer

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"


def pdf(words: str) -> bytes:
    """Different words are different bytes."""
    return PDF + b"% " + words.encode() + b"\n"


class Scanner:
    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        self._client = client
        self.key = key
        self.headers = as_bearer(key)

    async def post(
        self,
        metadata: dict[str, Any] | None = None,
        file: bytes | None = PDF,
        *,
        media_type: str = "application/pdf",
        name: str = "scan.pdf",
        to: str = "documents",
        **headers: str,
    ) -> httpx.Response:
        """Header names are given with underscores."""
        parts: list[tuple[str, Any]] = [("metadata", (None, json.dumps(metadata or {}), "application/json"))]
        if file is not None:
            parts.append(("file", (name, file, media_type)))
        return await self.post_parts(parts, to=to, **headers)

    async def post_parts(
        self, parts: list[tuple[str, Any]], *, to: str = "documents", **headers: str
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.post(f"/intake/api/v1/{to}", files=parts, headers={**self.headers, **named})

    async def post_body(self, body: bytes, content_type: str, to: str = "documents") -> httpx.Response:
        headers = {**self.headers, "Content-Type": content_type}
        return await self._client.post(f"/intake/api/v1/{to}", content=body, headers=headers)

    async def number(self, words: str) -> int:
        """Of a good document."""
        answer = await self.post({"subject": words}, pdf(words))
        assert answer.status_code == 201, answer.text
        number: int = answer.json()["number"]
        return number

    async def get(self, address: str, **headers: str) -> httpx.Response:
        return await self._client.get(address, headers={**self.headers, **headers})
