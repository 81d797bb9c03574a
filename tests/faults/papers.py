"""Documents from a seed: the same seed makes the same papers, in the same order."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from tests.faults.ledger import Paper

ISSUERS = [("Sở Y tế", "locality"), ("Bộ Tài chính", "ministry"), ("Chính phủ", "government"), ("Ông A", "citizen")]
SUBJECTS = ["V/v tiêm chủng mở rộng", "V/v quyết toán ngân sách", "V/v quy hoạch đất ở", "Mời họp giao ban tuần"]
INCOMING_KINDS = ["cong_van"] * 5 + ["giay_moi", "petition", "quyet_dinh"]
OUTGOING_KINDS = ["cong_van", "quyet_dinh", "thong_bao"]
URGENCIES = ["normal"] * 5 + ["urgent"]
LARGEST_BYTES = 30_000


def papers(
    seed: int, devices: Sequence[str], *, outgoing: str | None = None, refused_share: float = 0.04
) -> Iterator[Paper]:
    """Without end. `refused_share` of the arrivals is refused; one in 10 is issued where there is an outgoing device."""
    chance = random.Random(seed)
    number = 0
    while True:
        number += 1
        key = f"s{seed}-{number}"
        content = b"%PDF-1.4\n%" + chance.randbytes(chance.randrange(200, LARGEST_BYTES)).hex().encode()
        if outgoing and chance.random() < 0.1:
            issued = {"kind": chance.choice(OUTGOING_KINDS), "subject": chance.choice(SUBJECTS), "drafting_unit": "VX"}
            yield Paper(outgoing, key, "issued", issued, content)
        else:
            yield Paper(chance.choice(devices), key, "documents", _incoming(chance, number, refused_share), content)


def _incoming(chance: random.Random, number: int, refused_share: float) -> dict[str, Any]:
    issuer, level = chance.choice(ISSUERS)
    metadata: dict[str, Any] = {
        "kind": chance.choice(INCOMING_KINDS),
        "issuer": issuer,
        "issuer_level": level,
        "number": str(number),
        "symbol": f"{number}/CV-{chance.randrange(9)}",
        "subject": chance.choice(SUBJECTS),
        "urgency": chance.choice(URGENCIES),
        "arrived_on": (date(2026, 1, 5) + timedelta(days=chance.randrange(200))).isoformat(),
    }
    if chance.random() < refused_share:
        metadata |= chance.choice([{"secrecy": "mat"}, {"kind": "poem"}, {"arrived_on": "2026-02-30"}])
    return metadata
