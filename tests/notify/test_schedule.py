"""What counts as delivered, when to try again, and where a webhook may go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.settings import NotifySettings
from services.notify.webhook.addresses import fault_of_url, is_public
from services.notify.webhook.schedule import SPREAD, Delivered, GiveUp, SwitchOff, TryAgain, judge

PLAN = NotifySettings().webhook_backoff_seconds


@given(st.one_of(st.none(), st.integers(100, 599)), st.integers(1, 20), st.floats(0, 1, exclude_max=True))
def test_only_a_2xx_delivers_only_a_410_switches_off_and_the_rest_ends_some_day(
    status: int | None, tries: int, chance: float
) -> None:
    verdict = judge(status, tries, PLAN, chance)
    assert isinstance(verdict, Delivered) == (status is not None and status // 100 == 2)
    assert isinstance(verdict, SwitchOff) == (status == 410)
    if isinstance(verdict, TryAgain):
        assert verdict.after_seconds == pytest.approx(PLAN[tries - 1], rel=0.2)
    if isinstance(verdict, GiveUp):
        assert tries > len(PLAN)


def test_the_plan_is_5_s_1_min_5_min_30_min_2_h_8_h_9_h_and_then_it_has_failed_within_the_day_of_its_news() -> None:
    pauses = [judge(500, tries, PLAN, 0.5) for tries in range(1, 9)]
    assert pauses == [*(TryAgain(each) for each in (5, 60, 300, 1800, 7200, 28800, 32400)), GiveUp()]
    longest_hours = sum(PLAN) * (1 + SPREAD) / 3600
    assert longest_hours < NotifySettings().news_hours


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_no_address_inside_is_public_however_it_is_wrapped(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "203.113.131.1", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "https://127.0.0.1/", "https://localhost/", "https://a.localhost/", "https://[::1]/",
        "https://user:pw@example.org/", "https://example.org/#x", "ftp://example.org/", "file:///etc/passwd", "https:///x",
        "https://example.org:99999/", "nonsense", "", "https://exa mple.org/", "https://[::1", "https://10.0.0.1:8443/x",
        "https://[::ffff:169.254.169.254]/", "https://example.org/" + "x" * 2048, "https://ví.dụ/",
    ],
)  # fmt: skip
def test_urls_that_a_webhook_may_not_have(url: str) -> None:
    assert fault_of_url(url, allow_private=False)


def test_private_addresses_and_plain_http_have_to_be_allowed() -> None:
    assert fault_of_url("https://example.org:8443/hook?x=1", allow_private=False) is None
    assert fault_of_url("http://10.0.0.1/hook", allow_private=True) is None
    assert fault_of_url("ftp://10.0.0.1/hook", allow_private=True)
