"""Builds the symbol of an outgoing document: `15/QĐ-UBND`, công văn `123/UBND-NC`, QPPL `12/2016/QĐ-UBND`.

Abbreviations are those of Decree 30/2020/NĐ-CP, annex III; numbers under 10 are written 01 to 09.
"""

from services.events import Kind

ABBREVIATIONS: dict[Kind, str] = {
    Kind.NGHI_QUYET: "NQ",
    Kind.QUYET_DINH: "QĐ",
    Kind.CHI_THI: "CT",
    Kind.QUY_CHE: "QC",
    Kind.QUY_DINH: "QyĐ",
    Kind.THONG_CAO: "TC",
    Kind.THONG_BAO: "TB",
    Kind.HUONG_DAN: "HD",
    Kind.CHUONG_TRINH: "CTr",
    Kind.KE_HOACH: "KH",
    Kind.PHUONG_AN: "PA",
    Kind.DE_AN: "ĐA",
    Kind.DU_AN: "DA",
    Kind.BAO_CAO: "BC",
    Kind.BIEN_BAN: "BB",
    Kind.TO_TRINH: "TTr",
    Kind.HOP_DONG: "HĐ",
    Kind.CONG_DIEN: "CĐ",
    Kind.BAN_GHI_NHO: "BGN",
    Kind.BAN_THOA_THUAN: "BTT",
    Kind.GIAY_UY_QUYEN: "GUQ",
    Kind.GIAY_MOI: "GM",
    Kind.GIAY_GIOI_THIEU: "GGT",
    Kind.GIAY_NGHI_PHEP: "GNP",
    Kind.PHIEU_GUI: "PG",
    Kind.PHIEU_CHUYEN: "PC",
    Kind.PHIEU_BAO: "PB",
}
QPPL_KINDS = frozenset({Kind.NGHI_QUYET, Kind.QUYET_DINH, Kind.CHI_THI})


def symbol_of(
    number: int, year: int, kind: Kind, body: str, drafting_unit: str | None = None, qppl_kind: Kind | None = None
) -> str:
    """`body` is the issuing body's abbreviation; a kind without abbreviation bears body and drafting unit."""
    written = f"{number:02d}"
    if qppl_kind is not None:
        return f"{written}/{year}/{ABBREVIATIONS[qppl_kind]}-{body}"
    abbreviation = ABBREVIATIONS.get(kind)
    if abbreviation is not None:
        return f"{written}/{abbreviation}-{body}"
    return f"{written}/{body}-{drafting_unit}" if drafting_unit else f"{written}/{body}"
