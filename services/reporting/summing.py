"""Sums of counter rows up to two days, as one question to the database: pure.

A year's row is taken month by month before a day's month, a month's row day by day until the day. So the
rows read depend on the window's years and the number of units, never on the number of documents.
"""

from typing import Any

from services.reporting.tally import MONTH, YEAR
from services.reporting.window import Window


def sums_pipeline(office: str, family: str, window: Window, *, since_ever: bool) -> list[dict[str, Any]]:
    """Rows `{_id: {of, field}, before, until}`: sums before the window and until its end.

    With `since_ever` sums begin with the first document ever; otherwise with the window's first year, which
    leaves their difference the same.
    """
    before, until = window.day_before, window.last
    years: dict[str, Any] = {"$lte": until[:4]} if since_ever else {"$gte": before[:4], "$lte": until[:4]}
    return [
        {
            "$match": {
                "office": office,
                "family": family,
                "$or": [
                    {"scale": YEAR, "period": years},
                    {"scale": MONTH, "period": {"$in": sorted({before[:7], until[:7]})}},
                ],
            }
        },
        {"$project": {"of": 1, "scale": 1, "period": 1, "fields": {"$objectToArray": "$counts"}}},
        {"$unwind": "$fields"},
        {
            "$project": {
                "of": 1,
                "field": "$fields.k",
                "before": _counted_until(before),
                "until": _counted_until(until),
            }
        },
        {
            "$group": {
                "_id": {"of": "$of", "field": "$field"},
                "before": {"$sum": "$before"},
                "until": {"$sum": "$until"},
            }
        },
    ]


def _counted_until(day: str) -> dict[str, Any]:
    """Of one field of one row: whole months before the day's month, or the month's days until the day."""
    when = {"$concat": ["$period", "-", "$$each.k"]}
    months = {"$and": [{"$eq": ["$scale", YEAR]}, {"$lt": [when, day[:7]]}]}
    days = {"$and": [{"$eq": ["$scale", MONTH]}, {"$eq": ["$period", day[:7]]}, {"$lte": [when, day]}]}
    counted = {"$cond": [{"$or": [months, days]}, "$$each.v", 0]}
    return {"$sum": {"$map": {"input": {"$objectToArray": "$fields.v"}, "as": "each", "in": counted}}}
