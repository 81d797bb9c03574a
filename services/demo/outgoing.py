"""What the office issues: intake gives it number and symbol, and its day is the one it was signed on."""

from collections.abc import Sequence

from services.demo import wording
from services.demo.plan import Category
from services.demo.writing import Kinds, Metadata, Writer, Writing
from services.events import Kind

REPORTING_KINDS = ((Kind.THONG_BAO, 50), (Kind.BAO_CAO, 32), (Kind.TO_TRINH, 18))
OWN_KINDS = ((Kind.CONG_VAN, 60), (Kind.THONG_BAO, 25), (Kind.KE_HOACH, 15))
OTHER_KINDS = ((Kind.KE_HOACH, 50), (Kind.CHUONG_TRINH, 20), (Kind.HUONG_DAN, 15), (Kind.PHUONG_AN, 15))
QPPL_KINDS = ((Kind.QUYET_DINH, 44), (Kind.CHI_THI, 5))
SIGNERS = ("Chủ tịch", "Phó Chủ tịch", "Chánh Văn phòng")


def _outgoing(kinds: Kinds, templates: Sequence[str] = wording.ORDERS) -> Writer:
    def write(writing: Writing) -> Metadata:
        kind = writing.one_of(kinds)
        known = {
            "kind": kind.value,
            "subject": writing.subject(kind, templates),
            "document_date": writing.day.isoformat(),
            "urgency": writing.urgency(),
            "signer": writing.chance.choice(SIGNERS),
            "recipients": [writing.topic.department, f"Ủy ban nhân dân {writing.place}"],
        }
        return known | ({"drafting_unit": writing.topic.room} if kind is Kind.CONG_VAN else {})

    return write


def _qppl(writing: Writing) -> Metadata:
    return _outgoing(((Kind.QPPL, 1),))(writing) | {"qppl_kind": writing.one_of(QPPL_KINDS).value}


OUTGOING: dict[Category, Writer] = {
    Category.LETTER: _outgoing(((Kind.CONG_VAN, 1),)),
    Category.DECISION: _outgoing(((Kind.QUYET_DINH, 1),)),
    Category.QPPL: _qppl,
    Category.INVITATION_OUT: _outgoing(((Kind.GIAY_MOI, 1),), wording.MEETINGS),
    Category.TELEGRAM: _outgoing(((Kind.CONG_DIEN, 1),)),
    Category.NOTICE: _outgoing(REPORTING_KINDS),
    Category.DIRECTIVE: _outgoing(((Kind.CHI_THI, 1),)),
    Category.SITE_PLAN: _outgoing(((Kind.SITE_PLAN, 1),), wording.SITE_PLANS),
    Category.OWN: _outgoing(OWN_KINDS, wording.OWN),
    Category.OTHER_OUT: _outgoing(OTHER_KINDS),
}
