"""What a recovery decides: which events were lost, which lines contradict, and who is behind whom."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.chassis.journal import restated, row_of
from services.cli.recovery.command import tell
from services.cli.recovery.lost_events import belongs
from services.cli.recovery.recovering import Recovered
from services.cli.recovery.register_lines import judged
from services.cli.recovery.registering import Registering, read_log
from services.cli.recovery.skew import Mend, mends
from services.events import (
    Direction,
    DocumentDescribed,
    DocumentReceived,
    DocumentSealed,
    Kind,
    PeriodCounted,
    SecrecyIncidentRaised,
)
from services.intake.documents import (
    RECOVERED,
    Arrival,
    StoredFile,
    arrived,
    blank,
    completed,
    described,
    entry,
    from_event,
    from_log,
    log_line,
    with_state,
)
from services.intake.documents import state as state_of
from services.intake.sealing import blank_line
from services.routing.recovering import adopted
from tests.notify.facts import said

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
E1, E2 = 1_700_000_000, 1_800_000_000


@pytest.mark.parametrize(
    ("kept", "epoch", "version", "lost"),
    [
        ({}, 0, 1, True),
        ({1: 0}, 0, 1, False),
        ({1: 0}, 0, 2, True),
        ({1: 0, 3: 0}, 0, 2, True),
        ({1: 0, 2: E1}, 0, 2, False),
        ({1: 0, 2: E1}, 0, 5, False),
        ({1: 0, 4: E1}, 0, 3, True),
        ({1: 0, 2: E1}, E2, 2, True),
        ({1: 0, 2: E2}, E1, 3, False),
    ],
)
def test_an_event_was_lost_when_the_journal_lacks_it_and_no_restore_undid_it(
    kept: dict[int, int], epoch: int, version: int, lost: bool
) -> None:
    assert belongs(kept, epoch, version) is lost


def line(id: str, number: int, **more: Any) -> dict[str, Any]:
    return {"id": id, "office": "o", "book": "incoming", "year": 2026, "number": number, **more}


def test_a_number_with_two_documents_and_a_document_with_two_numbers_are_named_and_left_out() -> None:
    said = [line("a", 1), line("b", 2), line("c", 2), line("d", 3), line("d", 4), line("a", 1)]
    logged = judged(said)
    assert list(logged.chosen(said)) == [line("a", 1)]
    assert logged.contradictions == [
        "the document d stands there as o/incoming/2026/3 and o/incoming/2026/4",
        "o/incoming/2026/2 stands there for b and c",
    ]
    assert logged.highest == {("o", "incoming", 2026): 1}


def test_of_repeated_lines_the_newest_counts() -> None:
    said = [line("a", 1), line("a", 1, version=2), line("a", 1), line("a", 1, version=2)]
    assert list(judged(said).chosen(said)) == [line("a", 1, version=2)]


@pytest.mark.parametrize("version", [1, 3])
def test_a_line_that_was_made_from_an_event_alone_counts_only_where_there_is_no_other(version: int) -> None:
    from_event_alone = [line("a", 1, device=RECOVERED, version=each) for each in (version, version + 1)]
    logged = line("a", 1, device="scan-1", version=1)
    for in_any_order in ([*from_event_alone, logged], [logged, *from_event_alone]):
        assert list(judged(in_any_order).chosen(in_any_order)) == [logged]
    assert list(judged(from_event_alone).chosen(from_event_alone)) == from_event_alone[1:]


def test_a_number_that_stands_for_three_documents_names_all_of_them() -> None:
    logged = judged([line("a", 1), line("b", 1), line("c", 1), line("c", 2), line("e", 3)])
    assert logged.contradictions == [
        "the document c stands there as o/incoming/2026/1 and o/incoming/2026/2",
        "o/incoming/2026/1 stands there for a and b and c",
    ]
    assert logged.contested == {"a", "b", "c"}
    assert logged.highest == {("o", "incoming", 2026): 3}


def numbered(**said: Any) -> dict[str, Any]:
    description = {
        "kind": "cong_van",
        "issuer": "Sở Y tế",
        "subject": "V/v đất",
        "arrived_on": "2026-03-01",
        "urgency": "normal",
    }
    arrival = Arrival(
        "d1", "o", "incoming", Direction.INCOMING, "scan-1", "UBND", description | said,
        StoredFile("ab" * 32, 12, "application/pdf"), "print", "key-1",
    )  # fmt: skip
    return entry(arrival, 2026, 7, AT, None, "batch")


@pytest.mark.parametrize("restricted", [{}, {"restricted": True, "conflicted_person_ids": ["p"]}])
def test_a_line_of_the_register_log_is_enough_to_make_the_row_again(restricted: dict[str, Any]) -> None:
    row = numbered(**restricted)
    logged = json.loads(json.dumps(log_line(row), default=lambda moment: moment.isoformat()))
    assert {**from_log(logged), "batch": "batch"} == row


def test_a_correction_that_only_kafka_has_is_in_the_row_again_as_it_was() -> None:
    row = numbered(due_on="2026-03-20")
    corrected = {**row, "subject": "V/v nhà", "version": 2, "restricted": False}
    del corrected["due_on"], corrected["restricted"]
    event = described(corrected, ["subject"], AT)
    assert with_state(row, event.document, event.version) == corrected


def test_a_restricted_document_keeps_the_texts_that_no_event_carries() -> None:
    row = numbered(restricted=True)
    event = described({**row, "urgency": "express", "version": 2}, ["urgency"], AT)
    again = with_state(row, event.document, 2)
    assert (again["subject"], again["issuer"], again["urgency"]) == ("V/v đất", "Sở Y tế", "express")


def test_a_seal_that_only_kafka_has_closes_the_document_again_and_keeps_its_texts() -> None:
    row = numbered()
    sealed = {**row, "version": 2, "seal": {"reason": "reported", "by": "an", "at": AT}}
    again = with_state(row, state_of(sealed), 2)
    assert (again["version"], again["subject"]) == (2, "V/v đất")
    assert state_of(again) == state_of(sealed)
    assert "seal" not in with_state(again, state_of(row), 3)


def test_an_erased_document_comes_back_as_its_number_only() -> None:
    row = numbered()
    gone = blank(row) | {"version": 3}
    assert with_state(row, state_of(gone), 3) == gone
    logged = json.loads(json.dumps(blank_line(log_line(row) | {"version": 3}), default=lambda at: at.isoformat()))
    assert from_log(logged) == gone


def test_a_document_of_which_only_its_event_is_left_has_its_number_and_file_again() -> None:
    row = numbered()
    event = arrived(row)
    assert isinstance(event, DocumentReceived)
    again = from_event(event, event.document)
    lost = {"device", "fingerprint", "idempotency_key", "batch"}
    assert {name: again[name] for name in row if name not in lost} == {
        name: value for name, value in row.items() if name not in lost
    }
    assert state_of(again) == state_of(row)


def test_an_assignment_that_is_adopted_hears_the_newest_of_its_document_again_and_nothing_older() -> None:
    event = said(version=3, lead="lan")
    kept = adopted(None, event, state_of(numbered()), (E1, 4))
    assert (kept.version, kept.source, kept.state) == (3, (E1, 3), event.assignment)
    assert kept.facts.kind is Kind.CONG_VAN
    assert kept.facts.arrived_on == date(2026, 3, 1)


def test_a_document_that_came_back_from_its_event_alone_gets_what_only_its_line_knows() -> None:
    row = numbered(restricted=True)
    event = arrived(row)
    assert isinstance(event, DocumentReceived)
    bare = from_event(event, event.document)
    assert (bare.get("subject"), bare["fingerprint"]) == (None, "")
    line = json.loads(json.dumps(log_line(row), default=lambda moment: moment.isoformat()))
    assert {**completed(bare, from_log(line)), "batch": "batch"} == row


def test_a_document_that_is_completed_from_its_line_keeps_what_was_corrected_since() -> None:
    row = numbered(due_on="2026-03-20")
    corrected = {**row, "subject": "V/v nhà", "version": 2}
    del corrected["due_on"]
    event = described(corrected, ["subject", "due_on"], AT)
    again = completed(from_event(event, event.document), row)
    assert {**again, "batch": "batch"} == corrected


def test_a_destroyed_document_that_is_completed_from_its_line_stays_its_number_only() -> None:
    row = numbered()
    gone = blank(row) | {"version": 3}
    bare = gone | {"device": RECOVERED}
    del bare["idempotency_key"]
    assert completed(bare, row) == gone


class OneBareRow:
    """A register of one document that came back from its event alone; another has its sender's key by now."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row

    async def known(self, _: object) -> dict[str, bool]:
        return {self.row["_id"]: True}

    async def owners(self, _: object) -> dict[Any, str]:
        return {}

    async def get(self, _: str) -> dict[str, Any]:
        return self.row

    async def replace(self, row: dict[str, Any]) -> None:
        self.row = row

    async def answered(self, keys: Iterable[Any]) -> dict[Any, dict[str, Any]]:
        return {key: {"_id": "another"} for key in keys}


