"""What was there before the lifecycle takes part in it: old lines are bound, old cases go on."""

import os
import secrets

import pytest
from click.testing import CliRunner

from services.chassis import migrate
from services.cli import database as cli_database
from services.cli.main import main
from tests.support.databases import Databases, urls

FIRST = "018f3c1e-0000-7000-8000-000000000001"
SECOND = "018f3c1e-0000-7000-8000-000000000002"


@pytest.fixture
def before(postgres, environment):
    """A database of routing as it was before."""
    name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    cli_database.create(postgres, urls(postgres, name))
    fresh = Databases(postgres, name)
    environment(fresh.environment)
    migrate.upgrade("routing", fresh.urls["routing"], "0001")
    yield fresh
    environment({})
    fresh.drop()


def test_old_histories_are_bound_and_stay_append_only(before):
    columns = (
        "complaint_id, kind, category, governorate, language, status, reason, load, received_at, version"
    )
    for identity, status, owned in ((FIRST, "assigned", True), (SECOND, "received", False)):
        before.rows(
            "routing",
            f"INSERT INTO cases ({columns}, officer_id, unowned_since) VALUES"
            f" ('{identity}', 'complaint', 'c', 'g', 'ar', '{status}', 'r', 1, now(), 2,"
            f" {'gen_random_uuid(), NULL' if owned else 'NULL, now()'})",
        )
        for number in (1, 2):
            before.rows(
                "routing",
                "INSERT INTO case_event (complaint_id, number, action, actor, at, details) VALUES"
                f" ('{identity}', {number}, 'assigned', 'system', now(), '{{\"سبب\": \"أول\", \"n\": {number}}}')",
            )
    migrate.upgrade("routing", before.urls["routing"])
    result = CliRunner().invoke(main, ["case", "verify", "--all"])
    assert (result.exit_code, result.output) == (0, "2 cases, 0 altered\n")
    with pytest.raises(Exception, match="only added to"):
        before.rows("routing", "UPDATE case_event SET actor = 'x'")
    assert before.rows("routing", "SELECT transfers, receiver FROM cases") == [(0, None), (0, None)]
