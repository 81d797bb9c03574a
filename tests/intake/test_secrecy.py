"""What is taken for a state secret, and what is not."""

import unicodedata

import pytest

from services.intake.secrecy import bears_mark, declares_nothing, declares_secrecy, is_secret


@pytest.mark.parametrize(
    "level", ["tuyet_mat", "toi_mat", "mat", "MẬT", "Tối mật", "TUYỆT MẬT", "top_secret", "Secret", "confidential"]
)
def test_a_declared_level_is_recognised_however_it_is_written(level: str) -> None:
    assert declares_secrecy(level)
    assert declares_secrecy(unicodedata.normalize("NFD", level))
    assert not declares_nothing(level)


@pytest.mark.parametrize("level", [None, "", "none", "Thường", "không"])
def test_an_ordinary_document_declares_nothing(level: str | None) -> None:
    assert declares_nothing(level)
    assert not declares_secrecy(level)


@pytest.mark.parametrize(
    "text",
    [
        "MẬT",
        "mật",
        "Tối mật",
        "toi mat",
        "[MẬT] Báo cáo tình hình",
        "Báo cáo (Tuyệt mật) quý I",
        "Báo cáo MẬT về biên giới",
        "V/v TỐI MẬT: kế hoạch",
        "Độ mật: mật",
        "TOP SECRET plan",
        "BÁO CÁO MẬT",
        unicodedata.normalize("NFD", "Báo cáo MẬT về biên giới"),
    ],
)
def test_a_mark_is_recognised(text: str) -> None:
    assert bears_mark(text)


@pytest.mark.parametrize(
    "text",
    [
        "Báo cáo mật độ dân số",
        "BÁO CÁO MẬT ĐỘ DÂN SỐ",
        "V/v bảo vệ bí mật nhà nước",
        "V/V BẢO VỆ BÍ MẬT NHÀ NƯỚC",
        "Tăng cường bảo mật thông tin",
        "Hỗ trợ nghề nuôi ong lấy mật ong",
        "mat",
        "mặt",
        "Danh mục bí mật nhà nước độ Tối mật của ngành",
        "Quan hệ mật thiết",
        "",
    ],
)
def test_compound_words_are_no_secret(text: str) -> None:
    assert not bears_mark(text)


def test_a_mark_anywhere_in_the_metadata_counts() -> None:
    assert is_secret({"secrecy": "mat"})
    assert is_secret({"recipients": ["Sở Y tế", "[Mật] Công an tỉnh"]})
    assert is_secret({"unknown": {"deep": ["TUYỆT MẬT"]}})
    assert not is_secret({"secrecy": "none", "subject": "Mật độ xây dựng", "restricted": True})
    assert not is_secret(["a", 1, None])
