"""How long before an end work has to begin."""

from datetime import datetime, timedelta

from services.worktime import Calendar, working_time, working_time_before
from tests.worktime.test_limit import Case

PUBLIC = Calendar()


def test_just_so_much_working_time_is_left_from_the_latest_moment_that_it_names() -> None:
    for seed in range(500):
        case = Case(seed)
        time = timedelta(minutes=case.draw.randrange(1, 3000))
        since = working_time_before(case.start, time, case.calendar)
        assert working_time(since, case.start, case.calendar) == time, f"seed {seed}: {time} before {case.start}"
        later = since + timedelta(minutes=1)
        assert working_time(later, case.start, case.calendar) < time, f"seed {seed}: not the latest"


def test_no_time_at_all_before_an_end_is_the_end() -> None:
    end = datetime.fromisoformat("2026-03-07T10:00")
    assert working_time_before(end, timedelta(0), PUBLIC) == end


def test_tet_lies_between_a_deadline_and_its_last_working_day() -> None:
    end = datetime.fromisoformat("2026-02-23T09:30")
    assert working_time_before(end, timedelta(hours=3), PUBLIC) == datetime.fromisoformat("2026-02-13T16:00")
