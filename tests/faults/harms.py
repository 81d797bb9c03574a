"""What may go wrong in the good office, one by one, and the promises that each of them breaks: no more and no fewer."""

from datetime import UTC, datetime

from tests.faults.good_office import notice
from tests.faults.good_words import FIRST, ISSUED, SECOND
from tests.faults.harming import (
    Harm,
    accepted,
    assign_what_is_not_there,
    cut_the_log,
    erased_and,
    letter,
    pick,
    receive_what_is_not_there,
    refuse_the_first,
    renumber,
    restrict_and_say_all_the_same,
    spaced,
    swap_subjects,
    unanswered,
    void_in_the_register_only,
    void_what_is_done_all_the_same,
    void_what_nobody_had,
)

COUNTERS = "counters are the sums of the documents"
FACTS = "facts have what was said"
EARLIER, NEXT_YEAR = (datetime(year, 5, 4, 4, tzinfo=UTC).replace(tzinfo=None) for year in (2026, 2027))
VOID = "a void document's one assignment is withdrawn"
LETTERS = "dead letters are the poison"
NUMBER_LEFT, NO_FILE = "of an erased document the number is left", "an erased document has no file"
BOOKS = "a book goes on after its last number"
SENDERS = [
    Harm("no answer", lambda o: o.known.update({("scan", "9"): unanswered()}), ["unknown is none or one"]),
    Harm("refused and there", refuse_the_first, [
        "refused is not kept", "of what is refused no bytes are kept", "what is refused is not in the register log",
    ]),
    Harm("half a refused file", lambda o: o.found.bytes_at.update({"files/o/x.part": "sha-3"}), [
        "of what is refused no bytes are kept",
    ]),
    Harm("a refused file in the trash", lambda o: o.found.bytes_at.update({"trash/o/x": "sha-3"}), [
        "of what is refused no bytes are kept",
    ]),
    Harm("a refused line", lambda o: o.found.logged.append({**o.found.logged[0], "id": "x", "idempotency_key": "3"}), [
        "what is refused is not in the register log", "the register log has nothing else",
    ]),
    Harm("accepted and gone", lambda o: o.known.update({("scan", "9"): accepted()}), ["ok is one document"]),
    Harm("from nowhere", lambda o: o.known.pop(("scan", "4")), ["nothing from nowhere", COUNTERS]),
    Harm("another answer", lambda o: o.known["scan", "1"].answers[0].update(number=3), ["an answer stays true"]),
    Harm("other bytes", lambda o: o.found.files.update({FIRST: "x"}), ["bytes are kept"]),
]  # fmt: skip
ERASED = [
    Harm("a word of what is erased", erased_and(lambda o: o.document(ISSUED).update(subject="x")), [NUMBER_LEFT], {ISSUED}),
    Harm("erased for no secrecy", erased_and(lambda o: o.document(ISSUED).update(void_reason="x")), [NUMBER_LEFT], {ISSUED}),
    Harm("the file of what is erased", erased_and(lambda o: o.found.files.update({ISSUED: "x"})), [NO_FILE], {ISSUED}),
    Harm("its bytes in the trash", erased_and(lambda o: o.found.bytes_at.update({"trash/o/x": "sha-4"})), [NO_FILE], {ISSUED}),
    Harm("erased, number and all", erased_and(lambda o: o.found.documents.remove(o.document(ISSUED))), [
        "an erased document keeps its number", "ok is one document", BOOKS, "the register log has nothing else",
        "no event without its document",
    ], {ISSUED}),
]  # fmt: skip
NUMBERS = [
    Harm("a gap", lambda o: renumber(o, ISSUED, 2), [
        "numbers have no gap", BOOKS, "an answer stays true", FACTS, "an event says what was said", "the register log has every number",
    ]),
    Harm("a number twice", lambda o: renumber(o, SECOND, 1), [
        "a number is given once", BOOKS, "an answer stays true", FACTS, "an event says what was said",
        "an assignment is of its document", "the register log has every number",
    ]),
    Harm("another order", lambda o: o.known["scan", "1"].lines[0].update(monotonic=22.0), [
        "number order is the order of the answers",
    ]),
    Harm("back in time", lambda o: o.document(SECOND).update(received_at=EARLIER), [
        "number order is time order", "an answer stays true", "an event says what was said",
    ]),
    Harm("another year", lambda o: o.document(SECOND).update(received_at=NEXT_YEAR), [
        "the year is the time's", "an answer stays true", "an event says what was said",
    ]),
    Harm("a book too far", lambda o: o.found.books[0].update(next=4), [BOOKS]),
    Harm("a book gone", lambda o: o.found.books.pop(), [BOOKS]),
    Harm("no line", lambda o: o.found.logged.pop(), ["the register log has every number"]),
    Harm("other bytes in the line", lambda o: o.found.logged[0].update(sha256="x"), [
        "the register log names the bytes",
    ]),
]  # fmt: skip
CONTENT = [
    Harm("swapped subjects", swap_subjects, [
        "an event says what was said", "the register says what was said", "an assignment is of its document",
    ]),
    Harm("another subject kept", lambda o: o.document(ISSUED).update(subject="x"), ["the register says what was said"]),
    Harm("another number said", lambda o: o.say("intake", f"{ISSUED}:00000001", number=9), [
        "an event says what was said", FACTS,
    ]),
    Harm("another file said", lambda o: o.say("intake", f"{ISSUED}:00000001", file={"sha256": "x"}), [
        "an event names the bytes",
    ]),
    Harm("restricted, and its words are said", restrict_and_say_all_the_same, [
        "no event says a word of what is restricted",
    ]),
    Harm("changed, and nobody is told", lambda o: o.document(ISSUED).update(version=2), [
        "the newest event is the register's",
    ]),
    Harm("void, and nobody is told", void_in_the_register_only, [
        "the register says what was said", "what has a valid number counts, what is void does not", COUNTERS,
    ]),
]  # fmt: skip
JOURNALS = [
    Harm("no event", lambda o: o.found.events["intake"].remove(pick(o.found.events["intake"], f"{ISSUED}:00000001")), [
        "every document has its event", FACTS,
    ]),
    Harm("an event of nothing", receive_what_is_not_there, ["no event without its document"]),
    Harm(
        "an event gone from the journal",
        lambda o: o.found.events["notify"].remove(pick(o.found.events["notify"], f"{SECOND}:00000001")),
        ["journals are whole"],
    ),
    Harm("unsent", lambda o: o.found.events["intake"][0].update(unsent=True), ["journals are sent"]),
    Harm("not in Kafka", lambda o: o.lose_record("documents", f"{FIRST}:1"), ["what is sent is in Kafka"]),
    Harm("other words in Kafka", lambda o: o.found.events["intake"][0].update(value=spaced(o)), [
        "Kafka says what the journal says",
    ]),
    Harm("lost behind a cut", cut_the_log, ["what is sent is in Kafka"]),
]  # fmt: skip
WORK = [
    Harm("no assignment", lambda o: o.found.assignments.pop(0), ["one assignment per document"]),
    Harm("an assignment of nothing", assign_what_is_not_there, ["no assignment without its document"]),
    Harm("changed, and not said", lambda o: o.found.assignments[0].update(version=3), ["every assignment has its event"]),
    Harm("another lead than said", lambda o: o.found.assignments[0]["state"].update(lead_person_id="minh"), [
        "an assignment is what its event says",
    ]),
    Harm("void, and done all the same", void_what_is_done_all_the_same, [VOID]),
    Harm("void, and no word of whose it is", void_what_nobody_had, [VOID]),
    Harm("a load too high", lambda o: o.found.loads[0].update(open=2), ["loads are the sums of the assignments"]),
    Harm("nobody told", lambda o: o.found.notices.pop(0), ["everybody concerned is told"]),
    Harm("given on, and the former lead is not told", lambda o: o.found.notices.pop(3), ["everybody concerned is told"]),
    Harm("an officer not told", lambda o: o.found.notices.pop(4), ["everybody concerned is told"]),
    Harm("told twice", lambda o: o.found.notices.append(notice(FIRST, 1, "lan")), [
        "one notice per document, person and event",
    ]),
    Harm("a stranger told", lambda o: o.found.notices.append(notice(FIRST, 1, "minh")), ["nobody else is told"]),
    Harm("told of nothing", lambda o: o.found.notices.append(notice(FIRST, 9, "lan")), ["no notice from nowhere"]),
    Harm("a dead letter", lambda o: o.found.dead_letters.append(letter(FIRST)), [LETTERS]),
]  # fmt: skip
REPORTS = [
    Harm("a fact behind", lambda o: o.fact(SECOND)["parts"]["intake"].update(version=1), [FACTS]),
    Harm("another fact", lambda o: o.fact(FIRST)["parts"]["routing"].update(due_on="2026-03-11"), [FACTS]),
    Harm("notices not counted", lambda o: o.fact(SECOND)["parts"]["notify"].update(sent=1), [FACTS]),
    Harm("a fact that does not count", lambda o: o.fact(FIRST).update(counts=False), [
        "what has a valid number counts, what is void does not",
    ]),
    Harm("no fact", lambda o: o.found.facts.pop(0), ["every document has its fact"]),
    Harm("a fact of nothing", lambda o: o.found.facts.append({"_id": "x", "counts": True, "counted": [], "parts": {}}), [
        "no fact from nowhere",
    ]),
    Harm("the wrong month", lambda o: o.counter("annual", "2026").update({"in:locality": {"01": 1}}), [COUNTERS]),
    Harm("the wrong day", lambda o: o.counter("annual", "2026-05").update({"out:quyet_dinh": {"05": 1}}), [COUNTERS]),
    Harm("the wrong unit", lambda o: o.counter("unit", "2026-04", "NC").clear(), [COUNTERS]),
    Harm("late that was on time", lambda o: o.counter("person", "2026-03", "lan").pop("done_on_time"), [COUNTERS]),
    Harm("counted too often", lambda o: o.counter("annual", "2026-03").update({"in:other": {"09": 1}}), [COUNTERS]),
]  # fmt: skip
HARMS = [*SENDERS, *ERASED, *NUMBERS, *CONTENT, *JOURNALS, *WORK, *REPORTS]
