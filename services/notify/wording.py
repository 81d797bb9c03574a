"""What a notice says, in Vietnamese first and English second. Pure; restricted documents are only numbered."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.notify.audience import Telling
from services.notify.ledger import About


@dataclass(frozen=True)
class Words:
    vi: str
    en: str


URGENCY = {
    "urgent": Words("Khẩn", "Urgent"),
    "very_urgent": Words("Thượng khẩn", "Very urgent"),
    "express": Words("Hỏa tốc", "Express"),
}
TITLES = {
    Telling.AWAITS_YOU: Words("Văn bản {name} chờ bạn xử lý", "Document {name} awaits you"),
    Telling.CO_ORDINATE: Words("Văn bản {name} cần bạn phối hợp", "Document {name} needs you as a co-ordinator"),
    Telling.CHANGED: Words("Phân công văn bản {name} đã thay đổi", "The assignment of document {name} has changed"),
    Telling.WENT_ELSEWHERE: Words("Văn bản {name} đã chuyển người khác", "Document {name} went to somebody else"),
    Telling.WITHDRAWN: Words("Văn bản {name} đã được thu hồi", "Document {name} is withdrawn"),
    Telling.RETURNED: Words("Văn bản {name} đã được trả lại", "Document {name} was returned"),
    Telling.RETURNED_TO_CLERKS: Words(
        "Văn bản {name} bị trả lại, cần phân công lại", "Document {name} was returned and needs another handler"
    ),
    Telling.NOT_POSSIBLE: Words("Văn bản {name} chưa phân công được", "Document {name} could not be assigned"),
}
INCIDENT = Words("Có thể lộ bí mật nhà nước", "Possible spill of a state secret")
TO_HANDLE = frozenset({Telling.AWAITS_YOU, Telling.CO_ORDINATE, Telling.CHANGED})
WITH_REASON = frozenset({Telling.RETURNED_TO_CLERKS, Telling.NOT_POSSIBLE, Telling.RETURNED, Telling.WITHDRAWN})
NOTE, REASON = Words("Ghi chú", "Note"), Words("Lý do", "Reason")


def title(telling: Telling, about: About) -> Words:
    if telling == Telling.SECRECY_INCIDENT:
        return INCIDENT
    words = TITLES[telling]
    mark = URGENCY.get(about.urgency) if telling in TO_HANDLE else None
    name = name_of(about)
    vi, en = words.vi.format(name=name), words.en.format(name=name)
    return Words(f"[{mark.vi}] {vi}", f"[{mark.en}] {en}") if mark else Words(vi, en)


def body(telling: Telling, about: About, created_at: datetime, zone: ZoneInfo) -> Words:
    """May be empty."""
    if telling == Telling.SECRECY_INCIDENT:
        return _incident(about, created_at.astimezone(zone))
    parts = [Words(about.subject, about.subject)] if about.subject and not about.restricted else []
    if about.due_on and telling in TO_HANDLE:
        day = date.fromisoformat(about.due_on)
        parts.append(Words(f"Hạn xử lý: {day:%d/%m/%Y}", f"Due on {day.isoformat()}"))
    if about.note and not about.restricted and telling in TO_HANDLE | WITH_REASON:
        label = REASON if telling in WITH_REASON else NOTE
        parts.append(Words(f"{label.vi}: {about.note}", f"{label.en}: {about.note}"))
    return Words(". ".join(each.vi for each in parts), ". ".join(each.en for each in parts))


def name_of(about: About) -> str:
    """Year and number, as 2026/00123."""
    return f"{about.year}/{about.number:05d}" if about.number is not None else "?"


def _incident(about: About, at: datetime) -> Words:
    return Words(
        f"Thiết bị {about.device}, lúc {at:%H:%M} ngày {at:%d/%m/%Y}. Hãy kiểm tra ngay.",
        f"Device {about.device}, at {at:%H:%M} on {at:%Y-%m-%d}. Look into it at once.",
    )
