"""Every sheet of an office's workbook with its columns: one table by which it is read, written and explained. Pure.

`path` is where its rows stand in the office's file; `*` is the person whom the first column names.
"""

from dataclasses import dataclass

from services.routing.office.cells import Column, Sort
from services.routing.office.words import (
    ABSENCES,
    DAY_SORTS,
    DIRECTIONS,
    HALVES,
    KINDS,
    LEVELS,
    MODES,
    ROLES,
    STARTS,
    UNITS,
    URGENCIES,
)

_DATES = (
    Column("Từ ngày", "valid_from", "Ngày đầu tiên có hiệu lực; để trống nếu từ trước đến nay.", Sort.DAY),
    Column("Đến ngày", "valid_to", "Ngày cuối cùng còn hiệu lực; để trống nếu chưa biết.", Sort.DAY),
)
_ID = Column("Mã", "id", "Mã không đổi, không dấu, không khoảng trắng.", required=True)
_NAME = Column("Tên", "name", "Tên đầy đủ.", required=True)
_PERSON = Column("Người", "person", "Mã của người ở trang Nhân sự.", required=True)
_SUCCESSION = (
    Column("Tên cũ", "old_names", "Các tên hoặc mã đã dùng trước đây, cách nhau bằng dấu chấm phẩy.", Sort.NAMES),
    Column("Kế tục", "successor", "Mã tiếp nhận công việc sau ngày cuối cùng."),
)
PEOPLE, DAYS, CATALOGUES, RULES, OFFICE = "/people", "/calendar", "/catalogues", "/rules", ""


@dataclass(frozen=True)
class Sheet:
    title: str
    path: str
    help: str
    columns: tuple[Column, ...]


