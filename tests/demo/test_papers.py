"""What the scanners declare is what intake and reporting understand."""

from datetime import date

import pytest

from services.demo.papers import Paper, Papers
from services.demo.plan import Category, published
from services.demo.year import OFFICE_DEVICE, year
from services.events import Direction, IssuerLevel, Kind
from services.intake.metadata import IncomingMetadata, IssuedMetadata
from services.intake.secrecy import is_secret
from services.reporting.categories import category_of

PLAN = published().counts
TODAY = date(2016, 12, 31)


@pytest.fixture(scope="module")
def whole_year() -> list[tuple[Category, Paper]]:
    papers = Papers(("a", "b"))
    return [(slot.category, papers.paper(slot)) for slot in year(PLAN)]


def read(paper: Paper) -> IncomingMetadata | IssuedMetadata:
    model = IncomingMetadata if paper.incoming else IssuedMetadata
    return model.model_validate(paper.metadata)


def test_intake_finds_no_fault_in_any_paper_and_reporting_counts_it_where_it_was_meant(
    whole_year: list[tuple[Category, Paper]],
) -> None:
    for category, paper in whole_year:
        assert list(read(paper).faults(TODAY)) == [], paper.key
        assert code_of(paper) == category.replace("incoming/", "in:").replace("outgoing/", "out:")


def code_of(paper: Paper) -> str:
    direction = Direction.INCOMING if paper.incoming else Direction.OUTGOING
    level = paper.metadata.get("issuer_level")
    return category_of(
        direction,
        Kind(paper.metadata["kind"]),
        IssuerLevel(level) if level else None,
        own_office=paper.device == OFFICE_DEVICE,
    )


def test_no_paper_looks_like_a_secret(whole_year: list[tuple[Category, Paper]]) -> None:
    assert not [paper.key for _, paper in whole_year[::5] if is_secret(paper.metadata)]
