"""A query must not stop the process: the self-test that every process runs at its start, and what follows from it."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg2.extensions
import pytest
import sqlalchemy

from services.chassis import database
from tests.support.cut import Cut
from tests.support.poll import until

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def blocking(toys):
    """The driver as it is without us: it waits in C."""
    database.engine("ponger").dispose()
    green = psycopg2.extensions.get_wait_callback()
    psycopg2.extensions.set_wait_callback(None)
    yield
    psycopg2.extensions.set_wait_callback(green)


@pytest.fixture
def process(tmp_path):
    """Starts a toy service in a process of its own; `.output()` is what it has written."""
    children = []

    def start(*arguments: str) -> subprocess.Popen:
        place = tmp_path / "output"
        with place.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.support.toy_process", *arguments],
                cwd=ROOT,
                env=os.environ.copy(),
                stdout=output,
                stderr=output,
            )
        child.output = place.read_text
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.wait(10)


def test_a_driver_that_lets_others_run_passes(toys):
    database.prove_concurrency("ponger")


def test_a_driver_that_blocks_is_found_out(blocking):
    with pytest.raises(database.DriverBlocks):
        database.prove_concurrency("ponger")


def test_a_process_whose_driver_blocks_ends(toys, process):
    child = process("blocking-driver", "Ponger")
    assert child.wait(60) == 1, child.output()
    assert '"event": "database_driver_blocks"' in child.output()


def test_a_process_that_starts_without_its_database_proves_it_later(toys, process, environment):
    url = sqlalchemy.make_url(os.environ["DATABASE_URL_PONGER"])
    with Cut((url.host, url.port)) as line:
        line.cut()
        through = url.set(port=line.port).render_as_string(hide_password=False)
        environment({"DATABASE_URL_PONGER": through})
        child = process("Ponger")
        until(lambda: "concurrency_not_proven" in child.output(), 60)
        line.heal()
        until(lambda: '"event": "concurrency_proven"' in child.output(), 60)
        assert child.poll() is None
