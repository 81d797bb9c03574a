"""What is said of somebody who was looked at: what speaks for and against them, and why they were not chosen. Pure."""

from datetime import date

from services.events import AbsenceKind, Half
from services.routing.candidates import Candidate, Lost
from services.routing.said import Names, Said, day_said

CHOSEN = Said("được chọn", "was chosen")
LOST = {
    Lost.CONFLICT: Said("là người gửi hoặc có liên quan đến văn bản", "sent the document or is concerned by it"),
    Lost.ABSENT: Said("{away}", "{away}"),
    Lost.NOT_AT_WORK: Said("không còn làm việc tại cơ quan", "does not work in the office"),
    Lost.OUT_OF_SCOPE: Said(
        "phạm vi ủy quyền không bao gồm văn bản này", "the delegation does not cover this document"
    ),
    Lost.LESS_COMPETENT: Said(
        "mức chuyên môn thấp hơn (mức {competence}, người được chọn mức {best_competence})",
        "less competent (level {competence}; who was chosen has {best_competence})",
    ),
    Lost.MORE_BURDENED: Said(
        "đang có khối lượng công việc lớn hơn ({burden}, người được chọn {best_burden})",
        "has more to do ({burden}; who was chosen has {best_burden})",
    ),
    Lost.MORE_RECEIVED: Said(
        "đã nhận nhiều văn bản hơn trong bốn tuần gần đây ({received}, người được chọn {best_received})",
        "was given more in the last four weeks ({received}; who was chosen {best_received})",
    ),
    Lost.MORE_RECENTLY: Said(
        "mới nhận văn bản gần đây hơn ({last_on}, người được chọn {best_last_on})",
        "was given the last one later ({last_on}; who was chosen {best_last_on})",
    ),
    Lost.LATER_ID: Said("các tiêu chí ngang nhau, mã nhân sự xếp sau", "equal in everything, and later by person id"),
    Lost.HEAD_IS_LAST_RESORT: Said(
        "chỉ chủ trì khi đơn vị không còn người nào khác", "leads only when nobody else in the unit can"
    ),
}
AWAY = {
    AbsenceKind.LEAVE: Said("nghỉ phép", "on leave"),
    AbsenceKind.TRAVEL: Said("đi công tác", "travelling on duty"),
    AbsenceKind.OTHER: Said("vắng mặt", "away"),
}
HALF = {
    Half.MORNING: Said(" buổi sáng", " in the morning"),
    Half.AFTERNOON: Said(" buổi chiều", " in the afternoon"),
}
HERE, NO_HALF = Said("có mặt", "present"), Said.same("")
NEVER = Said("chưa nhận lần nào", "never")


def standing(candidate: Candidate, names: Names, outcome: Said) -> Said:
    """Who it is, what speaks for and against them, and what became of it."""
    name, whose = names.person(candidate.person_id), Said.same("")
    if candidate.acts_for is not None:
        absent = names.person(candidate.acts_for)
        whose = Said(f" (thay {absent} theo ủy quyền)", f" (for {absent}, by delegation)")
    figures = _figures(candidate)
    return Said(f"{name}{whose.vi}: {outcome.vi}{figures.vi}.", f"{name}{whose.en}: {outcome.en}{figures.en}.")


def not_chosen(candidate: Candidate, lost: Lost, chosen: Candidate | None) -> Said:
    best = {f"best_{name}": each for name, each in _said_of(chosen or candidate).items()}
    why = LOST[lost].filled(**_said_of(candidate), **best)
    return Said(f"không được chọn vì {why.vi}", f"not chosen: {why.en}")


def _said_of(candidate: Candidate) -> dict[str, Said]:
    half = HALF[candidate.half] if candidate.half else NO_HALF
    away = AWAY[candidate.away] if candidate.away else HERE
    return {
        "competence": Said.same(str(candidate.competence)),
        "burden": _number(candidate.burden),
        "received": Said.same(str(candidate.received)),
        "last_on": day_said(date.fromisoformat(candidate.last_on)) if candidate.last_on else NEVER,
        "away": Said(away.vi + half.vi, away.en + half.en),
    }


def _figures(candidate: Candidate) -> Said:
    """Nothing of somebody who does not work here, of whom nothing is known."""
    if candidate.lost is Lost.NOT_AT_WORK:
        return Said.same("")
    said = _said_of(candidate)
    parts = [
        Said(f"chuyên môn mức {said['competence'].vi}", f"competence {said['competence'].en}"),
        Said(f"khối lượng {said['burden'].vi}", f"burden {said['burden'].en}"),
        Said(f"{candidate.open} văn bản đang xử lý", f"{candidate.open} open"),
        Said(
            f"nhận {candidate.received} văn bản trong bốn tuần gần đây",
            f"given {candidate.received} in the last four weeks",
        ),
        Said(f"lần nhận gần nhất: {said['last_on'].vi}", f"the last one: {said['last_on'].en}"),
        said["away"],
    ]
    return Said("".join(f"; {each.vi}" for each in parts), "".join(f"; {each.en}" for each in parts))


def _number(value: float) -> Said:
    text = f"{value:g}"
    return Said(text.replace(".", ","), text)
