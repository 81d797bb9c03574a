"""What may be a state secret is sealed for everyone, and a security officer confirms or unseals."""

from typing import Any

import pytest

from tests.intake.conftest import Running
from tests.intake.scanner import pdf
from tests.intake.test_arriving import events_of
from tests.intake.test_staff_work import as_person, posted

WORDS = {"subject": "V/v CANARY", "issuer": "Sở CANARY", "symbol": "1/CANARY", "number": "77"}
SEAL = {"reason": "mark_found", "expected_version": 1}


async def sealed_one(intake: Running, **metadata: Any) -> tuple[dict[str, Any], str]:
    answer = await posted(intake, **{**WORDS, **metadata})
    path = f"documents/{answer['id']}"
    assert (await as_person(intake, "clerk", "POST", f"{path}/seal", SEAL)).status_code == 200
    return answer, path


async def test_from_its_seal_on_nobody_reads_a_document_and_a_security_officer_knows_its_number(
    intake: Running,
) -> None:
    answer, path = await sealed_one(intake)
    book = f"books/incoming/{answer['year']}"
    for person in ("clerk", "leader", "auditor", "hoa"):
        for address in (path, f"{path}/file"):
            assert (await as_person(intake, person, "GET", address)).status_code == 404
        assert (await as_person(intake, person, "GET", book)).json()["entries"] == []
    seen = await as_person(intake, "security", "GET", path)
    assert (seen.status_code, seen.json()["number"], seen.json()["seal"]["by"]) == (200, answer["number"], "clerk")
    assert (await as_person(intake, "security", "GET", f"{path}/file")).status_code == 404
    page = await as_person(intake, "security", "GET", book)
    assert [each["id"] for each in page.json()["entries"]] == [answer["id"]]
    listed = await as_person(intake, "security", "GET", "sealed")
    assert [each["id"] for each in listed.json()["documents"]] == [answer["id"]]
    assert (await as_person(intake, "clerk", "GET", "sealed")).status_code == 403
    assert "CANARY" not in seen.text + page.text + listed.text


async def test_the_seal_is_said_without_a_word_and_the_security_officers_are_told_once(intake: Running) -> None:
    answer, path = await sealed_one(intake)
    again = await as_person(intake, "clerk", "POST", f"{path}/seal", SEAL)
    assert (again.status_code, again.json()["version"]) == (200, 2)
    _, event = await events_of(intake, answer["id"])
    assert (event["type"], event["version"]) == ("vanthu.document-sealed.v1", 2)
    assert event["document"]["sealed"] is True
    assert event["document"]["file"] is None
    assert "CANARY" not in str(event)
    incidents = await intake.database["events"].find({"type": "vanthu.secrecy-incident-raised.v1"}).to_list(None)
    assert len(incidents) == 1
    assert "CANARY" not in str(incidents)


async def test_who_may_not_read_a_document_cannot_seal_it_and_an_officer_can(intake: Running) -> None:
    answer = await posted(intake, restricted=True)
    path = f"documents/{answer['id']}/seal"
    assert (await as_person(intake, "clerk", "POST", path, SEAL)).status_code == 404
    assert (await as_person(intake, "auditor", "POST", f"documents/{(await posted(intake))['id']}/seal", SEAL)
            ).status_code == 403  # fmt: skip
    assert (await as_person(intake, "security", "POST", path, {"reason": "reported"})).status_code == 200
    concerned = await posted(intake, conflicted_person_ids=["security"])
    refused = await as_person(intake, "security", "POST", f"documents/{concerned['id']}/seal", SEAL)
    assert refused.status_code == 404


@pytest.mark.parametrize("change", [{"reason": "it says: CANARY"}, {}, {"reason": "mark_found", "expected_version": 9}])
async def test_a_seal_takes_no_free_text_and_no_other_version(change: dict[str, Any], intake: Running) -> None:
    answer = await posted(intake)
    refused = await as_person(intake, "clerk", "POST", f"documents/{answer['id']}/seal", change)
    assert refused.status_code in {409, 422}
    assert (await as_person(intake, "clerk", "GET", f"documents/{answer['id']}")).status_code == 200


async def test_only_an_officer_confirms_and_a_repeat_changes_nothing(intake: Running) -> None:
    _, path = await sealed_one(intake)
    assert (
        await as_person(intake, "clerk", "POST", f"{path}/confirm-seal", {"expected_version": 2})
    ).status_code == 403
    assert (
        await as_person(intake, "security", "POST", f"{path}/confirm-seal", {"expected_version": 1})
    ).status_code == 409
    answers = [
        await as_person(intake, "security", "POST", f"{path}/confirm-seal", {"expected_version": 2}) for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["seal"]["confirmed_by"] == "security"


async def test_a_false_alarm_is_unsealed_and_reads_as_before(intake: Running) -> None:
    answer, path = await sealed_one(intake)
    body = {"reason": "false_alarm", "expected_version": 2}
    assert (await as_person(intake, "clerk", "POST", f"{path}/unseal", body)).status_code == 403
    done = await as_person(intake, "security", "POST", f"{path}/unseal", body)
    assert (done.status_code, done.json()["version"]) == (200, 3)
    assert (await as_person(intake, "security", "POST", f"{path}/unseal", body)).status_code == 200
    assert (await as_person(intake, "clerk", "GET", path)).json()["subject"] == "V/v CANARY"
    assert (await as_person(intake, "clerk", "GET", f"{path}/file")).status_code == 200
    *_, event = await events_of(intake, answer["id"])
    assert (event["type"], event["document"]["subject"]) == ("vanthu.document-unsealed.v1", "V/v CANARY")
    trace = (await intake.database["documents"].find_one({"_id": answer["id"]}))["unsealed"]
    assert (trace["by"], trace["reason"], trace["seal"]["by"]) == ("security", "false_alarm", "clerk")


async def test_nobody_corrects_or_voids_what_is_sealed(intake: Running) -> None:
    _, path = await sealed_one(intake)
    for method, address, body in (
        ("PATCH", path, {"subject": "new", "expected_version": 2}),
        ("POST", f"{path}/void", {"reason": "x", "expected_version": 2}),
    ):
        assert (await as_person(intake, "clerk", method, address, body)).status_code == 404
        assert (await as_person(intake, "security", method, address, body)).status_code == 403


async def test_a_sender_with_equal_bytes_does_not_learn_of_a_sealed_document(intake: Running) -> None:
    answer = (await intake.scanner.post({"subject": "a"}, pdf("same"))).json()
    assert (await as_person(intake, "clerk", "POST", f"documents/{answer['id']}/seal", SEAL)).status_code == 200
    assert (await intake.scanner.post({"subject": "b"}, pdf("same"))).json()["possible_duplicate_of"] is None
