"""The measurements. Each takes the stack and its size, and returns figures by the codes of figures.py and details for the JSON."""

import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import profile, way
from bench.floors import run as run_floor
from bench.processor import Processor
from bench.stack import ENVIRONMENT, Stack, load, resident
from services.cli.postgres import free_port
from tests.support import load as client
from tests.support.deployment import ROOT, Deployment, Process
from tests.support.poll import until

CONNECTIONS = ("--connections", "20")
#: One process of Python uses one core at most, and accepting takes more of it than the gateway's part.
ACCEPTING = {"intake": 2}
#: A backlog that grows by less than this share of what is accepted does not grow.
STEADY = 0.03


@dataclass(frozen=True)
class Size:
    """How long and how much. `profiled` is a service on which a profiler looks during accept, pipeline and drain."""

    seconds: float = 20.0
    warm: float = 4.0
    backlog: int = 100_000
    stored: int = 1_000_000
    open: int = 100_000
    floor_messages: int = 50_000
    queries: int = 300
    profiled: str | None = None


Measured = tuple[dict[str, float], dict]


def floors(stack: Stack, size: Size) -> Measured:
    """What the machine gives."""
    database = stack.databases.admin_url
    inserted = run_floor("insert", database, size.seconds / 2)
    return inserted | run_floor("broker", stack.broker.uri(), size.floor_messages), {}


def accept(stack: Stack, size: Size) -> Measured:
    """Intake and the gateway alone: what is accepted when nobody is behind."""
    stack.rest()
    with stack.running("intake", "gateway", replicas=ACCEPTING) as deployment:
        load(deployment.gateway, *CONNECTIONS, seconds=size.warm)
        with watching(stack, deployment, size, "accept") as watched:
            plain = load(deployment.gateway, *CONNECTIONS, seconds=size.seconds)
        keyed = load(deployment.gateway, *CONNECTIONS, "--keys", seconds=size.seconds / 2)
    _only_accepted(plain, keyed)
    each = watched.each(plain["statuses"]["201"])
    figures = {
        "accept_rate": plain["rate"],
        "accept_p99": plain["p99_ms"],
        "accept_keyed_rate": keyed["rate"],
        "accept_cost": each["together"],
    }
    return figures, {
        "plain": plain,
        "keyed": keyed,
        "processor": watched.share,
        "each_ms": each,
    }


def pipeline(stack: Stack, size: Size) -> Measured:
    """Everything runs. The highest rate at which the backlog does not grow: first as fast as 20 connections go, then paced."""
    stack.rest()
    attempts = []
    with stack.running() as deployment:
        began = time.time()
        load(deployment.gateway, *CONNECTIONS, seconds=size.warm)
        way.complete(stack, began, 120)
        rate: float | None = None
        for _ in range(5):
            attempts.append(_pipeline_at(stack, deployment, size, rate))
            last = attempts[-1]
            if last["grows"] <= STEADY * last["accepted_per_second"]:
                break
            # What came out at the end is what it can carry; under a smaller load a little more is left for it.
            rate = min(last["finished_per_second"] * 1.02, 0.93 * last["accepted_per_second"])
    steady = attempts[-1]
    figures = {
        "pipeline_rate": min(steady["accepted_per_second"], steady["finished_per_second"]),
        "pipeline_p99": steady["answer_p99_ms"],
        "pipeline_cost": steady["each_ms"]["together"],
    }
    return figures, {
        "attempts": attempts,
        "steady": steady["grows"] <= STEADY * steady["accepted_per_second"],
    }


def _pipeline_at(stack: Stack, deployment: Deployment, size: Size, rate: float | None) -> dict:
    began = time.time()
    options = CONNECTIONS if rate is None else (*CONNECTIONS, "--rate", str(rate))
    with Processor(deployment.processes, stack) as all_of_it:
        with watching(stack, deployment, size, "pipeline") as watched:
            loaded = load(deployment.gateway, *options, seconds=size.warm + size.seconds)
        _only_accepted(loaded)
        start, end = loaded["started"] + size.warm, loaded["started"] + size.warm + size.seconds
        found = way.complete(stack, began, 180)
    return {
        "offered_per_second": rate,
        "accepted_per_second": round(found.done("accepted", start, end) / size.seconds, 1),
        "finished_per_second": round(found.done("whole", start, end) / size.seconds, 1),
        "by_stage_per_second": {
            stage: round(found.done(stage, start, end) / size.seconds, 1) for stage in way.STAGES
        },
        "backlog_at_start": found.backlog(start),
        "backlog_at_end": found.backlog(end),
        "grows": round((found.backlog(end) - found.backlog(start)) / size.seconds, 1),
        "answer_p50_ms": loaded["p50_ms"],
        "answer_p99_ms": loaded["p99_ms"],
        "whole_way_p50_ms": found.lag("whole", 50),
        "whole_way_p99_ms": found.lag("whole", 99),
        "processor": watched.share,
        "each_ms": all_of_it.each(len(found.times)),
    }


