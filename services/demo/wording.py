"""What the year's papers are about and who wrote them: real kinds of bodies, no people."""

from dataclasses import dataclass

from services.events import Kind

PLACE = "Hà Tĩnh"
DISTRICTS = (
    "thành phố Hà Tĩnh", "thị xã Hồng Lĩnh", "thị xã Kỳ Anh", "huyện Kỳ Anh", "huyện Cẩm Xuyên",
    "huyện Thạch Hà", "huyện Lộc Hà", "huyện Can Lộc", "huyện Đức Thọ", "huyện Nghi Xuân",
    "huyện Hương Sơn", "huyện Hương Khê", "huyện Vũ Quang",
)  # fmt: skip


@dataclass(frozen=True)
class Topic:
    """A field of work: who writes about it, and what about. `room` is the last part of an answer's symbol."""

    department: str
    department_symbol: str
    ministry: str
    ministry_symbol: str
    room: str
    matters: tuple[str, ...]


@dataclass(frozen=True)
class Body:
    name: str
    symbol: str


TOPICS = (
    Topic("Sở Tài nguyên và Môi trường", "STNMT", "Bộ Tài nguyên và Môi trường", "BTNMT", "NN", (
        "thu hồi đất để thực hiện dự án hạ tầng khu dân cư", "điều chỉnh quy hoạch, kế hoạch sử dụng đất năm 2016",
        "cấp giấy chứng nhận quyền sử dụng đất cho các hộ gia đình", "bảng giá đất và giá đất cụ thể",
        "đánh giá tác động môi trường dự án nhà máy xử lý rác thải", "cấp phép khai thác mỏ cát xây dựng",
        "giao đất, cho thuê đất đối với tổ chức kinh tế")),
    Topic("Sở Kế hoạch và Đầu tư", "SKHĐT", "Bộ Kế hoạch và Đầu tư", "BKHĐT", "TH", (
        "chủ trương đầu tư dự án đường giao thông liên xã", "kế hoạch đầu tư công trung hạn 2016 - 2020",
        "giám sát, đánh giá đầu tư các chương trình, dự án", "cấp giấy chứng nhận đăng ký đầu tư",
        "kết quả lựa chọn nhà thầu gói thầu xây lắp", "tình hình kinh tế - xã hội và đăng ký doanh nghiệp")),
    Topic("Thanh tra tỉnh", "TTr", "Thanh tra Chính phủ", "TTCP", "NC", (
        "giải quyết khiếu nại về bồi thường, giải phóng mặt bằng", "xử lý đơn tố cáo của công dân",
        "kết luận thanh tra việc quản lý, sử dụng ngân sách xã", "công tác tiếp công dân, giải quyết khiếu nại, tố cáo",
        "phòng, chống tham nhũng và kê khai tài sản, thu nhập")),
    Topic("Sở Y tế", "SYT", "Bộ Y tế", "BYT", "VX", (
        "phòng, chống dịch bệnh sốt xuất huyết và Zika", "đầu tư trang thiết bị y tế cho bệnh viện đa khoa huyện",
        "bảo đảm an toàn thực phẩm trong mùa lễ hội", "thực hiện bảo hiểm y tế toàn dân",
        "tiêm chủng mở rộng cho trẻ em năm 2016")),
    Topic("Sở Giáo dục và Đào tạo", "SGDĐT", "Bộ Giáo dục và Đào tạo", "BGDĐT", "VX", (
        "tổ chức kỳ thi trung học phổ thông quốc gia năm 2016", "kiên cố hóa trường, lớp học vùng lũ",
        "sắp xếp mạng lưới trường học, giáo viên mầm non", "công nhận trường đạt chuẩn quốc gia",
        "phổ cập giáo dục, xóa mù chữ")),
    Topic("Sở Nông nghiệp và Phát triển nông thôn", "SNN", "Bộ Nông nghiệp và Phát triển nông thôn", "BNN", "NN", (
        "xây dựng nông thôn mới năm 2016", "phòng, chống cháy rừng mùa khô", "nâng cấp hồ chứa và kênh mương thủy lợi",
        "hỗ trợ ngư dân sau sự cố môi trường biển", "phòng, chống dịch bệnh gia súc, gia cầm",
        "ứng phó bão, lũ và khắc phục hậu quả thiên tai")),
    Topic("Sở Giao thông vận tải", "SGTVT", "Bộ Giao thông vận tải", "BGTVT", "KT", (
        "bảo đảm trật tự an toàn giao thông dịp Tết", "sửa chữa quốc lộ 8A và các cầu yếu",
        "giải phóng mặt bằng mở rộng quốc lộ 1A", "kiểm soát tải trọng phương tiện")),
    Topic("Sở Xây dựng", "SXD", "Bộ Xây dựng", "BXD", "KT", (
        "quy hoạch chung xây dựng thị trấn", "thẩm định thiết kế cơ sở công trình trụ sở",
        "quản lý trật tự xây dựng và nhà ở xã hội", "công bố giá vật liệu xây dựng quý")),
    Topic("Sở Công Thương", "SCT", "Bộ Công Thương", "BCT", "KT", (
        "quy hoạch cụm công nghiệp", "bình ổn thị trường, chống hàng giả, buôn lậu",
        "an toàn đập và vận hành hồ chứa thủy điện", "phát triển lưới điện nông thôn")),
    Topic("Sở Tài chính", "STC", "Bộ Tài chính", "BTC", "TH", (
        "phân bổ dự toán ngân sách nhà nước năm 2016", "quyết toán vốn đầu tư dự án hoàn thành",
        "mua sắm tài sản công tập trung", "bổ sung kinh phí khắc phục thiên tai")),
    Topic("Sở Nội vụ", "SNV", "Bộ Nội vụ", "BNV", "TH", (
        "tinh giản biên chế theo Nghị định 108", "bầu cử đại biểu Quốc hội và Hội đồng nhân dân các cấp",
        "cải cách hành chính năm 2016", "thi đua, khen thưởng", "bổ nhiệm và điều động công chức")),
    Topic("Sở Lao động - Thương binh và Xã hội", "SLĐTBXH", "Bộ Lao động - Thương binh và Xã hội", "LĐTBXH", "VX", (
        "chính sách đối với người có công", "giảm nghèo bền vững giai đoạn 2016 - 2020",
        "đào tạo nghề cho lao động nông thôn", "trợ giúp xã hội dịp Tết và giáp hạt")),
    Topic("Sở Tư pháp", "STP", "Bộ Tư pháp", "BTP", "NC", (
        "rà soát, hệ thống hóa văn bản quy phạm pháp luật", "đăng ký hộ tịch và cấp phiếu lý lịch tư pháp",
        "phổ biến, giáo dục pháp luật", "thi hành án dân sự và hành chính")),
    Topic("Công an tỉnh", "CAT", "Bộ Công an", "BCA", "NC", (
        "bảo đảm an ninh, trật tự dịp bầu cử", "phòng cháy, chữa cháy tại chợ và khu dân cư",
        "phòng, chống tội phạm và ma túy")),
    Topic("Sở Văn hóa, Thể thao và Du lịch", "SVHTTDL", "Bộ Văn hóa, Thể thao và Du lịch", "BVHTTDL", "VX", (
        "tổ chức lễ hội và kỷ niệm ngày lễ lớn", "xếp hạng và tu bổ di tích lịch sử", "phát triển du lịch biển")),
    Topic("Sở Thông tin và Truyền thông", "STTTT", "Bộ Thông tin và Truyền thông", "BTTTT", "VX", (
        "ứng dụng công nghệ thông tin, dịch vụ công trực tuyến", "gửi, nhận văn bản điện tử qua mạng",
        "quản lý báo chí và thông tin điện tử")),
    Topic("Sở Khoa học và Công nghệ", "SKHCN", "Bộ Khoa học và Công nghệ", "BKHCN", "KT", (
        "nhiệm vụ khoa học và công nghệ cấp tỉnh", "bảo hộ chỉ dẫn địa lý sản phẩm cam, bưởi",
        "tiêu chuẩn, đo lường, chất lượng sản phẩm")),
)  # fmt: skip

