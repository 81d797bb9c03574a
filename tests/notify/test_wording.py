"""What notices say."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.notify.audience import Telling
from services.notify.ledger import About
from services.notify.wording import Words, body, title
from tests.notify.facts import CANARY

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 2, 4, 18, 14, tzinfo=UTC)
ABOUT = About(book="incoming", year=2026, number=123, due_on="2026-02-12", subject="Sửa đường", note="Làm ngay")


@pytest.mark.parametrize("telling", Telling)
def test_every_notice_has_a_title_in_both_languages(telling: Telling) -> None:
    words = title(telling, ABOUT)
    assert words.vi
    assert words.en
    assert words.vi != words.en


@pytest.mark.parametrize("telling", Telling)
def test_no_notice_says_more_than_the_number_of_a_restricted_document(telling: Telling) -> None:
    about = replace(ABOUT, restricted=True, subject=CANARY, note=CANARY)
    assert CANARY not in repr((title(telling, about), body(telling, about, NOW, HANOI)))


def test_a_task_says_its_subject_deadline_note_and_urgency() -> None:
    about = replace(ABOUT, urgency="express")
    assert title(Telling.AWAITS_YOU, about).vi == "[Hỏa tốc] Văn bản 2026/00123 chờ bạn xử lý"
    assert body(Telling.AWAITS_YOU, about, NOW, HANOI) == Words(
        "Sửa đường. Hạn xử lý: 12/02/2026. Ghi chú: Làm ngay", "Sửa đường. Due on 2026-02-12. Note: Làm ngay"
    )


def test_who_lost_a_document_is_not_told_its_deadline_or_the_note_to_the_next() -> None:
    assert body(Telling.WENT_ELSEWHERE, ABOUT, NOW, HANOI).en == "Sửa đường"


def test_an_incident_says_where_and_when_in_the_time_of_the_office() -> None:
    about = About(device="scanner-1", urgency="express")
    assert title(Telling.SECRECY_INCIDENT, about).en == "Possible spill of a state secret"
    assert body(Telling.SECRECY_INCIDENT, about, NOW, HANOI).vi.startswith("Thiết bị scanner-1, lúc 01:14 ngày 05/02")
