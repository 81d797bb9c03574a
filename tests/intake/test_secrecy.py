"""What is taken for a state secret, and what is not."""

import unicodedata

import pytest

from services.intake.secrecy import bears_mark, declares_nothing, declares_secrecy, is_secret, names_secret


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
        "Công văn (kèm theo bản [Mật])",
        "Công văn «số 5 (mật)",
        "TOP SECRET plan",
        "BÁO CÁO MẬT",
        "CONFİDENTİAL",
        "(CONFİDENTİAL) plan",
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


@pytest.mark.parametrize(
    "name",
    [
        "mật.pdf",
        "tối mật.pdf",
        "toi_mat.pdf",
        "TOI MAT.pdf",
        "toi-mat (2).pdf",
        "1. mật.pdf",
        "Mật.docx.pdf",
        "C:\\scan\\MẬT",
        "Ke_hoach_MẬT.pdf",
        unicodedata.normalize("NFD", "mật.pdf"),
    ],
)
def test_a_files_name_that_is_a_mark_is_recognised(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize("name", ["mật độ.pdf", "mat-bang.pdf", "bảo mật.pdf", "mat.pdf", "scan.pdf", "", "." * 4000])
def test_a_files_name_that_only_sounds_like_a_mark_is_none(name: str) -> None:
    assert not names_secret(name)


def test_no_depth_of_metadata_is_too_deep_to_be_judged() -> None:
    deep: object = "TUYỆT MẬT"
    for _ in range(100_000):
        deep = [deep]
    assert is_secret({"deep": deep})
    while isinstance(deep, list):  # Python would end it by recursion
        deep = deep[0]