GOVERNMENT = (Body("Thủ tướng Chính phủ", "TTg"), Body("Chính phủ", "CP"), Body("Văn phòng Chính phủ", "VPCP"))
OTHERS = (
    Body("Ngân hàng Nhà nước chi nhánh tỉnh", "NHNN"), Body("Bảo hiểm xã hội tỉnh", "BHXH"),
    Body("Liên đoàn Lao động tỉnh", "LĐLĐ"), Body("Hội Nông dân tỉnh", "HND"), Body("Hội Liên hiệp Phụ nữ tỉnh", "HPN"),
    Body("Tòa án nhân dân tỉnh", "TA"), Body("Viện kiểm sát nhân dân tỉnh", "VKS"), Body("Điện lực tỉnh", "ĐL"),
    Body("Liên hiệp các Hội Khoa học và Kỹ thuật tỉnh", "LHH"), Body("Hiệp hội Doanh nghiệp tỉnh", "HHDN"),
)  # fmt: skip
COMPANIES = ("Công ty cổ phần (hồ sơ một cửa)", "Công ty TNHH (hồ sơ một cửa)", "Hợp tác xã (hồ sơ một cửa)")

REQUESTS = (
    "V/v {matter} tại {place}", "V/v đề nghị cho ý kiến về {matter} tại {place}", "V/v xin chủ trương {matter}",
    "V/v vướng mắc trong {matter} tại {place}", "V/v bổ sung kinh phí cho {matter}",
)  # fmt: skip
ORDERS = (
    "V/v triển khai thực hiện {matter}", "V/v tăng cường chỉ đạo {matter}", "V/v hướng dẫn {matter}",
    "V/v đôn đốc báo cáo tình hình {matter} tháng {month:02d}/2016", "V/v {matter} tại {place}",
)  # fmt: skip
BY_KIND: dict[Kind, tuple[str, ...]] = {
    Kind.BAO_CAO: ("Báo cáo tình hình {matter} tháng {month:02d}/2016", "Báo cáo kết quả {matter} tại {place}"),
    Kind.TO_TRINH: ("Tờ trình về việc {matter} tại {place}", "Tờ trình xin phê duyệt kinh phí {matter}"),
    Kind.KE_HOACH: ("Kế hoạch {matter}",),
    Kind.DE_AN: ("Đề án {matter} giai đoạn 2016 - 2020",),
    Kind.QUYET_DINH: ("Quyết định về việc {matter} tại {place}", "Quyết định ban hành quy định về {matter}"),
    Kind.THONG_BAO: ("Thông báo kết luận cuộc họp về {matter}", "Thông báo về {matter}"),
    Kind.HUONG_DAN: ("Hướng dẫn {matter}",),
    Kind.CHI_THI: ("Chỉ thị về tăng cường {matter}",),
    Kind.NGHI_QUYET: ("Nghị quyết về {matter}",),
    Kind.CONG_DIEN: ("Công điện về {matter}",),
    Kind.CHUONG_TRINH: ("Chương trình {matter}",),
    Kind.PHUONG_AN: ("Phương án {matter} tại {place}",),
    Kind.QPPL: ("Ban hành quy định về {matter} trên địa bàn tỉnh",),
}
MEETINGS = ("Giấy mời họp về {matter}", "Giấy mời dự hội nghị về {matter}", "Giấy mời làm việc tại {place} về {matter}")
PETITIONS = (
    ("Đơn khiếu nại về bồi thường, giải phóng mặt bằng tại {place}", False),
    ("Đơn khiếu nại quyết định thu hồi đất tại {place}", False),
    ("Đơn kiến nghị về ô nhiễm môi trường tại {place}", False),
    ("Đơn đề nghị hưởng chính sách người có công tại {place}", False),
    ("Đơn phản ánh chất lượng công trình trường học tại {place}", False),
    ("Đơn tố cáo cán bộ xã tại {place}", True),
)
ONE_STOP = (
    "Hồ sơ đề nghị giao đất, cho thuê đất tại {place}", "Hồ sơ đề nghị cấp giấy chứng nhận đăng ký đầu tư tại {place}",
    "Hồ sơ thẩm định báo cáo đánh giá tác động môi trường tại {place}",
    "Hồ sơ đề nghị cấp phép hoạt động cơ sở khám, chữa bệnh tại {place}",
    "Hồ sơ chuyển mục đích sử dụng đất tại {place}",
)  # fmt: skip
SITE_PLANS = (
    "Quy hoạch mặt bằng khu dân cư tại {place}", "Điều chỉnh quy hoạch mặt bằng trụ sở cơ quan tại {place}",
    "Quy hoạch mặt bằng trường học tại {place}", "Mặt bằng quy hoạch khu tái định cư tại {place}",
)  # fmt: skip
OWN = (
    "V/v lịch công tác tuần của Văn phòng", "V/v bố trí xe và lễ tân phục vụ đoàn công tác",
    "V/v sử dụng phần mềm quản lý văn bản và hồ sơ công việc", "V/v mua sắm văn phòng phẩm quý",
    "V/v phân công trực cơ quan", "V/v nâng bậc lương thường xuyên của Văn phòng",
)  # fmt: skip
