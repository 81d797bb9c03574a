"""Which line of the yearly report a document belongs to: pure, by the precedence of the office's own list.

The published categories mix sender and kind, so that the first that fits wins. A code is `in:` or `out:`
and the line's name; it is the same in facts, counters and published tables.
"""

from services.events import Direction, IssuerLevel, Kind

PREFIX = {Direction.INCOMING: "in", Direction.OUTGOING: "out"}
SECRET, OTHER = "secret", "other"

INCOMING: tuple[tuple[str, str, str], ...] = (
    ("locality", "Địa phương", "Localities"),
    ("ministry", "Bộ, ngành Trung ương", "Ministries and central agencies"),
    ("government", "Chính phủ", "Government"),
    ("invitation", "Giấy mời", "Invitations"),
    ("petition", "Đơn thư", "Petitions"),
    (SECRET, "Văn bản mật", "Secret"),
    ("one_stop", "Hồ sơ một cửa", "One-stop dossiers"),
    (OTHER, "Khác", "Other"),
)
OUTGOING: tuple[tuple[str, str, str], ...] = (
    ("cong_van", "Công văn", "Official letters (công văn)"),
    ("quyet_dinh", "Quyết định", "Decisions (quyết định)"),
    ("qppl", "Văn bản quy phạm pháp luật", "Legal normative documents (QPPL)"),
    ("invitation", "Giấy mời", "Invitations"),
    (SECRET, "Văn bản mật", "Secret"),
    ("cong_dien", "Công điện", "Telegrams (công điện)"),
    ("notice_report", "Thông báo, báo cáo, tờ trình", "Notices, reports, submissions"),
    ("chi_thi", "Chỉ thị", "Directives (chỉ thị)"),
    ("site_plan", "Quy hoạch mặt bằng", "Site-plan documents"),
    ("own_office", "Văn bản của Văn phòng", "The Office's own"),
    (OTHER, "Khác", "Other"),
)
LINES = {Direction.INCOMING: INCOMING, Direction.OUTGOING: OUTGOING}
ALL_CODES = tuple(f"{PREFIX[direction]}:{name}" for direction, lines in LINES.items() for name, _, _ in lines)

_INCOMING_KINDS = {Kind.ONE_STOP: "one_stop", Kind.PETITION: "petition", Kind.GIAY_MOI: "invitation"}
_INCOMING_LEVELS = {
    IssuerLevel.GOVERNMENT: "government",
    IssuerLevel.MINISTRY: "ministry",
    IssuerLevel.LOCALITY: "locality",
}
_OUTGOING_KINDS = {
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


def names(direction: Direction) -> tuple[str, ...]:
    return tuple(name for name, _, _ in LINES[direction])


def category_of(
    direction: Direction, kind: Kind, issuer_level: IssuerLevel | None, *, own_office: bool, secret: bool = False
) -> str:
    """The category's code. No document on this system is secret: those come as counts of a period."""
    if secret:
        return f"{PREFIX[direction]}:{SECRET}"
    if direction is Direction.INCOMING:
        return f"in:{_incoming(kind, issuer_level)}"
    return "out:own_office" if own_office else f"out:{_OUTGOING_KINDS.get(kind, OTHER)}"


def _incoming(kind: Kind, issuer_level: IssuerLevel | None) -> str:
    by_kind = _INCOMING_KINDS.get(kind)
    if by_kind or issuer_level is None:
        return by_kind or OTHER
    return _INCOMING_LEVELS.get(issuer_level, OTHER)
