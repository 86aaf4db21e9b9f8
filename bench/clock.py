"""The clock of routing with 100,000 open cases: how late it is, how fast it tells what an outage left, how fast it counts anew."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from itertools import repeat

from bench.parts import Measured, Size
from bench.stack import Stack
from tests.support import load as client
from tests.support.deployment import ROOT
from tests.support.poll import until

DUE_SHARE = 0.01
OVER_SECONDS = 30
_OPEN = """
    CREATE TABLE IF NOT EXISTS bench_clock (complaint_id uuid PRIMARY KEY, due timestamptz);
    TRUNCATE bench_clock;
    WITH officers AS (
        SELECT id, institution, row_number() OVER (ORDER BY id) - 1 AS nth, count(*) OVER () AS of
        FROM routing.officer WHERE rank = 'sub'
    ), drawn AS (
        SELECT n, gen_random_uuid() AS id, now() - interval '1 day' * (n % 5) - interval '1 second' * (n % 20000) AS at
        FROM generate_series(1, {count}) n
    ), opened AS (
        INSERT INTO routing.cases (complaint_id, kind, category, governorate, language, status, institution, rule_id, officer_id,
            reason, load, received_at, assigned_at, last_action_at, due_at, working_days, version, check_at, checked_at)
        SELECT d.id, 'complaint', 'water.outage', 'JO-AM', 'ar', 'accepted', o.institution, 'water.outage', o.id, 'least_loaded', 1,
               d.at, d.at, now(), date_trunc('day', d.at) + interval '16 days 12 hours', 10, 2, now() + interval '1 day', now()
        FROM drawn d JOIN officers o ON o.nth = d.n % o.of RETURNING complaint_id
    ) INSERT INTO bench_clock SELECT complaint_id FROM opened;
    ANALYZE routing.cases
"""
_CLOSE = """
    UPDATE routing.cases c SET status = 'closed', check_at = NULL FROM bench_clock b WHERE b.complaint_id = c.complaint_id;
    VACUUM (ANALYZE) routing.cases
"""
# Half of the promise and more is used, so that each look raises: what a look costs that tells somebody.
_SOON = """
    UPDATE bench_clock SET due = now() + interval '3 seconds' + interval '1 second' * {over} * random()
    WHERE complaint_id IN (SELECT complaint_id FROM bench_clock ORDER BY complaint_id LIMIT {count});
    UPDATE routing.cases c SET check_at = b.due, received_at = now() - interval '30 days', due_at = now() + interval '10 days'
    FROM bench_clock b WHERE b.complaint_id = c.complaint_id AND b.due IS NOT NULL
"""
_LATE = """
    SELECT extract(epoch FROM pg_xact_commit_timestamp(c.xmin) - b.due)::float8 FROM bench_clock b
    JOIN routing.cases c USING (complaint_id) WHERE b.due IS NOT NULL AND c.escalation_level > 0
"""
# Everything was due at some time in the three months in which the clock stood, up to the highest level.
_OUTAGE = """
    UPDATE routing.cases c SET check_at = now() - interval '90 days', received_at = c.received_at - interval '120 days',
        due_at = c.due_at - interval '120 days', escalation_level = 0
    FROM bench_clock b WHERE b.complaint_id = c.complaint_id
