import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from services.chassis import clock


def test_now_is_aware_utc():
    assert clock.now().utcoffset() == timedelta(0)


def test_amman_is_three_hours_ahead():
    moment = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
    assert clock.in_amman(moment).isoformat() == "2026-11-24T01:30:00+03:00"


def test_amman_is_known_where_the_system_has_no_zones():
    """In a process of its own: where zones are looked for is read once."""
    asked = "from datetime import *; from services.chassis.clock import AMMAN; print(datetime(2026, 12, 1, tzinfo=AMMAN).utcoffset())"
    run = [sys.executable, "-W", "ignore", "-c", asked]
    assert subprocess.check_output(run, env=os.environ | {"PYTHONTZPATH": ""}, text=True).strip() == "3:00:00"


def test_ids_are_unique_and_in_order():
    ids = [clock.new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert ids[0][14] == "7"
