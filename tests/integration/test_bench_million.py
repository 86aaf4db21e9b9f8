"""What the bench stores by set-based SQL is what the services would have stored: the books of it balance."""

from types import SimpleNamespace

import pytest

from bench import million
from services.routing import seed
from tests.chaos.rules import RULES

#: Settled inbox rows are removed after a month, and the bench stores them as old as the complaints are.
FORGOTTEN = "took effect, and nothing that is no fact of it"
COUNT = 400


@pytest.fixture
def stored(databases):
    seed.seed()
    stack = SimpleNamespace(
        databases=databases,
        rows=lambda statement, parameters=None: databases.rows("public", statement, parameters),
    )
    return million.store(stack, COUNT, log=lambda text: None)


def test_the_books_of_stored_complaints_balance(stored, databases):
    assert stored["complaints"] == COUNT
    assert stored["messages"] > 3 * COUNT
    checked = [rule for rule in RULES if FORGOTTEN not in rule.text]
    assert len(checked) > 40
    assert {
        rule.text: databases.rows("public", rule.sql)[:3]
        for rule in checked
        if databases.rows("public", rule.sql)
    } == {}


def test_the_recent_ones_have_their_inbox_rows(stored, databases):
    recent = databases.rows(
        "intake", "SELECT count(*) FROM complaint WHERE received_at > now() - interval '30 days'"
    )[0][0]
    seen = databases.rows("reporting", "SELECT count(*) FROM inbox WHERE type = 'ComplaintReceived'")[0][0]
    assert recent == seen > 0
