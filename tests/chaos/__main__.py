"""`python -m tests.chaos --seed 7 --complaints 2000`: one run. Exit code 0 only if the books balance."""

import argparse
import json
import random
import signal
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

from tests.chaos import settle
from tests.chaos.clients import Clients, filings
from tests.chaos.faults import Faults
from tests.chaos.plan import draw
from tests.chaos.reconcile import Books, Finding
from tests.chaos.sabotage import SABOTAGES
from tests.chaos.world import World
from tests.support.deployment import ROOT

SERVERS = ("broker", "postgres")


def main() -> int:
    """Runs and returns the exit code."""
    # Whoever ends it wants all that it started ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--complaints", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=25.0, help="complaints per second (default 25)")
    parser.add_argument(
        "--settle", type=float, default=180.0, help="seconds to become quiet in (default 180)"
    )
    parser.add_argument("--calm", action="store_true", help="without faults")
    parser.add_argument(
        "--sabotage", choices=sorted(SABOTAGES), help="spoil the books before they are balanced"
    )
    parser.add_argument("--report", type=Path, default=ROOT / "chaos-report", help="directory of the reports")
    given = parser.parse_args()
    report = run(given)
    given.report.mkdir(parents=True, exist_ok=True)
    place = given.report / f"seed-{given.seed}.json"
    place.write_text(json.dumps(report, ensure_ascii=False, indent=1))
    show(report)
    print(f"written to {place}")
    return 0 if report["balanced"] else 1


def run(given: argparse.Namespace) -> dict:
    """One run; its report."""
    began = time.monotonic()

    def log(text: str) -> None:
        print(text, flush=True)

    log(f"seed {given.seed}: starting RabbitMQ, PostgreSQL, the sinks and all services")
    with World(log) as world:
        started = time.monotonic()
        absent = send_away(world, given.seed)
        log(f"ready after {started - began:.0f} s; nobody is present at {' and '.join(absent)}")
        clients = Clients(world.gateway, filings(given.seed, given.complaints), given.rate)
        clients.start()
        length = given.complaints / given.rate
        plan = (
            [] if given.calm else draw(given.seed, length, list(world.processes), list(world.links), SERVERS)
        )
        faults = Faults(world, log)
        faults.run(plan)
        # Somebody comes back to one of the two bodies, so that its unowned cases are assigned late.
        world.execute("routing", f"UPDATE officer SET present = true WHERE institution = '{absent[0]}'")
        clients.finish(60)
        log(f"{time.monotonic() - started:6.1f} s  all answered; waiting until it is quiet")
        with closing(world.databases.connect()) as connection:
            took, left = settle.wait(connection, given.settle)
            log(f"quiet after {took:.0f} s" if not left else f"after {took:.0f} s still: {left}")
            connection.autocommit = False
            books = Books(
                connection, clients.filings, world.sinks.messages("smtp"), world.sinks.messages("smpp")
            )
            if given.sabotage:
                log(f"sabotage: {given.sabotage}")
                SABOTAGES[given.sabotage].spoil(books)
            findings = [
                *books.balance(),
                *outside(world, books),
                Finding("processes", "none ended without being told to", world.supervisor.unexpected),
                Finding(
                    "processes",
                    "every fault was carried out and SIGTERM ends a process well",
                    faults.failures,
                ),
            ]
            figures = books.figures()
            connection.rollback()
        balanced = all(finding.ok for finding in findings)
        if not balanced:
            world.keep_logs(given.report / f"seed-{given.seed}-logs")
        return {
            "seed": given.seed,
            "complaints": given.complaints,
            "balanced": balanced,
            "seconds": round(time.monotonic() - began, 1),
            "quiet_after_seconds": round(took, 1),
            "left": left,
            "restarts": world.supervisor.restarts,
            "faults": sorted(faults.record),
            "figures": figures,
            "findings": [finding.as_dict() for finding in findings],
        }


def send_away(world: World, seed: int) -> list[str]:
    """Two bodies whose officers are all absent: what is theirs is unowned, until one of them has its people back."""
    rows = world.databases.rows(
        "routing",
        "SELECT institution FROM rule WHERE governorate IS NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 8",
    )
    absent = random.Random(seed).sample([row[0] for row in rows], 2)
    for code in absent:
        world.execute("routing", f"UPDATE officer SET present = false WHERE institution = '{code}'")
    return absent