"""


def escalation(stack: Stack, size: Size) -> Measured:
    """1 % of what is open falls due within half a minute beside the running service; then all of it at once, without it."""
    stack.rest()
    _run(stack, _OPEN, count=size.open)
    some = max(int(size.open * DUE_SHARE), 10)
    with stack.running("routing"):
        time.sleep(5)
        _run(stack, _SOON, count=some, over=OVER_SECONDS)
        late = until(lambda: _all(stack, some), OVER_SECONDS + 120, every=1)
    _run(stack, _OUTAGE)
    found = _subprocess(stack)
    _run(stack, _CLOSE)
    figures = {
        "timer_late_p99": round(late[int(len(late) * 0.99) - 1], 2),
        "timer_late_max": round(late[-1], 2),
        "escalation_rate": round(found["told"] / found["seconds"], 1),
    }
    return figures, {
        "open": size.open,
        "due": some,
        "late_p50": round(late[len(late) // 2], 2),
        "outage": found,
    }


def recompute(stack: Stack, size: Size) -> Measured:
    """A circular closes a day of the country: until every promise that it concerns is counted again, moved and stated."""
    stack.rest()
    _run(stack, _OPEN, count=size.open)
    day = _a_working_day(stack)
    with stack.running("routing", "gateway") as deployment:
        token = deployment.command("token", "issue", "--role", "coordinator").strip()
        body = {
            "scope": "nation",
            "effect": "closed",
            "first_day": day.isoformat(),
            "last_day": day.isoformat(),
            "reference": "bench",
            "note": {"ar": "قياس", "en": "bench"},
        }
        began = time.monotonic()
        answer = client.Client(deployment.gateway, 1, repeat(_said(deployment.gateway, body, token))).run(
            count=1
        )
        if set(answer.statuses) != {200}:
            raise AssertionError(f"the circular was answered {dict(answer.statuses)}")
        job = until(lambda: _finished(stack), 1200, every=0.5)
        seconds = time.monotonic() - began
    _run(stack, _CLOSE)
    seen, moved, working = job
    return {"recompute_seconds": round(seconds, 1), "recompute_rate": round(seen / working, 1)}, {
        "promises": seen,
        "moved": moved,
        "seconds_of_work": round(working, 1),
    }


def _said(gateway: str, body: dict, token: str) -> bytes:
    return client.post(
        f"{gateway}/v1/staff/calendar/overrides", body, headers={"Authorization": f"Bearer {token}"}
    )


def _a_working_day(stack: Stack) -> date:
    """Four or more days ahead, so that every promise is still to come; a Monday, which is worked unless it is a holiday."""
    day = datetime.now(UTC).date() + timedelta(days=4)
    while day.weekday() != 0 or stack.rows("SELECT 1 FROM routing.holiday WHERE day = %s", (day,)):
        day += timedelta(days=1)
    return day


def _finished(stack: Stack) -> tuple | None:
    found = stack.rows(
        "SELECT seen, moved, extract(epoch FROM finished_at - created_at)::float8 FROM routing.recompute_job"
        " WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1"
    )
    waiting = stack.rows("SELECT 1 FROM routing.recompute_job WHERE finished_at IS NULL")
    return found[0] if found and not waiting else None


def _all(stack: Stack, count: int) -> list[float] | None:
    late = sorted(row[0] for row in stack.rows(_LATE))
    return late if len(late) >= count else None


def _run(stack: Stack, statements: str, **values: float) -> None:
    for statement in statements.format(**values).split(";"):
        if statement.strip():
            stack.rows(statement)


def _subprocess(stack: Stack) -> dict:
    """The sweep alone, as fast as it goes, in a process like a service's."""
    environment = {**os.environ, **stack.databases.environment, **stack.keys}
    done = subprocess.run(
        [sys.executable, "-m", "bench.clock"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=1800,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"the sweep failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _sweep() -> None:
    """Sweeps until nothing is due, and prints what it did."""
    import eventlet

    eventlet.monkey_patch()
    from services.chassis import settings
    from services.routing.cases.step import Keys
    from services.routing.clock import sweeping
    from services.routing.settings import Settings

    wanted = settings.load(Settings)
    keys = Keys(wanted.seal_key, wanted.intake_seal_key)
    began, told = time.monotonic(), 0
    while found := sweeping.sweep(now=datetime.now(UTC), keys=keys, chunk=500, most=10_000):
        told += found
    print(json.dumps({"told": told, "seconds": round(time.monotonic() - began, 2)}))


if __name__ == "__main__":
    _sweep()
