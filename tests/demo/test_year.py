"""The year that the demo replays, against the published table it is read from."""

import json
import time
from collections import Counter
from datetime import date
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.papers import Papers
from services.demo.plan import PUBLISHED_FILE, Category, documents_of, published, sampled, sampled_count
from services.demo.year import year
from services.events import Direction
from services.worktime import Calendar, is_working_day

PEOPLE = ("a", "b", "c")
PLAN = published().counts


def stated(direction: str) -> int:
    return int(json.loads(PUBLISHED_FILE.read_text())[direction]["stated_total"])


def test_the_plan_explains_the_stated_totals_with_1092_in_and_66_out_of_no_category() -> None:
    table = published()
    sides = Counter({direction: table.secret[direction] for direction in Direction})
    for category, count in table.counts.items():
        sides[Direction.INCOMING if category.incoming else Direction.OUTGOING] += count
    assert sides == {direction: stated(direction) for direction in Direction}
    assert (table.counts[Category.OTHER_IN], table.counts[Category.OTHER_OUT]) == (1092, 66)
    assert sum(table.counts.values()) == 34_287 + 12_068
    assert set(table.counts) == set(Category)


def test_the_whole_year_has_exactly_the_published_counts_and_is_made_in_seconds() -> None:
    papers, began = Papers(PEOPLE), time.process_time()
    counts: Counter[Category] = Counter()
    keys = set()
    for slot in year(PLAN):
        counts[slot.category] += 1
        keys.add(papers.paper(slot).key)
    assert counts == PLAN
    assert len(keys) == documents_of(PLAN)
    assert time.process_time() - began < 5


def test_documents_arrive_on_working_days_in_order_and_threefold_after_tet() -> None:
    days = [slot.day for slot in year(PLAN)]
    assert days == sorted(days)
    assert all(is_working_day(day, Calendar()) for day in set(days))
    assert min(days) >= date(2016, 1, 1)
    assert max(days) == date(2016, 12, 15)
    assert not any(date(2016, 2, 8) <= day <= date(2016, 2, 12) for day in days)
    usual = len(days) / len(set(days))
    assert 2.3 < Counter(days)[date(2016, 2, 17)] / usual < 3.7


def test_the_same_year_is_made_again_word_for_word() -> None:
    first, again = ([Papers(PEOPLE).paper(slot) for slot in islice(year(PLAN), 3000)] for _ in range(2))
    assert first == again


def test_the_year_is_varied() -> None:
    papers = Papers(PEOPLE)
    said = [papers.paper(slot) for slot in islice(year(PLAN), 0, None, 7)]
    incoming = [paper.metadata for paper in said if paper.incoming]
    assert len({each["issuer"] for each in incoming}) > 60
    assert len({each["subject"] for each in incoming}) > 1000
    assert {each["urgency"] for each in incoming} == {"normal", "urgent", "very_urgent", "express"}
    assert any(each.get("restricted") for each in incoming)
    assert any(each.get("conflicted_person_ids") for each in incoming)
    assert any(each.get("due_on") for each in incoming)
    assert {paper.device for paper in said} == {"scan-1", "scan-2", "scan-3", "scan-4", "van-thu-di", "van-thu-vp"}


@given(documents=st.integers(min_value=-5, max_value=60_000))
def test_a_sample_has_every_category_and_the_size_asked_for(documents: int) -> None:
    sample = sampled(PLAN, documents)
    assert set(sample) == set(PLAN)
    assert min(sample.values()) >= 1
    assert documents_of(sample) == min(max(documents, len(PLAN)), documents_of(PLAN))


@pytest.mark.parametrize(("documents", "expected"), [(1, 1), (500, 5), (46_355, 460), (99_999, 460)])
def test_a_hand_entered_count_follows_the_sample(documents: int, expected: int) -> None:
    assert sampled_count(460, documents, 46_355) == expected


def test_a_sample_keeps_the_proportions() -> None:
    sample = sampled(PLAN, 5000)
    for category, count in PLAN.items():
        assert sample[category] == pytest.approx(count * 5000 / 46_355, abs=max(2, 0.01 * count))
