"""The precedence of the office's own categories, for every kind and level."""

from itertools import product

import pytest

from services.events import Direction, IssuerLevel, Kind
from services.reporting.categories import ALL_CODES, category_of, names

BY_KIND_IN = {Kind.ONE_STOP: "one_stop", Kind.PETITION: "petition", Kind.GIAY_MOI: "invitation"}
BY_LEVEL = {
    IssuerLevel.GOVERNMENT: "government",
    IssuerLevel.MINISTRY: "ministry",
    IssuerLevel.LOCALITY: "locality",
    IssuerLevel.CITIZEN: "other",
    IssuerLevel.OTHER: "other",
    None: "other",
}
BY_KIND_OUT = {
    Kind.QPPL: "qppl",
    Kind.GIAY_MOI: "invitation",
    Kind.SITE_PLAN: "site_plan",
    Kind.CONG_VAN: "cong_van",
    Kind.QUYET_DINH: "quyet_dinh",
    Kind.CONG_DIEN: "cong_dien",
    Kind.THONG_BAO: "notice_report",
    Kind.BAO_CAO: "notice_report",
    Kind.TO_TRINH: "notice_report",
    Kind.CHI_THI: "chi_thi",
}


@pytest.mark.parametrize(("kind", "level"), list(product(Kind, [*IssuerLevel, None])))
def test_incoming_goes_by_kind_where_it_has_a_line_and_else_by_level(kind: Kind, level: IssuerLevel | None) -> None:
    expected = BY_KIND_IN.get(kind, BY_LEVEL[level])
    assert category_of(Direction.INCOMING, kind, level, own_office=False) == f"in:{expected}"
    assert category_of(Direction.INCOMING, kind, level, own_office=False, secret=True) == "in:secret"


@pytest.mark.parametrize("kind", list(Kind))
def test_outgoing_goes_by_kind_unless_it_is_the_offices_own(kind: Kind) -> None:
    expected = BY_KIND_OUT.get(kind, "other")
    assert category_of(Direction.OUTGOING, kind, IssuerLevel.LOCALITY, own_office=False) == f"out:{expected}"
    assert category_of(Direction.OUTGOING, kind, None, own_office=True) == "out:own_office"
    assert category_of(Direction.OUTGOING, kind, None, own_office=True, secret=True) == "out:secret"


def test_every_category_has_a_line_of_its_own() -> None:
    reached = {
        category_of(direction, kind, level, own_office=own, secret=secret)
        for direction, kind, level, own, secret in product(Direction, Kind, IssuerLevel, [True, False], [True, False])
    }
    assert reached == set(ALL_CODES)
    assert len(ALL_CODES) == len(set(ALL_CODES)) == sum(len(names(direction)) for direction in Direction)
