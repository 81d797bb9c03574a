"""What a command says of what went wrong, and what it keeps to itself."""

import errno

import pytest
import typer
from pymongo.errors import (
    BulkWriteError,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from services.cli.terminal import run


def said(error: Exception, capsys: pytest.CaptureFixture[str]) -> str:
    async def work() -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        run(work())
    assert ended.value.exit_code == 1
    return " ".join(capsys.readouterr().err.split())


def test_a_full_disk_is_told_in_words_with_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(OSError(errno.ENOSPC, "No space left on device", "/data/files/x"), capsys)
    assert "No space left on device: '/data/files/x'" in told
    assert "Make room" in told


def test_only_a_server_that_is_away_is_told_as_one_that_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert "does not answer" in said(ServerSelectionTimeoutError("nobody there"), capsys)
    refusal = OperationFailure("not authorized on x", 13, {"codeName": "Unauthorized"})
    assert "MongoDB refused: OperationFailure 13 Unauthorized" in said(refusal, capsys)


@pytest.mark.parametrize(
    "error",
    [
        DuplicateKeyError('dup key: { key: "Nguyễn Văn A" }', 11000),
        BulkWriteError({"writeErrors": [{"code": 11000, "errmsg": "Nguyễn Văn A", "op": {"name": "Nguyễn Văn A"}}]}),
    ],
)
def test_no_row_is_quoted(error: PyMongoError, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(error, capsys)
    assert "11000" in told
    assert "Nguyễn" not in told
