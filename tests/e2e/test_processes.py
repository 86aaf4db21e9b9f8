"""Each process by itself: how it starts, what it says of itself, how it ends."""

import subprocess
import sys

import pytest

from services.cli.postgres import free_port
from services.cli.registry import CLASSES
from tests.support import journey
from tests.support.deployment import ROOT, Process, status
from tests.support.poll import until
from tests.support.tools import promtool


@pytest.mark.parametrize("name", list(CLASSES))
def test_it_is_live_ready_and_its_metrics_are_well_formed(system, name):
    assert journey.ask(f"{system.url(name)}/health/live").status == 200
    assert journey.ask(f"{system.url(name)}/health/ready").status == 200
    metrics = journey.ask(f"{system.url(name)}/metrics").body
    checked = subprocess.run(
        [promtool(), "check", "metrics"], input=metrics, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout.decode() + checked.stderr.decode()


@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        ("intake", "CONTACT_KEY", None),
        ("intake", "AMQP_URI", None),
        ("routing", "DATABASE_URL_ROUTING", None),
        ("notification", "SMTP_URL", "nonsense"),
        ("reporting", "ACTOR_VERIFY_KEY", "bm90IGEga2V5"),
        ("gateway", "GATEWAY_PORT", "70000"),
    ],
)
def test_a_missing_or_wrong_setting_ends_it_at_once_by_name(system, service, name, value):
    environment = {**system.processes[service].environment, **({name: value} if value else {})}
    if value is None:
        del environment[name]
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "run", service],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 78, done.stdout + done.stderr
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    if value:
        assert value not in done.stdout


def test_every_line_of_a_complaints_way_has_its_correlation_id(system):
    answer = journey.ask(
        f"{system.gateway}/v1/complaints",
        journey.complaint(text="x"),
        {"X-Correlation-Id": "journey-0123456789"},
    )
    assert answer.status == 422
    assert answer.headers["x-correlation-id"] == "journey-0123456789"
    assert answer.body["correlation_id"] == "journey-0123456789"


def test_topology_is_there_and_what_is_missing_is_named(system, rabbit):
    assert "are there" in system.command("topology", "check")
    bare = rabbit.create_vhost()
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "topology", "check"],
        env={**system.environment, "AMQP_URI": bare.uri},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    bare.drop()
    assert done.returncode == 1
    assert "missing: queue routing.inbox" in done.stdout


def test_jobs_and_services_take_their_secrets_from_files(system, tmp_path):
    """As docker-compose.yml and Kubernetes hand them out."""
    secret = ("DATABASE_URL", "AMQP_URI", "_KEY", "_PEPPER", "SMTP_URL", "SMPP_URL")
    environment = {}
    for name, value in system.processes["intake"].environment.items():
        if any(part in name for part in secret) and not name.startswith("DEMO"):
            (tmp_path / name).write_text(value + "\n")
            environment[f"{name}_FILE"] = str(tmp_path / name)
        else:
            environment[name] = value
    for job in (["migrate"], ["seed"], ["topology", "check"]):
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", *job],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    port = free_port()
    replica = Process(
        "intake.file",
        [sys.executable, "-m", "services.cli", "run", "intake"],
        {**environment, "INTAKE_PORT": str(port)},
        tmp_path / "log",
    ).start()
    until(lambda: status(f"http://127.0.0.1:{port}/health/ready") == 200)
    assert replica.terminate() == 0, replica.tail()
