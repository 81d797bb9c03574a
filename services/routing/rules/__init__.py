"""An office's rules: versioned decision tables (ZEN's JDM files), judged before they count, made into one call.

What a condition may ask of a document. Of a restricted one only kind, issuer_level, urgency, symbol_suffix and
arrived_on are known; the others are empty texts.

| Input | What it says |
|---|---|
| kind | the document's kind, as `petition` |
| issuer_level | government, ministry, locality, citizen, other; empty where intake was told none |
| issuer | the sender's name, as it was registered |
| book | the book it is registered in, as `incoming` |
| symbol | what stands on the paper, in capitals, as `123/UBND-NC` |
| symbol_suffix | what follows the symbol's last hyphen, in capitals, as `NC` |
| subject | what it is about, in small letters |
| urgency | normal, urgent, very_urgent, express |
| arrived_on | the day it came, as `>= d("2026-07-01")` |

What a row may say, as JSON in its cells: lead_unit (always), coordinating_units (a list of unit ids, or of
`{"unit": id, "working_days": n}`), working_days (0 to 366), matter (its id), mode (automatic, proposed, manual),
urgency (raises the document's, never lowers it) and instruction.
"""

from services.routing.rules.compiling import compiled
from services.routing.rules.judging import faults_of, judged
from services.routing.rules.table import MOST_CHARACTERS

__all__ = ["MOST_CHARACTERS", "compiled", "faults_of", "judged"]