async def test_a_document_whose_sender_has_repeated_itself_gets_what_its_line_knows_but_for_the_key(
    tmp_path: Path,
) -> None:
    row = numbered(restricted=True)
    event = arrived(row)
    assert isinstance(event, DocumentReceived)
    register: Any = OneBareRow(from_event(event, event.document))
    (tmp_path / "h-0.jsonl").write_bytes(orjson.dumps(log_line(row)) + b"\n")
    unused: Any = None
    work = Registering(read_log(tmp_path), register, register, unused, unused, dry=False)
    done = await work.register_lost(tmp_path, lambda _: None)
    assert done.completed == 1
    (said,) = done.contradictions
    assert "another" in said
    assert "idempotency_key" not in register.row
    assert {**register.row, "idempotency_key": "key-1", "batch": "batch"} == row


def test_what_is_said_anew_is_the_same_at_another_version_of_another_epoch() -> None:
    event = arrived(numbered())
    row = restated(row_of(event, "00-trace"), 5, E1)
    again = DocumentReceived.model_validate_json(row["value"])
    assert again == event.model_copy(update={"version": 5, "epoch": E1})
    assert (row["_id"], row["version"], row["epoch"], row["headers"]["ce_id"]) == ("d1:00000005", 5, E1, "d1:5")


