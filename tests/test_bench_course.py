"""What a long run of the benchmark says about memory, answers, and whether anything waits."""

import asyncio
import time

import httpx
import pytest

from services.chassis.metrics import Metrics
from services.demo.settled import SERVICES, Work
from tests.bench.at_work import Outcome, Post, Posted
from tests.bench.course import Course, Look, by_minute
from tests.bench.rest import Overseer, Rest, Speechless, unsaid

STILL = Work(unsent=0, lag=0, halted=0, set_aside=0, consumed=9)


def course(*memory_mb: float, every: float = 36.0) -> Course:
    return Course([Look(1000 + turn * every, 0, {"services": held}) for turn, held in enumerate(memory_mb)])


def test_a_slow_leak_shows_in_the_end_and_in_the_trend() -> None:
    leaking = course(*(200 + 0.2 * turn for turn in range(101)))  # an hour, 10 % more
    assert leaking.growth("services") == pytest.approx(1.097, abs=0.001)
    assert leaking.hourly_growth("services") == pytest.approx(0.1, abs=0.001)


def test_a_rise_within_the_first_tenth_is_growth_and_no_better_beginning() -> None:
    risen = course(*(200 + min(turn, 10) * 2 for turn in range(101)))
    assert risen.growth("services") > 1.08


def test_a_tooth_of_a_saw_at_the_very_end_is_no_trend() -> None:
    saw = course(*(200 + turn % 10 for turn in range(100)))
    assert abs(saw.hourly_growth("services")) < 0.01


def test_only_looks_within_the_load_count() -> None:
    whole = course(1, 2, 3, 4, 5)
    assert [look.memory_mb["services"] for look in whole.between(1036, 1108).looks] == [2, 3, 4]
    assert whole.between(1036, 1108).seconds == 72


def test_a_hole_between_two_looks_is_no_time_that_was_looked_at() -> None:
    assert course(1, 2, 3, every=5.0).seen_seconds == 10
    assert course(1, 2, 3, every=600.0).seen_seconds == 15


async def test_a_watch_that_cannot_look_ends_with_that() -> None:
    async def refused() -> Work:
        raise httpx.ConnectError("gone")

    with pytest.raises(httpx.ConnectError):
        await asyncio.wait_for(Course().watch(refused, lambda: {"services": 1.0}), 5)


def test_minutes_are_counted_from_the_first_post_and_leave_out_no_answer() -> None:
    posts = [Post("a", 100.0, 100.1), Post("b", 159.0, 159.3), Post("c", 160.5, 161.5)]
    first, second = by_minute(posts, {"a": 100.5, "c": 163.5})
    assert (first["minute"], first["documents"], second["minute"], second["documents"]) == (0, 2, 1, 1)
    assert first["to_201_p99"] == pytest.approx(300)
    assert first["to_inbox_p99"] == pytest.approx(500)
    assert second["to_inbox_p50"] == pytest.approx(3000)


def outcome(told: dict[str, float], planned: float = 0.0) -> Outcome:
    sent = [Post("warm", 9.0, 9.5), Post("a", 10.0, 10.5), Post("b", 11.0, 12.0)]
    return Outcome(Posted(sent, 10.0, planned), told, Rest(13.0, STILL))


def test_a_document_that_nobody_was_told_of_is_counted_even_from_the_warm_up() -> None:
    assert outcome({"a": 11.0}).unnoticed == 2
    assert outcome({"warm": 9.9, "a": 11.0, "b": 13.0}).unnoticed == 0


def test_what_comes_out_at_the_far_end_counts_until_the_last_notice() -> None:
    assert outcome({"warm": 10.1, "a": 11.0, "b": 14.0}).settled_per_second == pytest.approx(3 / 4)


def test_at_a_pace_what_was_due_counts_not_what_was_answered() -> None:
    late = Post("late", 9.9, 20.0)
    assert late in Posted([late], 10.0).posts
    assert Posted([late], 10.0, planned_per_second=1.0).posts == []


def metrics_page(*, assigned: int = 6) -> str:
    metrics = Metrics("any")
    metrics.lag.labels("vanthu.documents", "0").set(0)
    metrics.assigned.set(assigned)
    return metrics.page().decode()


def test_a_page_without_a_needed_metric_is_no_page_of_zeros() -> None:
    assert unsaid(metrics_page()) == []
    renamed = metrics_page().replace("vanthu_journal_unsent_rows", "vanthu_rows_to_send")
    assert unsaid(renamed) == ["vanthu_journal_unsent_rows"]
    assert unsaid("") == ["vanthu_journal_unsent_rows", "consumer_lag", "consumer_halted", "assigned_partitions"]


def test_who_reads_no_partition_does_not_know_how_far_it_is_behind() -> None:
    assert unsaid(metrics_page(assigned=0)) == ["of any partition that it reads"]


def overseer(*answers: tuple[int, str], patience_seconds: float = 60.0) -> Overseer:
    """The last answer is given for ever."""
    found = Overseer("http://vanthu.test", "token", patience_seconds)
    left = [each for answer in answers for each in [answer] * len(SERVICES)]

    def answer(_: httpx.Request) -> httpx.Response:
        status, page = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(status, text=page)

    found._client = httpx.AsyncClient(base_url="http://vanthu.test", transport=httpx.MockTransport(answer))
    return found


async def test_a_page_that_stays_refused_is_an_error_and_not_nothing_that_waits() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        await overseer((401, ""), patience_seconds=0).work()
    with pytest.raises(Speechless, match=f"{SERVICES[0]} does not say"):
        await overseer((200, "up 1"), patience_seconds=0).work()


async def test_readers_that_share_their_partitions_anew_are_asked_again() -> None:
    assert (await overseer((200, metrics_page(assigned=0)), (503, ""), (200, metrics_page())).work()).left == 0


async def test_rest_is_only_after_gauges_have_grown_old_and_began_when_nothing_moved_any_more() -> None:
    began_at = time.monotonic()
    rest = await overseer((200, metrics_page())).rest()
    assert rest.work.left == 0
    assert time.monotonic() - began_at > 6
    assert rest.at - began_at < 2
