"""Notification over a database of the test and sinks: facts go in by handlers, rows and what arrived are looked at."""

import dataclasses
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


@pytest.fixture
def receipts():
    """The receipts that the sender of `connect` took."""
    return []


@pytest.fixture
def connect(sink, receipts):
    """connect(**settings): a sender of text messages to the test's `sink`."""
    from services.notification.senders.smpp import SmppSender, account

    made = []

    def on_receipt(receipt, number, acknowledge):
        receipts.append(receipt)
        acknowledge([number])

    def connect(**settings):
        where = dataclasses.replace(account(f"smpp://test:secret@127.0.0.1:{sink.port}"), **settings)
        made.append(SmppSender(where, "Bekhedmet", on_receipt=on_receipt, jitter=lambda: 0.5))
        return made[-1]

    yield connect
    for sender in made:
        sender.close()
