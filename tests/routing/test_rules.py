"""Rule tables judged cell by cell, and the demo's own table asked for real papers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.events import IssuerLevel, Kind, Urgency
from services.routing.loading import judged
from services.routing.roster import Facts
from services.routing.rules import compiled, faults_of
from tests.routing.small_office import ARRIVED, ROOMS, row, rules

DEMO = Path(__file__).parents[2] / "services" / "demo" / "office.json"
HERE = "/rules/nodes/1/content"


def pointers(content: Any) -> list[str]:
    return [fault.pointer for fault in faults_of(content, ROOMS)]


def table_of(content: dict[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = content["nodes"][1]["content"]
    return table


def test_a_sound_table_has_no_fault() -> None:
    assert faults_of(rules(), ROOMS) == []


@pytest.mark.parametrize(
    ("break_it", "pointer"),
    [
        (lambda t: t.update(hitPolicy="collect"), f"{HERE}/hitPolicy"),
        (lambda t: t["inputs"][0].update(field="sender"), f"{HERE}/inputs/0"),
        (lambda t: t["outputs"].pop(0), f"{HERE}/outputs"),
        (lambda t: t["rules"].pop(), f"{HERE}/rules"),
        (lambda t: t["rules"].insert(0, row("any", "TH")), f"{HERE}/rules/0"),
        (lambda t: t["rules"][1].update(_id="petition"), f"{HERE}/rules/1/_id"),
        (lambda t: t["rules"][1].pop("_description"), f"{HERE}/rules/1/_description"),
        (lambda t: t["rules"][1].update(kind="contains($, "), f"{HERE}/rules/1/kind"),
        (lambda t: t["rules"][1].update(kind="nonsense("), f"{HERE}/rules/1/kind"),
        (lambda t: t["rules"][1].update(lead='"XX"'), f"{HERE}/rules/1/lead"),
        (lambda t: t["rules"][1].update(lead=""), f"{HERE}/rules/1/lead"),
        (lambda t: t["rules"][1].update(lead="KT"), f"{HERE}/rules/1/lead"),
        (lambda t: t["rules"][1].update(others='["KT", "XX"]'), f"{HERE}/rules/1/others"),
        (lambda t: t["rules"][1].update(others='"KT"'), f"{HERE}/rules/1/others"),
        (lambda t: t["rules"][1].update(days='"5"'), f"{HERE}/rules/1/days"),
        (lambda t: t["rules"][1].update(days="-1"), f"{HERE}/rules/1/days"),
        (lambda t: t["rules"][1].update(days="true"), f"{HERE}/rules/1/days"),
    ],
)
def test_each_fault_is_named_with_its_place(break_it: Callable[[dict[str, Any]], Any], pointer: str) -> None:
    content = rules()
    break_it(table_of(content))
    assert pointer in pointers(content)


@pytest.mark.parametrize("content", [None, [], {}, {"nodes": []}, {"nodes": [{"type": "decisionTableNode"}]}])
def test_what_is_no_table_is_said_to_be_none(content: Any) -> None:
    assert pointers(content) == ["/rules"]


def test_a_table_that_leads_nowhere_is_refused() -> None:
    content = rules()
    content["edges"].clear()
    assert pointers(content) == ["/rules"]


def test_the_matched_row_is_named_for_certain() -> None:
    match = compiled(rules())
    petition = match(Facts(kind=Kind.PETITION, symbol_suffix="KT", arrived_on=ARRIVED))
    assert petition is not None
    assert (petition.row_id, petition.row_index, petition.lead_unit) == ("petition", 0, "NC")
    assert (petition.coordinating_units, petition.working_days) == (("KT", "TH"), 5)
    default = match(Facts(kind=Kind.CONG_VAN, arrived_on=ARRIVED))
    assert default is not None
    assert (default.row_id, default.row_index, default.coordinating_units, default.working_days) == (
        "default",
        2,
        (),
        None,
    )


def demo(**facts: Any) -> str:
    matched = compiled(judged(DEMO.read_bytes()).rules)(
        Facts(**{"kind": Kind.CONG_VAN, "arrived_on": ARRIVED, **facts})
    )
    assert matched is not None
    return matched.row_name


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"kind": Kind.PETITION, "urgency": Urgency.EXPRESS}, "Đơn thư hỏa tốc, thượng khẩn"),
        ({"kind": Kind.PETITION, "subject": "đơn tố cáo cán bộ xã"}, "Đơn tố cáo"),
        ({"kind": Kind.PETITION, "subject": "đơn khiếu nại"}, "Đơn khiếu nại"),
        ({"kind": Kind.PETITION}, "Đơn kiến nghị, phản ánh"),
        ({"kind": Kind.ONE_STOP, "subject": "hồ sơ đề nghị giao đất"}, "Hồ sơ một cửa về đất đai, môi trường"),
        ({"kind": Kind.ONE_STOP}, "Hồ sơ một cửa khác"),
        ({"kind": Kind.SITE_PLAN, "urgency": Urgency.URGENT}, "Quy hoạch mặt bằng, khẩn"),
        ({"kind": Kind.SITE_PLAN}, "Quy hoạch mặt bằng"),
        ({"kind": Kind.GIAY_MOI, "symbol_suffix": "NC"}, "Giấy mời"),
        ({"kind": Kind.CONG_DIEN, "subject": "ứng phó bão số 4"}, "Công điện về thiên tai, dịch bệnh cây trồng, vật nuôi"),
        ({"issuer_level": IssuerLevel.GOVERNMENT, "urgency": Urgency.EXPRESS}, "Chính phủ, hỏa tốc và thượng khẩn"),
        ({"issuer_level": IssuerLevel.GOVERNMENT, "subject": "phòng, chống tội phạm"}, "Chính phủ: khiếu nại, an ninh, pháp luật"),
        ({"symbol_suffix": "NC", "urgency": Urgency.EXPRESS}, "Ký hiệu -NC, hỏa tốc và thượng khẩn"),
        ({"symbol_suffix": "VX", "subject": "đất"}, "Ký hiệu -VX"),
        ({"subject": "v/v ô nhiễm môi trường"}, "Đất đai, môi trường, nông nghiệp, thiên tai"),
        ({"subject": "v/v tiêm chủng mở rộng"}, "Y tế, giáo dục, văn hóa, lao động, xã hội"),
        ({"urgency": Urgency.URGENT}, "Khẩn, không rõ lĩnh vực"),
        ({}, "Còn lại"),
    ],
)  # fmt: skip
def test_the_demos_office_sends_papers_where_a_real_one_would(facts: dict[str, Any], name: str) -> None:
    assert demo(**facts) == name
