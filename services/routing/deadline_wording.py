"""When a document is due and how that was counted, in sentences. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from services.routing.deadline import Basis, Due
from services.routing.said import Said, day_said, joined, moment_said
from services.worktime import STOPPED, Off, Unit

ONE_DAY = timedelta(days=1)
UNITS = {
    Unit.WORKING_DAY: (Said("ngày làm việc", "working day"), Said("ngày làm việc", "working days")),
    Unit.CALENDAR_DAY: (Said("ngày", "calendar day"), Said("ngày", "calendar days")),
    Unit.HOUR: (Said("giờ làm việc", "working hour"), Said("giờ làm việc", "working hours")),
}
SKIPPED: dict[str, Said] = {
    Off.OFFICE: Said("cơ quan nghỉ", "the office is closed"),
    Off.HOLIDAY: Said("nghỉ lễ, tết", "public holiday"),
    Off.WEEKEND: Said("nghỉ cuối tuần", "weekend"),
    STOPPED: Said("tạm dừng tính thời hạn", "the clock stood"),
}
NOT_KNOWN = Said(
    "Đang tạm dừng tính thời hạn nên chưa xác định được ngày đến hạn.",
    "The clock stands, so nobody knows yet when it is due.",
)


def counted_days(due: Due) -> tuple[date, ...]:
    """Every day that counted towards a limit, in their order; none for a day that was written or set, or while the
    clock stands."""
    if due.due_on is None or due.amount is None:
        return ()
    skipped = {each.day for each in due.skipped}
    first = due.counted_from if due.unit is Unit.HOUR or due.amount == 0 else due.counted_from + ONE_DAY
    days = (first + number * ONE_DAY for number in range((due.due_on - first).days + 1))
    return tuple(day for day in days if day not in skipped)


def deadline_said(due: Due, rule_names: Mapping[str, str]) -> Iterator[Said]:
    """`rule_names` by the rule's id."""
    yield _end(due)
    yield _basis(due, rule_names)
    if counted := counted_days(due):
        days = _days(counted)
        yield Said(f"Các ngày được tính: {days.vi}.", f"Days that counted: {days.en}.")
    for why in dict.fromkeys(each.why for each in due.skipped):
        days, name = _days(each.day for each in due.skipped if each.why == why), SKIPPED[why]
        yield Said(f"Không tính ({name.vi}): {days.vi}.", f"Not counted ({name.en}): {days.en}.")


def _end(due: Due) -> Said:
    if due.due_at is None:
        return NOT_KNOWN
    if due.unit is Unit.HOUR:
        moment = moment_said(due.due_at)
        return Said(f"Hạn xử lý: {moment.vi}.", f"It is due at {moment.en}.")
    day = day_said(due.due_at.date())
    return Said(f"Hạn xử lý: ngày {day.vi}.", f"It is due on {day.en}.")


def _basis(due: Due, rule_names: Mapping[str, str]) -> Said:
    law = Said(f" (căn cứ {due.legal_ref})", f" ({due.legal_ref})") if due.legal_ref else Said("", "")
    if due.basis is Basis.WRITTEN:
        return Said(f"Thời hạn do văn bản đến ấn định{law.vi}.", f"The document itself names the day{law.en}.")
    if due.basis is Basis.MOVED:
        return Said(f"Thời hạn do lãnh đạo điều chỉnh{law.vi}.", f"A leader has set the day{law.en}.")
    amount, start = _amount(due), day_said(due.counted_from)
    name = _rule_name(due, rule_names)
    return Said(
        f"Thời hạn {amount.vi} kể từ ngày {start.vi}, {name.vi}{law.vi}.",
        f"{amount.en} from {start.en}, {name.en}{law.en}.",
    )


def _amount(due: Due) -> Said:
    one, many = UNITS[due.unit or Unit.WORKING_DAY]
    return Said(f"{due.amount} {one.vi}", f"{due.amount} {one.en if due.amount == 1 else many.en}")


def _rule_name(due: Due, rule_names: Mapping[str, str]) -> Said:
    if due.basis is Basis.OFFICE:
        return Said("theo quy định chung của cơ quan", "the office's own default")
    name = rule_names.get(due.rule_id or "", due.rule_id)
    return Said(f"theo quy tắc “{name}”", f"by the rule “{name}”")


def _days(days: Iterable[date]) -> Said:
    return joined(map(day_said, days))
