"""A document that a device posts: its answer, its number, its file and its event."""

import asyncio
import hashlib
import base64
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson

from services.intake.register_log import entries
from tests.harness import as_bearer
from tests.intake.conftest import Running
from tests.intake.scanner import PDF, pdf
from tests.offices import HA_TINH, NGHE_AN, token

WHOLE = {
    "issuer": "Bộ Tài chính",
    "issuer_level": "ministry",
    "kind": "cong_van",
    "number": "1234",
    "symbol": "1234/BTC-NSNN",
    "document_date": "2016-02-01",
    "arrived_on": "2016-02-03",
    "due_on": "2016-02-20",
    "subject": "V/v quyết toán ngân sách",
    "urgency": "urgent",
    "answers": "15/QĐ-UBND",
    "conflicted_person_ids": ["hoa"],
}


async def test_the_answer_says_what_was_stored_and_under_which_number(intake: Running) -> None:
    response = await intake.scanner.post(WHOLE)
    answer = response.json()
    assert response.status_code == 201, answer
    assert response.headers["location"] == f"/intake/api/v1/documents/{answer['id']}"
    year = datetime.now(ZoneInfo(intake.settings.timezone)).year
    assert answer | {"id": "", "received_at": ""} == {
        "id": "",
        "book": "incoming",
        "year": year,
        "number": 1,
        "status": "registered",
        "received_at": "",
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "size_bytes": len(PDF),
        "media_type": "application/pdf",
        "possible_duplicate_of": None,
    }
    assert abs((datetime.fromisoformat(answer["received_at"]) - datetime.now(UTC)).total_seconds()) < 60
    folder = intake.settings.data_folder / "files" / HA_TINH / answer["id"][-2:]
    assert [path.name for path in folder.iterdir()] == [answer["id"]]
    assert (folder / answer["id"]).read_bytes() == PDF
    assert (await intake.scanner.get(response.headers["location"])).json() == answer
