"""The counters in memory: the library's own in what they count, and cheap whatever the number of addresses."""

import time

import limits
import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from gateway.counters import BoundedMemory

RATES = [limits.parse("3/minute"), limits.parse("5/hour")]


@given(st.lists(st.tuples(st.sampled_from(RATES), st.sampled_from("abc")), max_size=40))
def test_it_counts_as_the_library_does(requests):
    ours, theirs = (SlidingWindowCounterRateLimiter(each) for each in (BoundedMemory(), MemoryStorage()))
    assert [ours.hit(rate, who) for rate, who in requests] == [
        theirs.hit(rate, who) for rate, who in requests
    ]


def test_a_counter_ends_with_its_time(monkeypatch):
    store = BoundedMemory()
    moment = time.time()
    assert [store.incr("a", 10) for _ in range(3)] == [1, 2, 3]
    monkeypatch.setattr(time, "time", lambda: moment + 11)
    assert store.get("a") == 0
    assert store.incr("a", 10) == 1


def test_what_was_taken_back_is_not_counted():
    store = BoundedMemory()
    store.incr("a", 10, 3)
    assert store.decr("a", 2) == 1
    assert store.decr("b") == 0
    assert (store.get("a"), store.get("b"), "b" in store.storage) == (1, 0, False)


def test_what_has_expired_is_forgotten_by_the_way(monkeypatch):
    store = BoundedMemory()
    for number in range(1000):
        store.incr(f"old{number}", 10)
    moment = time.time()
    monkeypatch.setattr(time, "time", lambda: moment + 100)
    for _ in range(1000 // 8 + 2):
        store.incr("new", 10_000)
    assert set(store.storage) == set(store.expirations) == {"new"}


def test_there_are_never_more_than_the_bound():
    store = BoundedMemory(most_keys=100)
    for number in range(5000):
        store.incr(f"a{number}", 1000)
    assert len(store.storage) == len(store.expirations) == 100
    assert "a4999" in store.storage


@pytest.mark.parametrize("addresses", [100_000])
def test_many_addresses_do_not_make_a_request_dear(addresses):
    """The library's own store took 13 ms here."""
    store = BoundedMemory()
    for number in range(addresses):
        store.incr(f"a{number}", 1000)
    started = time.process_time()
    for _ in range(200):
        store.incr("one", 1000)
    assert (time.process_time() - started) / 200 < 0.001
