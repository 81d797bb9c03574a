"""A published table is used whole or not at all, and the one of 2016 is in the tree as a file."""

import json
from pathlib import Path
from typing import Any

import pytest

import services.demo
from services.reporting.published import judge
from services.reporting.sentences import unexplained

FILE = Path(services.demo.__file__).parent / "published-2016.json"


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


def test_the_table_of_2016_is_without_fault_and_its_parts_disagree_with_its_totals() -> None:
    table = judge(document()).table
    assert table is not None
    assert (table.incoming.stated_total, table.incoming.sum_of_parts) == (34_747, 33_655)
    assert (table.outgoing.stated_total, table.outgoing.sum_of_parts) == (12_264, 12_198)
    said = unexplained(table.incoming.unexplained, table.outgoing.unexplained)
    assert said.en == "1,092 in and 66 out not explained by the published categories"
    assert said.vi == "1.092 văn bản đến và 66 văn bản đi không thuộc loại nào đã công bố"


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (("office",), "", "/office"),
        (("from",), "2016-13-01", "/from"),
        (("from",), "2017-01-01", "/from"),
        (("incoming", "rows", 2, "count"), -1, "/incoming/rows/2/count"),
        (("incoming", "rows", 2, "count"), "975", "/incoming/rows/2/count"),
        (("incoming", "rows", 2, "label", "vi"), "", "/incoming/rows/2/label/vi"),
        (("outgoing", "rows", 0, "code"), "locality", "/outgoing/rows/0/code"),
        (("outgoing", "rows", 0, "code"), "qppl", "/outgoing/rows/0/code"),
        (("outgoing", "stated_total"), None, "/outgoing/stated_total"),
        (("total",), 1, "/total"),
    ],
)
def test_a_fault_is_named_where_it_stands(path: tuple[Any, ...], value: Any, pointer: str) -> None:
    faulty = document()
    place: Any = faulty
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    judgement = judge(faulty)
    assert judgement.table is None
    assert pointer in [fault.pointer for fault in judgement.faults]


def test_what_is_no_table_at_all_is_a_fault_and_no_crash() -> None:
    nonsense: tuple[Any, ...] = (None, [], "table", 7, {})
    for other in nonsense:
        assert judge(other).faults


@pytest.mark.parametrize(
    ("incoming", "outgoing", "said"),
    [
        (0, 0, "the published totals equal the sums of their categories"),
        (3, 0, "3 in not explained by the published categories"),
        (0, 1_200, "1,200 out not explained by the published categories"),
        (-2, 0, "the published categories exceed the stated total by 2 in"),
        (
            5,
            -2,
            "5 in not explained by the published categories; the published categories exceed the stated total by 2 out",
        ),
    ],
)
def test_the_sentence_follows_the_figures(incoming: int, outgoing: int, said: str) -> None:
    assert unexplained(incoming, outgoing).en == said
