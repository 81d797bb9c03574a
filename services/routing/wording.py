"""Why a document went where it went, in sentences: Vietnamese as an office writes it, and English. Pure.

Whoever is named is named as the office knows them now; who is not in it any more, by their id.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.routing.candidate_wording import CHOSEN, not_chosen, standing
from services.routing.deadline_wording import deadline_said
from services.routing.decision import RULES, Nobody, Reason
from services.routing.roster import OfficeView
from services.routing.said import Names, Said, day_said


@dataclass(frozen=True, slots=True)
class Worded:
    """The same sentences in the same order."""

    vi: list[str]
    en: list[str]


NOBODY = {
    Nobody.NO_OFFICE: Said(
        "Chưa phân công được: cơ quan chưa khai báo nhân sự và quy tắc phân công.",
        "It could not be assigned: the office has no people and rules yet.",
    ),
    Nobody.NO_RULE: Said(
        "Chưa phân công được: không có dòng nào trong bảng quy tắc phù hợp với văn bản.",
        "It could not be assigned: no row of the rule table matches it.",
    ),
    Nobody.NO_UNIT: Said(
        "Chưa phân công được: đơn vị {unit} nêu trong quy tắc không còn hoạt động.",
        "It could not be assigned: the rule names the unit {unit}, which is not there.",
    ),
    Nobody.NO_PERSON: Said(
        "Chưa phân công được: tại {unit} không có người nào đủ điều kiện (có mặt và không liên quan đến văn bản); "
        "văn bản được đưa vào danh sách chờ văn thư phân công.",
        "It could not be assigned: nobody in {unit} is here and not concerned by it; it waits on the clerk's list.",
    ),
    Nobody.MANUAL: Said(
        "Quy tắc dành việc phân công văn bản này cho người có thẩm quyền quyết định.",
        "The rule leaves it to a person to assign this document.",
    ),
}


def worded(reason: Reason, lead_person_id: str | None, matter: str | None, view: OfficeView | None) -> Worded:
    """`lead_person_id` is who leads it now or is proposed to, `matter` the document's."""
    names = names_in(view)
    said = [*_decided(reason, lead_person_id, names), *_people(reason, matter, names)]
    if reason.due:
        said += deadline_said(reason.due, _rule_names(reason, view))
    return Worded([each.vi for each in said], [each.en for each in said])


def names_in(view: OfficeView | None) -> Names:
    if view is None:
        return Names({}, {}, {})
    return Names(
        {id: each.name for id, each in view.people.items()},
        {id: each.name for id, each in view.units.items()},
        {id: each.name for id, each in view.matters.items()},
    )


def _rule_names(reason: Reason, view: OfficeView | None) -> dict[str, str]:
    """Of deadlines: those of the office, and the matched row, which may set one itself."""
    rules = {id: each.name for id, each in view.deadlines.items()} if view else {}
    return {**rules, reason.row_id: reason.row_name or reason.row_id} if reason.row_id else rules


def _decided(reason: Reason, lead_person_id: str | None, names: Names) -> Iterable[Said]:
    if reason.row_id is not None:
        yield _row(reason, names)
    if reason.decided_by != RULES:
        yield _by_a_person(names.person(reason.decided_by), names.person(lead_person_id) if lead_person_id else None)
    if reason.nobody:
        yield NOBODY[reason.nobody].filled(unit=Said.same(names.unit(reason.unit_id or "")))


def _row(reason: Reason, names: Names) -> Said:
    """What it asks for is only said where that came about."""
    number, is_followed = (reason.row_index or 0) + 1, reason.decided_by == RULES and not reason.nobody
    unit = names.unit(reason.unit_id) if reason.unit_id and is_followed else None
    vi, en = (f": giao {unit} chủ trì.", f": {unit} leads.") if unit else (".", ".")
    return Said(
        f"Áp dụng dòng {number} “{reason.row_name}” của bảng quy tắc phiên bản {reason.rules_version}{vi}",
        f"Row {number}, “{reason.row_name}”, of version {reason.rules_version} of the rule table matches{en}",
    )


def _by_a_person(by: str, lead: str | None) -> Said:
    if lead is None:
        return Said(f"{by} là người quyết định gần nhất.", f"{by} decided last.")
    return Said(f"{by} quyết định giao {lead} chủ trì.", f"{by} decided that {lead} leads.")


def _people(reason: Reason, matter: str | None, names: Names) -> Iterable[Said]:
    chosen = next((each for each in reason.candidates if each.lost is None), None)
    if reason.candidates and reason.looked_on:
        yield _looked_at(len(reason.candidates), reason.looked_on, names.matter(matter) if matter else None)
    if chosen is not None:
        yield standing(chosen, names, CHOSEN)
    for each in reason.candidates:
        if each.lost is not None:
            yield standing(each, names, not_chosen(each, each.lost, chosen))


def _looked_at(count: int, day: date, matter: str | None) -> Said:
    on = day_said(day)
    by = Said(f", chuyên môn tính theo lĩnh vực “{matter}”", f"; competence is that for “{matter}”")
    by = by if matter else Said.same("")
    return Said(f"Số người được xem xét ngày {on.vi}: {count}{by.vi}.", f"Looked at on {on.en}: {count} in all{by.en}.")
