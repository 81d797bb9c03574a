"""Made-up requests brought near the truth: real ids and versions, days in order, so that services accept many."""

import base64
import hashlib
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, cast

import httpx
import requests
import schemathesis
from hypothesis import strategies as st

from services.events import Direction, Kind
from services.reporting.categories import names
from tests.bad_input.stack import CLERK, EVERYBODY, KEPT_WEBHOOKS, NOWHERE, Known
from tests.intake.scanner import PDF

Case = schemathesis.Case[Any]
ADDRESS = "http://vanthu.test"
DAYS_IN_ORDER = (("document_date", "arrived_on", "due_on"), ("first_day", "last_day"), ("from", "to"))
CURSORS = ("after", "last-event-id")
MOSTLY = 0.8
OF_SEALED = ("/confirm-seal", "/unseal")
OPEN = ("assigned", "accepted")
FITS = {"accept": ("assigned",), "complete": ("accepted",)}
KNOWN_SHARE = 0.5  # of what was made up about people, places and moments is replaced by what is there
PLACES = (NOWHERE, "https://receiver.invalid:8443/a?b=c", "https://xn--vn-lja.invalid/", "https://[2001:db8::1]/hook")

schemathesis.openapi.format(
    "date", st.dates(min_value=date(2017, 1, 1), max_value=date(2026, 1, 1)).map(date.isoformat)
)


def request_of(case: Case, service: str) -> httpx.Request:
    """Byte for byte what schemathesis means to send."""
    made = requests.Request(**case.as_transport_kwargs(base_url=f"{ADDRESS}/{service}")).prepare()
    assert made.method
    assert made.url
    headers = [(_bytes(name), _bytes(value)) for name, value in made.headers.items()]
    return httpx.Request(made.method, made.url, headers=headers, content=_bytes(cast("str | bytes", made.body or b"")))


def bring_near(case: Case, service: str, known: Known, chance: Random) -> None:
    """Changes the case in place. What still is refused is refused for a reason that only the service knows."""
    name_things(case, known, chance)
    if case.path.endswith(OF_SEALED) and known.sealed and chance.random() < MOSTLY:
        case.path_parameters["document_id"] = known.sealed.popleft()
    case.query = _in_order(dict(case.query or {}))
    _go_on(case, service, known, chance)
    if case.query.get("category") is not None:
        case.query["category"] = chance.choice(_categories())
        case.query.pop("direction", None)
    if not isinstance(case.body, dict):
        return
    body = _readable(case.body)
    if "metadata" in body:
        body = _upload(case, body, chance)
    elif case.path == "/api/v1/issued":
        body = _issued(body)
    else:
        body = _in_order(body)
    if "expected_version" in body:
        id = next(iter(case.path_parameters.values()), "")
        body["expected_version"] = known.versions.get((service, id), 1)
    case.body = body | _targets(case, body, chance)


def _go_on(case: Case, service: str, known: Known, chance: Random) -> None:
    """From where an earlier page of the same kind ended, or from the beginning; now and then from nowhere."""
    for said in (case.query, case.headers):
        for name in [each for each in said if each.lower() in CURSORS]:
            cursors = known.cursors.get((service, case.path))
            if chance.random() < KNOWN_SHARE and cursors:
                said[name] = chance.choice(list(cursors))
            elif chance.random() < MOSTLY:
                del said[name]


def take_open_work(case: Case, work: list[dict[str, Any]], chance: Random) -> None:
    """Mostly what the person really has in hand, as it is now: `work` is their list. Everything else is a conflict."""
    last = case.path.rpartition("/")[2]
    fitting = [each for each in work if each["state"]["status"] in FITS.get(last, OPEN)]
    if not fitting or chance.random() > MOSTLY:
        return
    chosen = chance.choice(fitting)
    case.path_parameters["document_id"] = chosen["document_id"]
    if isinstance(case.body, dict):
        case.body["expected_version"] = chosen["version"]


def name_things(case: Case, known: Known, chance: Random) -> None:
    """Real ids in the path."""
    real: dict[str, Any] = {name: known.ids[name] for name in case.path_parameters if known.ids.get(name)}
    real |= {"book": ["incoming", "outgoing"], "year": [datetime.now(UTC).year]}
    if case.method == "DELETE" and any(len(known.ids[name]) <= KEPT_WEBHOOKS for name in case.path_parameters):
        return  # some stay for those who ask for them
    for name in case.path_parameters:
        if name in real:
            case.path_parameters[name] = chance.choice(list(real[name]))


def _upload(case: Case, body: dict[str, Any], chance: Random) -> dict[str, Any]:
    metadata = _issued(body["metadata"]) if case.path == "/api/v1/issued" else _in_order(body["metadata"])
    file = PDF + chance.randbytes(chance.randrange(200))
    if "Content-Digest" in case.headers:
        digest = base64.b64encode(hashlib.sha256(file).digest()).decode()
        case.headers["Content-Digest"] = f"sha-256=:{digest}:"
    return {"metadata": metadata, "file": file}


def _issued(metadata: dict[str, Any]) -> dict[str, Any]:
    """Of a kind that the outgoing door issues; the symbol of a công văn ends with its room."""
    said = {name: value for name, value in _in_order(metadata).items() if name != "qppl_kind"}
    kind = Kind.CONG_VAN if said.get("kind") == Kind.QPPL else said.get("kind")
    return said | {"kind": kind, "drafting_unit": "VX"}


def _targets(case: Case, body: dict[str, Any], chance: Random) -> dict[str, Any]:
    """People, rooms, addresses and moments that are there; what was made up stays in the other half."""
    real: dict[str, Any] = {}
    if case.path.endswith("/reassign") and chance.random() < MOSTLY:
        real = {"person_id": chance.choice([CLERK, EVERYBODY]), "unit_id": "TH"}
    if "url" in body and chance.random() < MOSTLY:
        real = {"url": chance.choice(PLACES)}
    if "happened_at" in body and chance.random() < MOSTLY:
        moment = (datetime.now(UTC) - timedelta(seconds=chance.random())).isoformat()
        real["happened_at"] = chance.choice([None, moment])
    if "first_day" in body and chance.random() < MOSTLY:  # long periods soon leave no day that is not counted yet
        day = (date(2017, 1, 1) + timedelta(days=chance.randrange(3_000))).isoformat()
        real |= {"first_day": day, "last_day": day}
    return real


def _in_order(said: dict[str, Any]) -> dict[str, Any]:
    result = dict(said)
    for fields in DAYS_IN_ORDER:
        given = [name for name in fields if isinstance(result.get(name), str)]
        result |= dict(zip(given, sorted(result[name] for name in given), strict=True))
    if "arrived_on" not in result:  # today
        result.pop("due_on", None)
    return result


def _readable(value: Any) -> Any:
    """Texts without what no register prints, and not empty."""
    if isinstance(value, str):
        return "".join(each for each in value if each.isprintable()).strip() or "x"
    if isinstance(value, dict):
        return {name: each if name == "file" else _readable(each) for name, each in value.items()}
    return [_readable(each) for each in value] if isinstance(value, list) else value


def _categories() -> list[str]:
    return [name for direction in Direction for name in names(direction)]


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")
