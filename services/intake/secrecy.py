"""Recognises what claims to be a state secret. It is a tripwire: what it does not recognise is not thereby allowed.

Declared levels: `tuyet_mat`, `toi_mat`, `mat`, in any case, with or without diacritics, and the English
`top_secret`, `secret`, `confidential`. `none`, `thuong`, `khong` and an empty value declare nothing.
"""

import re
import unicodedata
from collections.abc import Iterator

MOST_PIECES = 5  # of a file's name between its dots
LEVELS = frozenset({"tuyet mat", "toi mat", "mat", "top secret", "secret", "confidential"})
NOTHING = frozenset({"", "none", "thuong", "khong", "normal"})
_BRACKETED = re.compile(r"[\[({<«“\"']\s*([^\[({<«“\])}>»”\"']{2,20}?)\s*[\])}>»”\"']")
_LABELLED = re.compile(r"(?:độ|mức độ|cấp độ)\s+mật\s*[:=–-]\s*(?:tuyệt\s+mật|tối\s+mật|mật)\b", re.IGNORECASE)
_SHOUTED = re.compile(r"\b(?:TUYỆT|TỐI)\s+MẬT\b|\bTOP\s+SECRET\b")
_HINTS = ("secret", "conf", *(f"m{vowel}t" for vowel in "aăâàáảãạằắẳẵặầấẩẫậ"))
_WORD = re.compile(r"\w+")
_COMPOUND_AFTER = frozenset(
    {
        "độ",
        "ong",
        "mã",
        "khẩu",
        "thiết",
        "vụ",
        "ngữ",
        "danh",
        "thư",
        "mía",
        "hoa",
        "gấu",
        "thám",
        "báo",
        "lệnh",
        "đàm",
        "nghị",
        "ước",
        "tông",
        "truyền",
        "pháp",
    }
)
_COMPOUND_BEFORE = frozenset({"bí", "bảo", "cơ", "rỉ", "mía", "tuần", "nội", "thân", "túi", "ống", "đường", "nước"})


def declares_secrecy(level: object) -> bool:
    """Whether the value of the field `secrecy` names a level."""
    return isinstance(level, str) and _plain(level) in LEVELS


def declares_nothing(level: object) -> bool:
    return level is None or (isinstance(level, str) and _plain(level) in NOTHING)


def bears_mark(text: str) -> bool:
    """A level that stands as a mark: the whole text, in brackets, after "Độ mật:", or as a word in capitals.

    Compound words ("mật độ", "bí mật nhà nước", also in capitals) are none.
    """
    text = unicodedata.normalize("NFC", text)
    if not _hints(text):
        return False
    if _is_level(text) or any(_is_level(inner) for inner in _BRACKETED.findall(text)):
        return True
    return bool(_LABELLED.search(text) or _SHOUTED.search(text)) or _shouts_alone(text)


def names_secret(name: str) -> bool:
    """Whether a file's name bears a mark, or is a level itself but for folder, extension, `_`, `-` and a count."""
    if name.isascii() and not _hints(name):
        return False
    pieces = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1].split(".")[:MOST_PIECES]
    stems = (re.sub(r"[\W\d_]+", " ", " ".join(pieces[:count])) for count in range(1, len(pieces) + 1))
    return bears_mark(re.sub(r"[_.]", " ", name)) or any(map(_is_level, stems))


def is_secret(metadata: object) -> bool:
    """Whether anything in the metadata, however deep, declares a level or bears a mark."""
    if isinstance(metadata, dict) and declares_secrecy(metadata.get("secrecy")):
        return True
    texts = list(_texts(metadata))
    return _hints(unicodedata.normalize("NFC", "\n".join(texts))) and any(map(bears_mark, texts))


def _hints(text: str) -> bool:
    """Whether there may be a mark. Nearly all texts are done with here, and a search for each hint is the quickest.

    Not the whole of "confidential": a Turkish capital in it folds into two letters.
    """
    folded = text.casefold()
    return any(hint in folded for hint in _HINTS)


def _is_level(text: str) -> bool:
    """`mat` without its diacritics is a word of its own, so only the long levels may go without."""
    plain = _plain(text)
    return plain in LEVELS and (plain != "mat" or "ậ" in text.lower())


def _shouts_alone(text: str) -> bool:
    words = _WORD.findall(text)
    for place, word in enumerate(words):
        before = words[place - 1].lower() if place else ""
        after = words[place + 1].lower() if place + 1 < len(words) else ""
        if word == "MẬT" and before not in _COMPOUND_BEFORE and after not in _COMPOUND_AFTER:
            return True
    return False


def _texts(value: object) -> Iterator[str]:
    """At any depth, without recursion: a sender may nest deeper than Python's stack."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            waiting += [*map(str, each), *each.values()]
        elif isinstance(each, list | tuple):
            waiting += each


def _plain(text: str) -> str:
    """Lower case, no diacritics, single spaces, no punctuation around."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    letters = "".join(each for each in decomposed if not unicodedata.combining(each)).replace("đ", "d")
    return " ".join(re.findall(r"[^\W_]+", letters))
