"""In which calls the handlers of a service get the events of a batch."""

from marshmallow import fields

from services.chassis.clock import new_id, now
from services.chassis.contract import Reading, Reads
from services.chassis.event import Event
from services.chassis.turn import Handler, Rounds


class NumberReading(Reading):
    number = fields.Integer(required=True)


STARTED, MOVED, ENDED = (Reads("pinger", name, 1, NumberReading) for name in ("Started", "Moved", "Ended"))


def calls(handlers: dict[Reads, str], facts: list[tuple[Reads, str, int]]) -> list[tuple[str, list[int]]]:
    """(name of the handler, numbers that it got), for each call."""
    seen: list[tuple[str, list[int]]] = []

    def note(name: str):
        return lambda _, events: seen.append((name, [event.data["number"] for event in events]))

    rounds = Rounds(
        "ponger", [Handler(reads, note(name), name, batch=True) for reads, name in handlers.items()]
    )
    subjects = {name: new_id() for _, name, _ in facts}
    sequence = dict.fromkeys(subjects, 0)
    ready = []
    for reads, name, number in facts:
        sequence[name] += 1
        ready.append(
            Event(
                new_id(),
                reads.type,
                1,
                "pinger",
                subjects[name],
                sequence[name],
                now(),
                "-",
                {"number": number},
                "x",
            )
        )
    rounds.run(None, ready)
    return seen


TWO_STREAMS = [
    (STARTED, "a", 1),
    (STARTED, "b", 2),
    (MOVED, "a", 3),
    (MOVED, "a", 4),
    (ENDED, "b", 5),
    (MOVED, "a", 6),
]


def test_a_handler_of_one_fact_gets_one_of_each_stream_at_once():
    handlers = {STARTED: "started", MOVED: "moved", ENDED: "ended"}
    assert calls(handlers, TWO_STREAMS) == [
        ("started", [1, 2]),
        ("moved", [3]),
        ("ended", [5]),
        ("moved", [4]),
        ("moved", [6]),
    ]


def test_a_handler_of_several_facts_gets_all_of_them_at_once_in_their_order():
    assert calls(dict.fromkeys((STARTED, MOVED, ENDED), "all"), TWO_STREAMS) == [("all", [1, 2, 3, 4, 5, 6])]


def test_what_another_handler_must_do_first_is_done_first():
    handlers = {STARTED: "ends", MOVED: "moved", ENDED: "ends"}
    assert calls(
        handlers, [(STARTED, "a", 1), (MOVED, "a", 2), (ENDED, "a", 3), (STARTED, "b", 4), (ENDED, "b", 5)]
    ) == [
        ("ends", [1, 4, 5]),
        ("moved", [2]),
        ("ends", [3]),
    ]


def test_nobody_is_called_for_a_fact_that_nobody_reads():
    assert calls({STARTED: "started"}, [(STARTED, "a", 1), (MOVED, "a", 2)]) == [("started", [1])]
