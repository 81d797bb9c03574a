"""What a report says in words, in Vietnamese and English, always from the figures themselves. Pure."""

from pydantic import BaseModel

from services.events import Direction

_SIDE = {Direction.INCOMING: ("văn bản đến", "in"), Direction.OUTGOING: ("văn bản đi", "out")}


class Sentence(BaseModel):
    code: str
    vi: str
    en: str


def unexplained(incoming: int, outgoing: int) -> Sentence:
    """What the published totals have more (or, negative, less) than their parts."""
    gaps = {Direction.INCOMING: incoming, Direction.OUTGOING: outgoing}
    more = {side: gap for side, gap in gaps.items() if gap > 0}
    less = {side: -gap for side, gap in gaps.items() if gap < 0}
    vi, en = [], []
    if more:
        vi.append(f"{_vi(more)} không thuộc loại nào đã công bố")
        en.append(f"{_en(more)} not explained by the published categories")
    if less:
        vi.append(f"các loại đã công bố cộng lại nhiều hơn tổng số đã nêu {_vi(less)}")
        en.append(f"the published categories exceed the stated total by {_en(less)}")
    if not more and not less:
        vi, en = ["tổng số đã công bố bằng tổng các loại"], ["the published totals equal the sums of their categories"]
    return Sentence(code="published-totals", vi="; ".join(vi), en="; ".join(en))


def left_out(direction: Direction, count: int, first_day: str, last_day: str) -> Sentence:
    side_vi, side_en = _SIDE[direction]
    return Sentence(
        code="period-count-left-out",
        vi=f"số nhập tay {count} {side_vi} ({first_day} – {last_day}) chỉ nằm một phần trong kỳ nên không tính",
        en=f"a hand-entered count of {count} {side_en} ({first_day} to {last_day}) lies only partly within "
        "the window and is left out",
    )


def overlapping(direction: Direction, first_day: str, last_day: str) -> Sentence:
    side_vi, side_en = _SIDE[direction]
    return Sentence(
        code="period-counts-overlap",
        vi=f"các số nhập tay ({side_vi}) trùng ngày {first_day} – {last_day}: có thể tính hai lần",
        en=f"hand-entered counts ({side_en}) overlap from {first_day} to {last_day}: some may be counted twice",
    )


def _vi(gaps: dict[Direction, int]) -> str:
    return " và ".join(f"{gap:,} {_SIDE[side][0]}".replace(",", ".") for side, gap in gaps.items())


def _en(gaps: dict[Direction, int]) -> str:
    return " and ".join(f"{gap:,} {_SIDE[side][1]}" for side, gap in gaps.items())
