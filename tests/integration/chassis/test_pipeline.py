"""Facts go from the log of one service into effect in another, in order, over both brokers."""

import pytest
from nameko.containers import ServiceContainer

from tests.support.poll import until
from tests.support.toy import Pinger, Ponger


@pytest.fixture(params=["rabbitmq", "embedded"])
def either(request):
    return request.getfixturevalue("toys" if request.param == "rabbitmq" else "embedded_toys")


def test_a_fact_takes_effect(either):
    either.start(Ponger, Pinger)
    subject = either.ping(["good", "good", "good"])
    until(lambda: either.seen(subject) == [1, 2, 3])
    until(lambda: either.unpublished() == 0)
    assert either.inbox("retry") == either.inbox("waiting") == either.inbox("parked") == []


def test_a_thousand_facts_take_effect_once(either):
    either.start(Ponger, Pinger)
    either.ping_many(1000)
    until(lambda: len(either.seen()) >= 1000)
    until(lambda: either.unpublished() == 0)
    assert len(either.seen()) == 1000


def test_what_was_recorded_while_nothing_ran_arrives_later(either):
    container = ServiceContainer(Ponger)
    container.start()
    container.stop()
    subject = either.ping(["good", "good"])
    either.start(Ponger, Pinger)
    until(lambda: either.seen(subject) == [1, 2])
