"""A scrape shows what was measured last and never asks for itself; what is old is shown as unknown."""

import math
from itertools import count

import eventlet
import prometheus_client

from services.chassis.measuring import Measuring


class Watch:
    """A clock that goes when it is told."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def scraped(measuring):
    registry = prometheus_client.CollectorRegistry()
    gauge = prometheus_client.Gauge("things", "Things.", registry=registry)
    gauge.set_function(measuring.figure(lambda pair: pair[1]))
    return lambda: registry.get_sample_value("things")


def test_a_scrape_shows_the_last_measurement_and_asks_nothing():
    asked = count(1)
    measuring = Measuring(lambda: ("things", next(asked)), clock=Watch())
    scrape = scraped(measuring)
    assert math.isnan(scrape()), "before the first measurement nothing is known"
    measuring.measure()
    assert [scrape(), scrape()] == [1, 1]
    measuring.measure()
    assert scrape() == 2


def test_an_old_measurement_is_unknown_until_the_next_one():
    watch = Watch()
    answers = iter([("things", 7), ConnectionError(), ("things", 8)])

    def read():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    measuring = Measuring(read, good_seconds=60, clock=watch)
    scrape = scraped(measuring)
    measuring.measure()
    watch.seconds = 60
    measuring.measure()
    assert scrape() == 7, "a failure alone does not take the figure away"
    watch.seconds = 61
    assert math.isnan(scrape())
    measuring.measure()
    assert scrape() == 8


def test_a_reading_that_hangs_does_not_hang_the_scrape_and_its_answer_is_dated_by_its_start():
    watch, answer = Watch(), eventlet.event.Event()
    measuring = Measuring(answer.wait, good_seconds=60, clock=watch)
    scrape = scraped(measuring)
    thread = eventlet.spawn(measuring.measure)
    eventlet.sleep(0)
    assert math.isnan(scrape())
    watch.seconds = 61
    answer.send(("things", 7))
    thread.wait()
    assert math.isnan(scrape())


def test_it_goes_on_until_it_is_stopped():
    asked = eventlet.event.Event()
    answers = count(1)

    def read():
        number = next(answers)
        if number == 3:
            asked.send(True)
        return "things", number

    measuring = Measuring(read, seconds=0.001)
    thread = eventlet.spawn(measuring.run)
    with eventlet.Timeout(30):
        asked.wait()
        measuring.stop()
        thread.wait()
    assert scraped(measuring)() >= 3
