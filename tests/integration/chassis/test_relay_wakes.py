"""A fact leaves soon after its commit, whichever replica committed it: the slow poll is for what is lost, not the way."""

import time

from services.chassis import metrics
from tests.support.poll import until
from tests.support.toy import Pinger, Ponger

#: A standby looks again for the lock every two seconds; a wake-up call must not be lost between two looks.
ACROSS_TWO_LOOKS = 3.0


def test_the_leader_hears_of_commits_in_a_standby(toys, environment):
    environment({"RELAY_POLL_SECONDS": "60"})
    toys.start(Pinger, Ponger)
    until(lambda: metrics.relay_leader.labels("pinger")._value.get() == 1)
    # Of two containers in one process, the one that started last is told of the commits, and it does not lead.
    toys.start(Pinger)
    until(
        lambda: toys.rows("pinger", "SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN outbox_pinger%'"),
        20,
    )
    slowest, number = 0.0, 0
    ending = time.monotonic() + ACROSS_TWO_LOOKS
    while time.monotonic() < ending or number < 6:
        began = time.monotonic()
        toys.ping()
        until(lambda: toys.unpublished() == 0, every=0.02)
        slowest, number = max(slowest, time.monotonic() - began), number + 1
    # Far from the poll, which would find what nobody was told of.
    assert slowest < 10
