"""Notification over a database of the test and sinks: facts go in by handlers, rows and what arrived are looked at."""

from collections import Counter

import pytest


@pytest.fixture
def outside(databases, environment):
    from tests.support.notices import Outside

    outside = Outside()
    environment(outside.environment)
    yield outside
    outside.close()


@pytest.fixture
def start(outside):
    """Starts the senders of a replica."""
    from tests.support.notices import Sending

    running = []

    def start():
        running.append(Sending())
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def facts(outside, keys):
    """A function that makes the facts about one complaint, by default of somebody with phone and email."""
    from tests.support.notices import CONTACT, Facts

    return lambda contact=CONTACT: Facts(keys, contact)


@pytest.fixture
def rows(databases):
    return lambda statement: databases.rows("notification", statement)


@pytest.fixture
def states(rows):
    """How many messages are in which state, by channel."""
    return lambda: Counter(" ".join(row) for row in rows("SELECT channel, state FROM message"))


@pytest.fixture
def stated(rows):
    """The facts in the log: (type, channel, audience, reason)."""
    return lambda: Counter(
        rows("SELECT type, data->>'channel', data->>'audience', data->>'reason' FROM outbox")
    )
