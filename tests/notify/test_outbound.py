"""Where a request really goes: to the checked address, under the receiver's own name."""

import httpx
import pytest

from services.notify.webhook.outbound import Guarded, Outbound, Refused


class Network:
    """Stands for the network: notes what it is asked for, and may refuse connections to some addresses."""

    def __init__(self, *dead: str) -> None:
        self.requests: list[httpx.Request] = []
        self._dead = dead

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host in self._dead:
            raise httpx.ConnectError("refused")
        return httpx.Response(200)


def guarded(network: Network, *addresses: str, allow_private: bool = False) -> httpx.AsyncClient:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return httpx.AsyncClient(
        transport=Guarded(network.transport(), allow_private=allow_private, resolve=resolve), trust_env=False
    )


async def test_the_checked_address_is_connected_and_the_name_kept_for_host_and_tls() -> None:
    network = Network()
    async with guarded(network, "2001:4860:4860::8888") as client:
        assert (await client.post("https://example.org:8443/hook", content=b"x")).status_code == 200
    (request,) = network.requests
    assert str(request.url) == "https://[2001:4860:4860::8888]:8443/hook"
    assert request.headers["host"] == "example.org:8443"
    assert request.extensions["sni_hostname"] == "example.org"


async def test_the_next_address_is_tried_when_one_does_not_connect() -> None:
    network = Network("8.8.8.8")
    async with guarded(network, "8.8.8.8", "8.8.4.4") as client:
        assert (await client.post("https://example.org/", content=b"x")).status_code == 200
    assert [each.url.host for each in network.requests] == ["8.8.8.8", "8.8.4.4"]


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("::1",), ()])
async def test_one_private_address_among_them_is_enough_to_refuse(addresses: tuple[str, ...]) -> None:
    network = Network()
    async with guarded(network, *addresses) as client:
        with pytest.raises(Refused):
            await client.post("https://example.org/", content=b"x")
    assert network.requests == []


async def test_plain_http_is_refused_even_to_a_public_address() -> None:
    network = Network()
    async with guarded(network, "8.8.8.8") as client:
        with pytest.raises(Refused):
            await client.post("http://example.org/", content=b"x")


async def test_what_goes_wrong_is_an_attempt_and_never_an_exception() -> None:
    outbound = Outbound(allow_private=True, timeout_seconds=1)
    for url in ("http://127.0.0.1:1/", "https://no-such-host.invalid/", "https://exa mple/", "http://[::1]:1/x"):
        attempt = await outbound.post(url, {}, b"")
        assert attempt.status is None
        assert attempt.error
    await outbound.close()
