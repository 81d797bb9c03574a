"""What people of the office call the values that a workbook's cells may have. Pure."""

from services.events import AbsenceKind, Direction, Half, IssuerLevel, Kind, Urgency
from services.policy import Role
from services.routing.deadline import StartEvent
from services.routing.facts import Mode
from services.worktime import Unit

OFF, WORKED = "off", "worked"

ROLES: dict[str, str] = {
    Role.CLERK: "văn thư",
    Role.LEADER: "lãnh đạo",
    Role.AUDITOR: "kiểm soát",
    Role.SPECIALIST: "chuyên viên",
    Role.SECURITY_OFFICER: "bảo mật",
    Role.ADMINISTRATOR: "quản trị",
    Role.ENTER_LATER: "nhập sau",
}
LEVELS: dict[str, str] = {
    IssuerLevel.GOVERNMENT: "Chính phủ",
    IssuerLevel.MINISTRY: "Bộ, ngành",
    IssuerLevel.LOCALITY: "địa phương",
    IssuerLevel.CITIZEN: "công dân",
    IssuerLevel.OTHER: "khác",
}
URGENCIES: dict[str, str] = {
    Urgency.NORMAL: "thường",
    Urgency.URGENT: "khẩn",
    Urgency.VERY_URGENT: "thượng khẩn",
    Urgency.EXPRESS: "hỏa tốc",
}
MODES: dict[str, str] = {Mode.AUTOMATIC: "tự động", Mode.PROPOSED: "đề xuất", Mode.MANUAL: "thủ công"}
DIRECTIONS: dict[str, str] = {Direction.INCOMING: "đến", Direction.OUTGOING: "đi"}
ABSENCES: dict[str, str] = {
    AbsenceKind.LEAVE: "nghỉ phép",
    AbsenceKind.TRAVEL: "đi công tác",
    AbsenceKind.OTHER: "lý do khác",
}
HALVES: dict[str, str] = {Half.MORNING: "sáng", Half.AFTERNOON: "chiều"}
DAY_SORTS: dict[str, str] = {
    OFF: "nghỉ",
    WORKED: "làm việc",
    Half.MORNING: "chỉ làm sáng",
    Half.AFTERNOON: "chỉ làm chiều",
}
UNITS: dict[str, str] = {Unit.WORKING_DAY: "ngày làm việc", Unit.CALENDAR_DAY: "ngày", Unit.HOUR: "giờ làm việc"}
STARTS: dict[str, str] = {
    StartEvent.ARRIVAL: "ngày đến",
    StartEvent.ACCEPTANCE: "ngày thụ lý",
    StartEvent.ISSUE: "ngày ban hành",
}
KINDS: dict[str, str] = {
    Kind.NGHI_QUYET: "nghị quyết",
    Kind.QUYET_DINH: "quyết định",
    Kind.CHI_THI: "chỉ thị",
    Kind.QUY_CHE: "quy chế",
    Kind.QUY_DINH: "quy định",
    Kind.THONG_CAO: "thông cáo",
    Kind.THONG_BAO: "thông báo",
    Kind.HUONG_DAN: "hướng dẫn",
    Kind.CHUONG_TRINH: "chương trình",
    Kind.KE_HOACH: "kế hoạch",
    Kind.PHUONG_AN: "phương án",
    Kind.DE_AN: "đề án",
    Kind.DU_AN: "dự án",
    Kind.BAO_CAO: "báo cáo",
    Kind.BIEN_BAN: "biên bản",
    Kind.TO_TRINH: "tờ trình",
    Kind.HOP_DONG: "hợp đồng",
    Kind.CONG_VAN: "công văn",
    Kind.CONG_DIEN: "công điện",
    Kind.BAN_GHI_NHO: "bản ghi nhớ",
    Kind.BAN_THOA_THUAN: "bản thỏa thuận",
    Kind.GIAY_UY_QUYEN: "giấy ủy quyền",
    Kind.GIAY_MOI: "giấy mời",
    Kind.GIAY_GIOI_THIEU: "giấy giới thiệu",
    Kind.GIAY_NGHI_PHEP: "giấy nghỉ phép",
    Kind.PHIEU_GUI: "phiếu gửi",
    Kind.PHIEU_CHUYEN: "phiếu chuyển",
    Kind.PHIEU_BAO: "phiếu báo",
    Kind.THU_CONG: "thư công",
    Kind.QPPL: "văn bản quy phạm pháp luật",
    Kind.PETITION: "đơn thư",
    Kind.ONE_STOP: "hồ sơ một cửa",
    Kind.SITE_PLAN: "quy hoạch mặt bằng",
    Kind.OTHER: "khác",
}