SHEETS = (
    Sheet("Cơ quan", OFFICE, "Một dòng: cơ quan dùng hệ thống.", (
        Column("Mã", "office", "Mã của cơ quan, không dấu, không khoảng trắng.", required=True),
        _NAME,
        Column("Số ngày mặc định", "default_working_days", "Số ngày làm việc khi không có quy tắc nào khác.", Sort.WHOLE, True),
        Column("Khung quy tắc", "frame", "Do hệ thống ghi khi bảng quy tắc có khung riêng; không sửa."),
    )),
    Sheet("Chức vụ", "/positions", "Các chức vụ của cơ quan.", (_ID, _NAME, *_DATES)),
    Sheet("Đơn vị", "/units", "Phòng, ban; mỗi thời kỳ một dòng.", (
        _ID,
        _NAME,
        Column("Ký hiệu", "symbol", "Chữ viết tắt trong ký hiệu văn bản."),
        Column("Trưởng đơn vị", "head", "Mã của người đứng đầu."),
        Column("Thuộc", "parent", "Mã của đơn vị cấp trên."),
        *_DATES,
        *_SUCCESSION,
    )),
    Sheet("Nhân sự", PEOPLE, "Người làm việc; chuyển đơn vị thì thêm một dòng cùng mã.", (
        _ID,
        _NAME,
        Column("Đơn vị", "unit", "Mã của đơn vị.", required=True),
        Column("Chức vụ", "position", "Mã ở trang Chức vụ."),
        Column("Vai trò", "roles", "Một hoặc nhiều vai trò, cách nhau bằng dấu phẩy.", Sort.LIST, words=ROLES),
        Column("Khóa", "disabled", "“có” nếu người này không còn được đăng nhập.", Sort.YES_NO),
        *_DATES,
    )),
    Sheet("Phụ trách", "/portfolios", "Lãnh đạo nào phụ trách đơn vị nào.", (
        Column("Đơn vị", "unit", "Mã của đơn vị.", required=True),
        Column("Lãnh đạo", "leader", "Mã của người phụ trách.", required=True),
        *_DATES,
    )),
    Sheet("Năng lực", "/people/*/competences", "Ai xử lý được lĩnh vực nào, ở mức nào.", (
        _PERSON,
        Column("Lĩnh vực", "matter", "Mã ở trang Lĩnh vực.", required=True),
        Column("Mức", "level", "1: làm được, 2: thạo, 3: chuyên gia.", Sort.WHOLE, True),
        *_DATES,
    )),
    Sheet("Ủy quyền", "/people/*/delegations", "Ai làm thay ai, từ ngày nào đến ngày nào.", (
        _PERSON,
        Column("Người làm thay", "to_person_id", "Mã của người làm thay.", required=True),
        Column("Từ ngày", "first_day", "Ngày đầu tiên.", Sort.DAY, True),
        Column("Đến ngày", "last_day", "Ngày cuối cùng.", Sort.DAY, True),
        Column("Lĩnh vực", "matters", "Chỉ trong các lĩnh vực này; để trống là tất cả.", Sort.LIST),
        Column("Đơn vị", "unit_ids", "Chỉ trong các đơn vị này; để trống là tất cả.", Sort.LIST),
    )),
    Sheet("Vắng mặt", "/people/*/absences", "Ai vắng, từ ngày nào đến ngày nào.", (
        _PERSON,
        Column("Từ ngày", "first_day", "Ngày đầu tiên.", Sort.DAY, True),
        Column("Đến ngày", "last_day", "Ngày cuối cùng.", Sort.DAY, True),
        Column("Buổi", "half", "“sáng” hoặc “chiều”; để trống là cả ngày.", words=HALVES),
        Column("Lý do", "kind", "Nghỉ phép, đi công tác hoặc lý do khác.", words=ABSENCES),
    )),
    Sheet("Lịch", DAYS, "Ngày nghỉ, ngày làm bù và ngày làm nửa buổi của cơ quan.", (
        Column("Ngày", "day", "Một ngày.", Sort.DAY, True),
        Column("Là", "sort", "Nghỉ, làm việc, chỉ làm sáng hoặc chỉ làm chiều.", required=True, words=DAY_SORTS),
    )),
    Sheet("Giờ làm việc", "/calendar/shifts", "Các ca trong ngày; để trống là giờ hành chính thông thường.", (
        Column("Bắt đầu", "begins", "Giờ bắt đầu, như 07:30.", Sort.TIME, True),
        Column("Kết thúc", "ends", "Giờ kết thúc, như 11:30.", Sort.TIME, True),
        *_DATES,
    )),
    Sheet("Sổ văn bản", "/books", "Các sổ đăng ký; mỗi sổ một dãy số.", (
        _ID,
        _NAME,
        Column("Chiều", "direction", "Văn bản đến hay đi.", required=True, words=DIRECTIONS),
        *_DATES,
        *_SUCCESSION,
    )),
    Sheet("Loại văn bản", "/kinds", "Các loại văn bản mà cơ quan dùng.", (
        Column("Mã", "id", "Loại theo Nghị định 30/2020/NĐ-CP, hoặc loại riêng của hệ thống.", required=True, words=KINDS),
        _NAME,
        *_DATES,
    )),
    Sheet("Cơ quan ban hành", "/issuers", "Nơi gửi văn bản đến, kể cả tên cũ.", (
        _ID,
        _NAME,
        Column("Cấp", "level", "Cấp của cơ quan ban hành.", required=True, words=LEVELS),
        *_DATES,
        *_SUCCESSION,
    )),
    Sheet("Lĩnh vực", "/matters", "Văn bản nói về việc gì, và thời hạn của việc đó.", (
        _ID,
        _NAME,
        Column("Thời hạn", "deadline", "Mã ở trang Thời hạn."),
        *_DATES,
    )),
    Sheet("Thời hạn", "/deadlines", "Thời hạn theo luật; luật đổi thì thêm một dòng cùng mã.", (
        _ID,
        _NAME,
        Column("Căn cứ", "legal_ref", "Điều, luật hoặc nghị định quy định thời hạn.", required=True),
        Column("Tính từ", "start_event", "Từ khi nào thời hạn bắt đầu.", words=STARTS),
        Column("Số", "amount", "Bao nhiêu ngày hoặc giờ.", Sort.WHOLE, True),
        Column("Đơn vị tính", "unit", "Ngày làm việc, ngày hoặc giờ làm việc.", words=UNITS),
        Column("Được gia hạn", "extendable", "“không” nếu luật không cho gia hạn.", Sort.YES_NO),
        Column("Số lần gia hạn", "most_extensions", "Nhiều nhất mấy lần; để trống là không giới hạn.", Sort.WHOLE),
        Column("Được tạm dừng", "suspendable", "“không” nếu thời hạn không được tạm dừng.", Sort.YES_NO),
        Column("Theo văn bản", "written_wins", "“không” nếu ngày ghi trong văn bản không thay được.", Sort.YES_NO),
        *_DATES,
    )),
    Sheet("Danh mục khác", CATALOGUES, "Các danh mục khác của cơ quan.", (
        Column("Danh mục", "catalogue", "Mã của danh mục.", required=True),
        Column("Mã", "code", "Mã trong danh mục.", required=True),
        _NAME,
        Column("Cấp", "level", "Cấp ban hành, nếu có.", words=LEVELS),
    )),
    Sheet("Quy tắc", RULES, "Đọc từ trên xuống, dòng đầu tiên khớp sẽ quyết định; dòng cuối không có điều kiện.", (
        Column("Mã", "_id", "Mã của dòng.", required=True),
        Column("Tên", "_description", "Dòng này nói gì, cho người đọc.", required=True),
        Column("Cấp ban hành", "issuer_level", "Một hoặc nhiều cấp.", Sort.LIST, words=LEVELS),
        Column("Loại", "kind", "Một hoặc nhiều loại văn bản.", Sort.LIST, words=KINDS),
        Column("Đuôi ký hiệu", "symbol_suffix", "Chữ sau gạch nối cuối cùng của ký hiệu.", Sort.LIST),
        Column("Trích yếu có", "subject", "Trích yếu có một trong các cụm từ này.", Sort.LIST),
        Column("Độ khẩn", "urgency", "Một hoặc nhiều độ khẩn.", Sort.LIST, words=URGENCIES),
        Column("Chủ trì", "lead_unit", "Mã đơn vị chủ trì.", required=True),
        Column("Phối hợp", "coordinating_units", "Mã các đơn vị phối hợp.", Sort.LIST),
        Column("Số ngày", "working_days", "Số ngày làm việc; để trống thì theo lĩnh vực hoặc mặc định.", Sort.WHOLE),
        Column("Cách giao", "mode", "Tự động, đề xuất hoặc thủ công.", words=MODES),
        Column("Lĩnh vực", "matter", "Mã ở trang Lĩnh vực."),
        Column("Ý kiến", "instruction", "Ý kiến ghi kèm khi giao."),
    )),
)  # fmt: skip
GUIDE = "Hướng dẫn"
"""The title of the sheet that explains the others; it is written, and not read."""
