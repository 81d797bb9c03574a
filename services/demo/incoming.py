"""What arrives: who wrote it, of which kind, and what about."""

from collections.abc import Sequence

from services.demo import wording
from services.demo.plan import Category
from services.demo.writing import Metadata, Writer, Writing
from services.events import IssuerLevel, Kind

PARTS = ("VP", "TCHC", "KHTC", "QLĐT", "NV")
LOCAL_KINDS = ((Kind.CONG_VAN, 50), (Kind.BAO_CAO, 22), (Kind.TO_TRINH, 16), (Kind.KE_HOACH, 7), (Kind.DE_AN, 5))
MINISTRY_KINDS = ((Kind.CONG_VAN, 70), (Kind.QUYET_DINH, 12), (Kind.HUONG_DAN, 8), (Kind.THONG_BAO, 10))
GOVERNMENT_KINDS = (
    (Kind.CONG_VAN, 55), (Kind.THONG_BAO, 20), (Kind.QUYET_DINH, 12), (Kind.CONG_DIEN, 6), (Kind.CHI_THI, 4),
    (Kind.NGHI_QUYET, 3),
)  # fmt: skip


def _described(writing: Writing, issuer: str, level: IssuerLevel, kind: Kind, subject: str) -> Metadata:
    return {
        "issuer": issuer,
        "issuer_level": level.value,
        "kind": kind.value,
        "subject": subject,
        "urgency": writing.urgency(),
    }


def _locality(writing: Writing, kind: Kind | None = None, templates: Sequence[str] = wording.REQUESTS) -> Metadata:
    kind = kind or writing.one_of(LOCAL_KINDS)
    topic = writing.topic
    if writing.chance.random() < 0.55:
        issuer, symbol, part = topic.department, topic.department_symbol, writing.chance.choice(PARTS)
    else:
        issuer, symbol, part = f"Ủy ban nhân dân {writing.place}", "UBND", topic.room
    known = _described(writing, issuer, IssuerLevel.LOCALITY, kind, writing.subject(kind, templates))
    return known | writing.numbered(kind, symbol, part)


def _ministry(writing: Writing, kind: Kind | None = None, templates: Sequence[str] = wording.ORDERS) -> Metadata:
    kind = kind or writing.one_of(MINISTRY_KINDS)
    known = _described(writing, writing.topic.ministry, IssuerLevel.MINISTRY, kind, writing.subject(kind, templates))
    return known | writing.numbered(kind, writing.topic.ministry_symbol, writing.chance.choice(PARTS))


def _government(writing: Writing) -> Metadata:
    kind, body = writing.one_of(GOVERNMENT_KINDS), writing.chance.choice(wording.GOVERNMENT)
    known = _described(writing, body.name, IssuerLevel.GOVERNMENT, kind, writing.subject(kind, wording.ORDERS))
    return known | writing.numbered(kind, body.symbol, writing.topic.room)


def _invitation(writing: Writing) -> Metadata:
    writer = _ministry if writing.chance.random() < 0.25 else _locality
    return writer(writing, Kind.GIAY_MOI, wording.MEETINGS)


def _petition(writing: Writing) -> Metadata:
    template, restricted = writing.chance.choice(wording.PETITIONS)
    subject = template.format(place=writing.place)
    known = _described(writing, f"Công dân {writing.place}", IssuerLevel.CITIZEN, Kind.PETITION, subject)
    return known | {"document_date": writing.written(), "restricted": restricted}


def _one_stop(writing: Writing) -> Metadata:
    citizen = writing.chance.random() < 0.5
    issuer = f"Hộ gia đình, cá nhân {writing.place}" if citizen else writing.chance.choice(wording.COMPANIES)
    level = IssuerLevel.CITIZEN if citizen else IssuerLevel.OTHER
    known = _described(writing, issuer, level, Kind.ONE_STOP, writing.words(wording.ONE_STOP))
    return known | {"document_date": writing.written()}


def _other(writing: Writing) -> Metadata:
    kind, body = writing.one_of(LOCAL_KINDS), writing.chance.choice(wording.OTHERS)
    known = _described(writing, body.name, IssuerLevel.OTHER, kind, writing.subject(kind, wording.REQUESTS))
    return known | writing.numbered(kind, body.symbol, writing.topic.room)


INCOMING: dict[Category, Writer] = {
    Category.LOCALITY: _locality,
    Category.MINISTRY: _ministry,
    Category.GOVERNMENT: _government,
    Category.INVITATION_IN: _invitation,
    Category.PETITION: _petition,
    Category.ONE_STOP: _one_stop,
    Category.OTHER_IN: _other,
}
