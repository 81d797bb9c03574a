"""Requests to addresses that strangers chose: resolved, checked, and sent to the very address that was checked."""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import httpx

from services.chassis.errors import Failure
from services.notify.webhook.addresses import fault_of_url, is_public
from services.notify.webhook.schedule import Attempt

MOST_ANSWER_BYTES = 64 * 1024
Resolve = Callable[[str, int], Awaitable[list[str]]]


class Refused(Failure):
    """The address is not one that a webhook may go to."""


class Sends(Protocol):
    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt: ...
    async def close(self) -> None: ...


async def resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Guarded(httpx.AsyncBaseTransport):
    """Connects to the checked address itself, so that a name cannot point elsewhere a moment later."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, allow_private: bool, resolve: Resolve = resolve) -> None:
        self._inner = inner
        self._allow_private = allow_private
        self._resolve = resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        fault = fault_of_url(str(request.url), allow_private=self._allow_private)
        if fault:
            raise Refused(f"the URL is refused: {fault}")
        addresses = await self._addresses(request.url)
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_aimed(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_aimed(request, addresses[-1]))

    async def _addresses(self, url: httpx.URL) -> list[str]:
        addresses = await self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        if not addresses:
            raise Refused("the host has no address")
        if not self._allow_private and not all(map(is_public, addresses)):
            raise Refused("the host has a private address")
        return addresses

    async def aclose(self) -> None:
        await self._inner.aclose()


class Outbound:
    """Posts without following redirects, without proxies from the environment, and without keeping connections:
    a kept one might serve another host of the same address."""

    def __init__(self, *, allow_private: bool, timeout_seconds: float, ca_file: Path | None = None) -> None:
        self._timeout_seconds = timeout_seconds
        context = ssl.create_default_context(cafile=str(ca_file)) if ca_file else httpx.create_ssl_context()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)
        self._client = httpx.AsyncClient(
            transport=Guarded(transport, allow_private=allow_private),
            follow_redirects=False,
            trust_env=False,
            timeout=timeout_seconds,
            headers={"User-Agent": "Vanthu-Webhooks/1"},
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Never raises for what the receiver or the network does."""
        at, started = datetime.now(UTC), time.perf_counter()
        status, error = None, None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status = await self._status(url, headers, body)
        except TimeoutError:
            error = f"no whole answer within {self._timeout_seconds:g} s"
        except Refused as refusal:
            error = str(refusal)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as failure:
            error = f"{type(failure).__name__}: {failure}"[:200]
        return Attempt(at, status if error is None else None, int((time.perf_counter() - started) * 1000), error)

    async def _status(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        async with self._client.stream("POST", url, headers=dict(headers), content=body) as response:
            read = 0
            async for chunk in response.aiter_raw():
                read += len(chunk)
                if read > MOST_ANSWER_BYTES:
                    break
            return response.status_code

    async def close(self) -> None:
        await self._client.aclose()


def _aimed(request: httpx.Request, address: str) -> httpx.Request:
    """The same request at a numeric address, with the name kept in Host and in the TLS handshake."""
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    url = request.url.copy_with(host=address)
    return httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)
