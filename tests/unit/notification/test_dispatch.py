"""How results are gathered before they are stored."""

import queue
import threading

from services.notification import dispatch


def test_what_keeps_coming_does_not_keep_what_is_there_from_being_stored():
    """A process that is killed leaves unknown what it had sent and not stored."""
    source: queue.Queue = queue.Queue()
    enough = threading.Event()

    def keep_coming() -> None:
        number = 0
        while not enough.wait(0.01):
            source.put(number := number + 1)

    coming = dispatch._thread(keep_coming, "keep coming")
    found, is_open = dispatch._gather(source)
    enough.set()
    coming.join()
    assert is_open
    assert 0 < len(found) < 100
    assert found == list(range(1, len(found) + 1))


def test_what_is_there_is_stored_at_once_when_nothing_more_comes():
    source: queue.Queue = queue.Queue()
    for each in (1, 2, None):
        source.put(each)
    assert dispatch._gather(source) == ([1, 2], False)
    source.put(3)
    assert dispatch._gather(source) == ([3], True)
