"""Days and moments that callers write as text, in one form only: a bare number is no day, and a day no moment."""

import re
from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ].+", re.ASCII)


def _written(form: re.Pattern[str], example: str) -> BeforeValidator:
    def check(value: object) -> object:
        if value is not None and not (isinstance(value, str) and form.fullmatch(value)):
            raise ValueError(f"should be written like {example}")
        return value

    return BeforeValidator(check)


WrittenDay = Annotated[date, _written(_DAY, "2026-01-31")]
WrittenMoment = Annotated[AwareDatetime, _written(_MOMENT, "2026-01-31T09:30:00+07:00")]