# --- who is behind whom --------------------------------------------------------------------------


def event(version: int, type: str = DocumentReceived.type, epoch: int = 0) -> dict[str, Any]:
    return {"key": "d", "type": type, "version": version} | ({"epoch": epoch} if epoch else {})


def together(**changes: Any) -> dict[str, list[dict[str, Any]]]:
    """An incoming document at version 2, assigned at version 3, told at version 1, and everybody knows."""
    found: dict[str, list[dict[str, Any]]] = {
        "said intake": [event(1), event(2, DocumentDescribed.type)],
        "said routing": [event(each, "assigned") for each in (1, 2, 3)],
        "said notify": [event(1, "sent")],
        "intake": [{"direction": "incoming", "version": 2, "assignment": {"epoch": 0, "version": 3}}],
        "routing": [{"version": 3, "source_epoch": 0, "source_version": 2}],
        "notify": [{"heard": [["assigned", 0, 1], ["assigned", 0, 2], ["accepted", 0, 3]]}],
        "reporting": [{"parts": {name: {"epoch": 0, "version": v} for name, v in PARTS.items()}}],
        "counts": [],
    }
    return found | changes


PARTS = {"intake": 2, "routing": 3, "notify": 1}


def test_nothing_is_mended_where_everybody_has_heard_everything() -> None:
    assert mends("d", together()) == []


def test_an_outgoing_document_is_nothing_that_routing_has_to_hear() -> None:
    outgoing = together(routing=[], notify=[], intake=[{"direction": "outgoing", "version": 2}])
    outgoing |= {"said routing": [], "said notify": []}
    assert mends("d", outgoing) == []


@pytest.mark.parametrize(
    ("change", "producer"),
    [
        ({"routing": [{"version": 3, "source_epoch": 0, "source_version": 1}]}, "intake"),
        ({"routing": []}, "intake"),
        ({"intake": [{"direction": "incoming", "version": 2}]}, "routing"),
        ({"notify": []}, "routing"),
        (
            {"reporting": [{"parts": {"intake": {"epoch": 0, "version": 2}, "routing": {"epoch": 0, "version": 3}}}]},
            "notify",
        ),
    ],
)
def test_whoever_is_behind_is_sent_the_subject_again(change: dict[str, Any], producer: str) -> None:
    (mend,) = mends("d", together(**change))
    assert (mend.producer, mend.restate_as) == (producer, None)


