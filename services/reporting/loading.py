"""Loading a published table, all or nothing."""

from services.reporting.published import Judgement, judge
from services.reporting.store import ReportingStore


async def load_published(store: ReportingStore, document: object, *, dry_run: bool = False) -> Judgement:
    """Keep the table that the parsed JSON holds, unless a fault is found; then nothing is kept."""
    judgement = judge(document)
    if judgement.table and not dry_run:
        await store.keep_published(judgement.table)
    return judgement