def lag(stack: Stack, size: Size) -> Measured:
    """100 complaints a second: how long until each is in the dashboard's figures, and until it shows there with its institution."""
    stack.rest()
    with stack.running() as deployment:
        load(deployment.gateway, "--connections", "4", "--rate", "50", seconds=size.warm)
        began = time.time()
        loaded = load(deployment.gateway, *CONNECTIONS, "--rate", "100", seconds=size.seconds)
        found = way.complete(stack, began, 60)
    _only_accepted(loaded)
    figures = {
        "lag_p50": found.lag("counted", 50),
        "lag_p99": found.lag("counted", 99),
        "lag_assigned_p99": found.lag("shown", 99),
    }
    stages = {
        stage: {f"p{q}_ms": found.lag(stage, q) for q in (50, 90, 99)} for stage in (*way.STAGES[1:], "whole")
    }
    return figures, {"stages": stages, "answers": loaded}


def memory(stack: Stack, size: Size) -> Measured:
    """What each service process holds before it has served anybody, and after a short load has passed."""
    with stack.running() as deployment:
        time.sleep(3)
        at_rest = {label: round(resident(each), 1) for label, each in deployment.processes.items()}
        began = time.time()
        load(deployment.gateway, *CONNECTIONS, seconds=size.warm)
        way.complete(stack, began, 60)
        after = {label: round(resident(each), 1) for label, each in deployment.processes.items()}
    return {"memory": max(at_rest.values())}, {"at_rest_mb": at_rest, "after_load_mb": after}


def start(_stack: Stack, _size: Size) -> Measured:
    """`make run` from installed packages and an empty directory, to the first 201."""
    directory = Path(tempfile.mkdtemp(prefix="bench-run-"))
    directory.chmod(0o755)
    port = free_port()
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        **ENVIRONMENT,
        "BEKHEDMETKOM_VAR": str(directory / "var"),
        "GATEWAY_PORT": str(port),
    }
    command = [sys.executable, "-m", "services.cli", "embedded"]
    process = Process("embedded", command, environment, directory / "output")
    body = next(client.complaints(1))
    began = time.monotonic()
    process.start()
    try:
        until(lambda: _accepted(port, body, process), 120, every=0.05)
        taken = time.monotonic() - began
    finally:
        process.terminate()
        shutil.rmtree(directory, ignore_errors=True)
    return {"first_accepted": round(taken, 2)}, {}


def _accepted(port: int, body: dict, process: Process) -> bool:
    if not process.alive:
        raise AssertionError(f"it ended: {process.tail()}")
    request = client.post(f"http://127.0.0.1:{port}/v1/complaints", body)
    try:
        found = client.Client(f"http://127.0.0.1:{port}", 1, itertools.repeat(request)).run(count=1)
    except OSError:
        return False
    return found.statuses[201] == 1


def dashboard(stack: Stack, size: Size) -> Measured:
    """The coordinator's questions of different breadth, one after another, through the gateway."""
    found: dict[str, dict] = {}
    with stack.running("reporting", "gateway") as deployment:
        token = deployment.command("token", "issue", "--role", "coordinator").strip()
        for name, question in _questions(stack).items():
            options = ("--get", question, "--token", token, "--connections", "1", "--count")
            load(deployment.gateway, *options, "5", seconds=60)
            found[name] = load(deployment.gateway, *options, str(size.queries), seconds=120)
            _only_accepted(found[name])
    return {"dashboard_p99": max(each["p99_ms"] for each in found.values())}, found


def _questions(stack: Stack) -> dict[str, str]:
    institution, category = stack.rows(
        "SELECT institution, category FROM reporting.complaint WHERE institution IS NOT NULL GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT 1"
    )[0]
    year = "from={:%Y-%m-%d}&to={:%Y-%m-%d}".format(
        *stack.rows("SELECT (now() - interval '364 days')::date, now()::date")[0]
    )
    return {
        "usual period": "/v1/dashboard",
        "a year": f"/v1/dashboard?{year}",
        "a year of one institution": f"/v1/dashboard?{year}&institution={institution}",
        "a year of one category in one governorate": f"/v1/dashboard?{year}&category={category}&governorate=JO-AM",
    }


@contextmanager
def watching(stack: Stack, deployment: Deployment, size: Size, part: str) -> Iterator[Processor]:
    """Measures how busy each process is, and looks into one of them if that is wanted."""
    with ExitStack() as ending:
        if size.profiled in deployment.processes:
            place = ROOT / "bench" / "results" / f"profile-{part}-{size.profiled}.txt"
            ending.enter_context(profile.looking(deployment.processes[size.profiled].pid, place))
        yield ending.enter_context(Processor(deployment.processes, stack))


def _only_accepted(*loads: dict) -> None:
    """A figure counts only if nothing was refused and nothing broke."""
    for each in loads:
        if each["errors"] or any(int(status) >= 400 for status in each["statuses"]):
            raise AssertionError(
                f"not everything was answered well: {each['statuses']}, {each['errors']} broken"
            )
