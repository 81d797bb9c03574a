"""Numbers, books and the register log. Source: numbers of one book and year are gapless and in the order of time."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

from tests.faults.evidence import Row
from tests.faults.judging.breach import Breach
from tests.faults.judging.case import Case
from tests.faults.judging.senders import moment

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
LOGGED = ("office", "book", "year", "number")
Book = tuple[str, str]


def numbers(case: Case) -> Iterator[Breach]:
    years: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for row in case.evidence.documents:
        years[row["office"], row["book"], row["year"]].append(row)
    for place, rows in years.items():
        rows.sort(key=lambda row: row["number"])
        yield from _gapless(place, rows)
        for earlier, later in pairwise(rows):
            if later["received_at"] < earlier["received_at"]:
                ids = (earlier["_id"], later["_id"])
                yield Breach("number order is time order", f"{place}: {later['number']}", ids)
        for row in rows:
            if moment(row["received_at"]).astimezone(ZONE).year != row["year"]:
                yield Breach("the year is the time's", f"{place}: {row['received_at']}", (row["_id"],))


def _gapless(place: tuple[str, str, int], rows: Sequence[Row]) -> Iterator[Breach]:
    """Whoever stands beside a gap tells of it."""
    before: tuple[int, tuple[str, ...]] = (0, ())
    for row in rows:
        number, here = row["number"], (row["_id"],)
        if number == before[0]:
            yield Breach("a number is given once", f"{place}: {number} twice", (*before[1], *here))
        elif number != before[0] + 1:
            missing = f"{place}: {before[0] + 1} to {number - 1} missing"
            yield Breach("numbers have no gap", missing, (*before[1], *here))
        before = (number, here)


def order_of_answers(case: Case) -> Iterator[Breach]:
    """Who had an answer before another one even asked has the lower number of the same book."""
    books: dict[Book, list[tuple[int, int, float, float, str]]] = defaultdict(list)
    for sender, history in case.histories.items():
        for row in case.rows_of.get(sender, []):
            place = (row["year"], row["number"], history.asked_at, history.answered_at, row["_id"])
            books[row["office"], row["book"]].append(place)
    for book, entries in books.items():
        soonest, whose = float("inf"), ""
        for year, number, asked_at, answered_at, id in sorted(entries, reverse=True):
            if soonest < asked_at:
                what = f"{book}: {year}/{number} was asked for after a later number was answered"
                yield Breach("number order is the order of the answers", what, (whose, id))
            if answered_at < soonest:
                soonest, whose = answered_at, id


def books(case: Case) -> Iterator[Breach]:
    highest: Counter[tuple[str, str, int]] = Counter()
    last: dict[tuple[str, str, int], str] = {}
    for row in case.evidence.documents:
        place = (row["office"], row["book"], row["year"])
        if row["number"] > highest[place]:
            highest[place], last[place] = row["number"], row["_id"]
    for book in case.evidence.books:
        place = (book["office"], book["book"], book["year"])
        if book["next"] != highest[place] + 1:
            ids = (last[place],) if place in last else ()
            yield Breach("a book goes on after its last number", f"{place}: next is {book['next']}", ids)
    for office, name in sorted(
        {place[:2] for place in highest} - {(b["office"], b["book"]) for b in case.evidence.books}
    ):
        yield Breach("a book goes on after its last number", f"{office} has no book {name}")


def register_log(case: Case) -> Iterator[Breach]:
    logged = {line["id"]: line for line in case.evidence.logged}
    for row in case.evidence.documents:
        line = logged.pop(row["_id"], None)
        if line is None or any(line[name] != row[name] for name in LOGGED):
            yield Breach("the register log has every number", f"has {line}", (row["_id"],))
        elif row["_id"] not in case.erased and line.get("sha256") != row.get("sha256"):
            yield Breach("the register log names the bytes", f"has {line.get('sha256')}", (row["_id"],))
    for id, line in logged.items():
        yield Breach("the register log has nothing else", f"has {line['book']} {line['number']}", (id,))
