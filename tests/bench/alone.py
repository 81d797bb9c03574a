"""One service alone with its topics, until it has applied so many events and its own events are sent.

`python -m tests.bench.alone SERVICE EVENTS`
"""

import asyncio
import sys
import time
from typing import Any

import uvloop

from services.chassis.logs import set_up_logs
from services.chassis.mongo import connect
from services.chassis.runtime import settle_in
from services.chassis.service import Service
from services.chassis.settings import ChassisSettings
from tests.bench.children import tell
from tests.bench.hosting import built
from tests.bench.sampling import begin_if_asked

LOOK_SECONDS, LONGEST_SECONDS = 0.05, 300.0


def consumed(service: Service) -> int:
    samples = (each for family in service.metrics.events_consumed.collect() for each in family.samples)
    return int(sum(each.value for each in samples if each.name.endswith("_total")))


def batch_seconds(service: Service) -> float:
    samples = (each for family in service.metrics.batch_seconds.collect() for each in family.samples)
    return float(sum(each.value for each in samples if each.name.endswith("_sum")))


async def run(name: str, events: int) -> dict[str, Any]:
    """From the moment at which the first batch was there."""
    (service,) = built([name])
    settings = ChassisSettings()
    client = connect(settings.mongo_url.get_secret_value())
    journal = client[f"{settings.mongo_database_prefix}_{name}"]["events"]
    await service.start()
    await service.started()
    settle_in()
    try:
        await _until(lambda: consumed(service) > 0, 0.002)
        began_at, cpu_before = time.perf_counter() - batch_seconds(service), time.process_time()
        await _until(lambda: consumed(service) >= events, LOOK_SECONDS)
        applied_at, cpu_after = time.perf_counter(), time.process_time()
        while await journal.find_one({"unsent": True}, {"_id": 1}):
            await asyncio.sleep(LOOK_SECONDS)
        told_at, cpu_at_end = time.perf_counter(), time.process_time()
    finally:
        await service.stop()
        client.close()
    return {
        "events": consumed(service),
        "applied_seconds": applied_at - began_at,
        "told_seconds": told_at - began_at,
        "cpu_seconds": cpu_at_end - cpu_before,
        "cpu_seconds_applied": cpu_after - cpu_before,
    }


async def _until(there: Any, pause_seconds: float) -> None:
    ends = time.monotonic() + LONGEST_SECONDS
    while not there():
        if time.monotonic() > ends:
            raise TimeoutError(f"not within {LONGEST_SECONDS} s")
        await asyncio.sleep(pause_seconds)


if __name__ == "__main__":
    begin_if_asked()
    set_up_logs(ChassisSettings().log_level, json=True)
    tell(**uvloop.run(run(sys.argv[1], int(sys.argv[2]))))