def test_a_producer_behind_its_reader_says_its_state_anew_above_all_that_was_heard() -> None:
    behind = together(**{"said routing": [event(1, "assigned")]})
    (mend,) = mends("d", behind)
    assert mend == Mend("routing", event(1, "assigned"), restate_as=4)


def test_a_later_epoch_outranks_any_version() -> None:
    anew = together(**{"said routing": [event(1, "assigned"), event(2, "assigned", E1)]})
    (mend,) = mends("d", anew)
    assert mend.restate_as is None


def test_where_readers_may_have_heard_more_from_kafka_than_the_producer_knows_it_says_its_state_anew() -> None:
    (mend,) = mends("d", together(), {"notify": (0, 3)})
    assert mend == Mend("notify", event(1, "sent"), restate_as=4)
    nothing_said = together(**{"said notify": []}, reporting=[{"parts": {}}])
    assert "notify" not in {each.producer for each in mends("d", nothing_said, {"notify": (0, 3)})}


def sealed_at(version: int, **ledger: Any) -> dict[str, list[dict[str, Any]]]:
    """As together, with a seal at this version of intake's, and notify's ledger as it is said."""
    told = {"heard": [["assigned", 0, 3]]} | ledger
    return together(**{"said intake": [event(1), event(version, DocumentSealed.type)]}, notify=[told])


@pytest.mark.parametrize(
    ("ledger", "again"),
    [({"seal_heard": [0, 2]}, []), ({"seal_heard": [0, 1]}, ["intake"]), ({}, ["intake"])],
)
def test_a_seal_that_notify_has_not_heard_is_sent_again(ledger: dict[str, Any], again: list[str]) -> None:
    assert [each.producer for each in mends("d", sealed_at(2, **ledger))] == again


def test_an_unseal_that_only_notify_has_heard_is_outranked() -> None:
    (mend,) = mends("d", sealed_at(2, seal_heard=[0, 5]))
    assert (mend.producer, mend.restate_as) == ("intake", 6)


@pytest.mark.parametrize(("ledger", "again"), [({"restricted": True}, []), ({}, ["intake"])])
def test_a_restriction_that_notify_has_not_heard_is_sent_again(ledger: dict[str, Any], again: list[str]) -> None:
    restricted = together(notify=[{"heard": [["assigned", 0, 3]]} | ledger])
    restricted["intake"][0]["restricted"] = True
    assert [each.producer for each in mends("d", restricted)] == again


def test_hand_entered_counts_and_incidents_have_readers_of_their_own() -> None:
    nobody = {name: list[dict[str, Any]]() for name in together()}
    counted = nobody | {"said intake": [event(2, PeriodCounted.type)]}
    assert mends("c", counted | {"counts": [{"epoch": 0, "version": 2}]}) == []
    assert mends("c", counted)[0].producer == "intake"
    incident = nobody | {"said intake": [event(1, SecrecyIncidentRaised.type)]}
    assert mends("i", incident | {"notify": [{"heard": [[SecrecyIncidentRaised.type, 0, 1]]}]}) == []
    assert mends("i", incident)[0].producer == "intake"


def told(done: Recovered, capsys: pytest.CaptureFixture[str]) -> str:
    tell(done, json=False)
    return " ".join(capsys.readouterr().err.split())


def test_what_is_not_named_of_a_long_list_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    ids = [f"number-{count:02}" for count in range(23)]
    said = told(Recovered(contradictions=ids, missing_files=ids), capsys)
    assert said.count("number-19") == 2
    assert "number-20" not in said
    assert said.count("… and 3 more; --json names all") == 2
    assert "more;" not in told(Recovered(contradictions=ids[:20]), capsys)


def test_documents_that_came_back_without_their_senders_keys_are_named_as_possibly_twice_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = told(Recovered(unlogged=[f"number-{count:02}" for count in range(21)]), capsys)
    assert "From its event alone: number-19" in said
    assert "… and 1 more; in intake's database `db.documents.find({device: 'recovered'})` names all" in said
    assert "has it twice" in said
    assert "twice" not in told(Recovered(), capsys)
