"""One-page letters as PDF: drawn once with fpdf2, then filled per document by swapping bytes of equal length.

The page has slots: runs of one letter, drawn where issuer, number, date and subject belong. A slot's string
`(…)` is as long in bytes as any `<hex>` string put in its place, so every offset in the file stays right
and a new page costs microseconds.
"""

import io
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF
from PIL import Image, ImageFilter

FONT_FILE = Path(__file__).parent / "letter.ttf"
FONT = "letter"
MEDIA_TYPE = "application/pdf"
PLACEHOLDER = "@"
NOISE_SEED = 2016
SUBJECT_LINES, SUBJECT_LINE_LETTERS = 5, 62
ALPHABET = "".join(
    sorted(
        set(map(chr, range(32, 127)))
        | set("àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ–")
        | set("ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬĐÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴ")
    )
)


@dataclass(frozen=True, slots=True)
class Face:
    """What stands on a page and nowhere else on it: a letter's head, and a mark that no other page has."""

    issuer: str
    number: str
    dated: str
    subject: str
    mark: str


class Pages:
    """Makes pages of about 20 KB; two pages differ in their bytes when their faces differ."""

    def __init__(self) -> None:
        document = _draw()
        self._codes = _codes(document)
        self._parts = _split_at_slots(bytes(document.output()), self._codes[PLACEHOLDER])

    def page(self, face: Face) -> bytes:
        texts = (face.issuer, face.number, face.dated, *_lines(face.subject), face.mark)
        pieces = [self._parts[0]]
        for text, letters, part in zip(texts, _SLOT_LETTERS, self._parts[1:], strict=True):
            pieces += (self._filled(text[:letters], letters), part)
        return b"".join(pieces)

    def _filled(self, text: str, letters: int) -> bytes:
        unknown = self._codes["?"]
        shown = "".join([self._codes.get(letter, unknown) for letter in text])
        return f"<{shown:{4 * letters}}>".encode()


# Letters per slot: all different, so that each slot can be told apart in the finished file.
_SLOT_LETTERS = (60, 45, 46, *range(SUBJECT_LINE_LETTERS, SUBJECT_LINE_LETTERS + SUBJECT_LINES), 24)


def _draw() -> FPDF:
    pdf = FPDF(format="A4", unit="mm")
    pdf.set_compression(False)
    pdf.set_creation_date(datetime(2016, 1, 1, tzinfo=UTC))
    pdf.add_font(FONT, fname=FONT_FILE)
    pdf.add_page()
    pdf.image(_noise(), x=0, y=0, w=210, h=297)
    _draw_letter(pdf)
    return pdf


def _draw_letter(pdf: FPDF) -> None:
    issuer, number, dated, *subject, mark = (PLACEHOLDER * 2 * letters for letters in _SLOT_LETTERS)
    _write(pdf, 8, (20, 22, issuer))
    _write(pdf, 10, (20, 34, number), (118, 34, dated), (20, 50, "V/v:"))
    _write(pdf, 9, (112, 22, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), (127, 27, "Độc lập - Tự do - Hạnh phúc"))
    pdf.line(129, 29, 170, 29)
    _write(pdf, 10, *((30, 50 + 6 * row, line) for row, line in enumerate(subject)))
    _write(pdf, 11, (65, 92, "Kính gửi: Ủy ban nhân dân tỉnh"), *_BODY)
    _write(pdf, 8, (20, 246, "Nơi nhận:"), (20, 251, "- Như trên;"), (20, 256, "- Lưu: VT."))
    _write(pdf, 10, (130, 246, "TM. CƠ QUAN BAN HÀNH"), (142, 252, "(đã ký)"))
    _write(pdf, 6, (20, 287, "Văn bản trình diễn, không có giá trị pháp lý · Demonstration, not a real document"))
    _write(pdf, 6, (165, 287, mark))


_BODY = (
    (30, 108, "Thực hiện nhiệm vụ được giao và các quy định hiện hành của pháp luật, cơ quan"),
    (20, 116, "ban hành đã tổ chức kiểm tra, tổng hợp ý kiến của các đơn vị có liên quan về nội"),
    (20, 124, "dung nêu trên."),
    (30, 136, "Kết quả kiểm tra cho thấy việc triển khai cơ bản đúng tiến độ, đúng thẩm quyền;"),
    (20, 144, "một số khó khăn, vướng mắc phát sinh đã được các đơn vị phối hợp xử lý, phần còn"),
    (20, 152, "lại vượt thẩm quyền, cần có ý kiến chỉ đạo của Ủy ban nhân dân tỉnh."),
    (30, 164, "Kính đề nghị Ủy ban nhân dân tỉnh xem xét, cho ý kiến chỉ đạo để các cơ quan, đơn"),
    (20, 172, "vị có căn cứ tổ chức thực hiện./."),
)


def _write(pdf: FPDF, size: int, *texts: tuple[float, float, str]) -> None:
    pdf.set_font(FONT, size=size)
    for x, y, text in texts:
        pdf.text(x, y, text)


def _noise() -> io.BytesIO:
    """What a scanner adds to white paper, as JPEG."""
    dots = random.Random(NOISE_SEED)
    image = Image.new("L", (124, 175))
    image.putdata([255 - int(dots.expovariate(0.2)) % 60 for _ in range(124 * 175)])
    scanned = io.BytesIO()
    image.filter(ImageFilter.BoxBlur(0.6)).save(scanned, "JPEG", quality=50)
    return scanned


def _codes(pdf: FPDF) -> dict[str, str]:
    """The file's own code of each letter, in hex. Every letter is thereby kept in its font."""
    subset = pdf.fonts[FONT].subset  # type: ignore[union-attr]
    return {letter: f"{subset.pick(ord(letter)):04X}" for letter in ALPHABET}


def _split_at_slots(file: bytes, placeholder: str) -> list[bytes]:
    parts, rest = [], file
    for letters in _SLOT_LETTERS:
        slot = b"(" + bytes.fromhex(placeholder) * 2 * letters + b")"
        before, found, rest = rest.partition(slot)
        if not found:
            raise ValueError("fpdf2 wrote a page in a way that its slots cannot be found in")
        parts.append(before)
    return [*parts, rest]


def _lines(subject: str) -> list[str]:
    lines = [""]
    for word in subject.split():
        if len(lines[-1]) + 1 + len(word) > SUBJECT_LINE_LETTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return (lines + [""] * SUBJECT_LINES)[:SUBJECT_LINES]