def outside(world: World, books: Books) -> list[Finding]:
    """What can only be asked of the running system: the way of a tracking number, the alarm, the queues."""
    unowned = books.rows("SELECT count(*) FROM routing.cases WHERE unowned_since IS NOT NULL")[0][0]
    # Measured every few seconds, so the figure may still be the one before the last case found its officer.
    deadline = time.monotonic() + 30
    while (
        shown := metric(world.deployment.url("routing") + "/metrics", "bekhedmetkom_unowned_cases")
    ) != unowned:
        if time.monotonic() > deadline:
            break
        time.sleep(1)
    queues = waiting_messages(world)
    return [
        Finding(
            "routing",
            "its metric shows the unowned cases, on which the alarm rings",
            [f"{shown} of {unowned}"][shown == unowned :],
        ),
        Finding(
            "broker",
            "all queues are empty",
            [f"{name}: {number}" for name, number in queues.items()],
        ),
        Finding(
            "clients",
            "a tracking number leads to the complaint, and shows what routing decided",
            wrongly_shown(world, books),
        ),
    ]


def waiting_messages(world: World, seconds: float = 20.0) -> dict[str, int]:
    """Queues that are not empty. RabbitMQ counts the messages of quorum queues anew every five seconds only, so it is asked again."""
    deadline = time.monotonic() + seconds
    while True:
        counted = {
            name: each["messages_ready"] + each["messages_unacknowledged"]
            for name, each in world.broker.queues("/").items()
        }
        waiting = {name: number for name, number in counted.items() if number}
        if not waiting or time.monotonic() > deadline:
            return waiting
        time.sleep(1)


def wrongly_shown(world: World, books: Books, most: int = 200) -> list[str]:
    """Complaints whose public page does not say what the case says; the first `most` that were answered are looked up."""
    cases = {
        number: (status, institution)
        for number, status, institution in books.rows(
            r"""SELECT substring(c.text FROM '\(\d+/(\d+)\)$')::int, k.status, k.institution
                FROM intake.complaint c LEFT JOIN routing.cases k ON k.complaint_id = c.id"""
        )
    }
    wrong = []
    for filing in [each for each in books.filings if each.answered][:most]:
        try:
            with urllib.request.urlopen(
                f"{world.gateway}/v1/complaints/{filing.answers[0]}", timeout=15
            ) as answer:
                seen = json.load(answer)
        except OSError as error:
            wrong.append(f"{filing.number}: {error}")
            continue
        status, institution = cases.get(filing.number, (None, None))
        # A body that has nobody to take a complaint does not show as its owner.
        wanted = (status, institution if status == "assigned" else None)
        if (seen["status"]["code"], seen["institution"]) != wanted or seen["category"] != filing.body[
            "category"
        ]:
            wrong.append(
                f"{filing.number}: shows {seen['status']['code']} at {seen['institution']}, case {wanted}"
            )
    return wrong


def metric(url: str, name: str) -> float | None:
    """The value of a metric without labels; None if it is not there."""
    with urllib.request.urlopen(url, timeout=15) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
    return None


def show(report: dict) -> None:
    """The table for people."""
    print()
    for finding in report["findings"]:
        print(f"  {'ok ' if finding['ok'] else 'NOT'}  {finding['area']:<13}{finding['rule']}")
        for offender in finding["first"]:
            print(f"         {offender}")
        if finding["offenders"] > len(finding["first"]):
            print(f"         … {finding['offenders']} in all")
    figures = report["figures"]
    print()
    for name, value in figures.items():
        print(f"  {name:<14}{value}")
    print(
        f"\n  {len(report['faults'])} faults, {report['restarts']} restarts, quiet after {report['quiet_after_seconds']} s, "
        f"{report['seconds']} s in all\n"
    )
    print(
        f"seed {report['seed']}: {'the books balance' if report['balanced'] else 'THE BOOKS DO NOT BALANCE'}"
    )


if __name__ == "__main__":
    sys.exit(main())
