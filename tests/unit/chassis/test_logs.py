import io
import json
import logging
import sys

import eventlet
import pytest

from services.chassis import logs

# A phone number, and the point is that it never appears.
SECRET = "0791234567"


@pytest.fixture
def lines(capsys):
    """Configured logs; call it for what was written so far, parsed."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    logs.configure("things", level="info")
    written = []

    def read():
        written.extend(json.loads(line) for line in capsys.readouterr().out.splitlines())
        return written

    yield read
    root.handlers[:], root.level = before


def test_a_line_has_the_agreed_fields(lines):
    with logs.context("correlation-1", "others"):
        logs.get().info("thing_done", size=3)
    logs.get().warning("thing_late")
    first, second = lines()
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "info",
        "event": "thing_done",
        "service": "others",
        "correlation_id": "correlation-1",
        "size": 3,
    }
    assert (second["service"], "correlation_id" in second) == ("things", False)


def test_every_green_thread_has_its_own_context(lines):
    def work(name: str) -> None:
        with logs.context(name):
            eventlet.sleep(0)
            logs.get().info("worked", mine=name)

    for thread in [eventlet.spawn(work, f"thread-{number}") for number in range(5)]:
        thread.wait()
    assert len(lines()) == 5
    assert all(line["correlation_id"] == line["mine"] for line in lines())


def test_personal_fields_are_dropped_at_any_depth(lines):
    logs.get().info("x", phone=SECRET, deep={"email": SECRET, "size": 1, "deeper": {"sealed": SECRET}})
    (line,) = lines()
    assert SECRET not in json.dumps(line)
    assert line["dropped"] == ["phone"]
    assert line["deep"] == {"size": 1, "deeper": {"dropped": ["sealed"]}, "dropped": ["email"]}


def test_objects_are_named_and_not_printed(lines):
    class Person:
        def __repr__(self) -> str:
            return SECRET

    logs.get().info("x", who=Person(), which=b"bytes of " + SECRET.encode())
    assert SECRET not in json.dumps(lines())
    assert lines()[0]["who"] == "<Person>"


def test_an_exception_is_logged_without_its_text(lines):
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise RuntimeError(SECRET) from error
    except RuntimeError:
        logs.get().exception("x_failed")
        logging.getLogger("nameko.containers").error("failed: %s", ValueError(SECRET), exc_info=True)
    assert SECRET not in json.dumps(lines())
    for line in lines():
        assert [each["class"] for each in line["exception"]] == [
            "builtins.RuntimeError",
            "builtins.ValueError",
        ]
        assert "test_an_exception_is_logged_without_its_text" in line["exception"][0]["at"][0]
    assert lines()[1]["event"] == "failed: ValueError"


def test_a_cycle_of_causes_ends():
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert len(logs.describe_exception(first)) == 2


def test_kombus_raw_body_is_never_printed(lines):
    sentence = "Can't decode message body: %r (type:%r encoding:%r raw:%r')"
    logging.getLogger("kombu.mixins").error(sentence, ValueError(SECRET), "text/plain", "utf-8", SECRET)
    logging.getLogger("amqp").error("%(what)s", {"what": SECRET})
    logging.getLogger("kombu").error("a body: " + "x" * 1000)
    assert SECRET not in json.dumps(lines())
    assert lines()[0]["event"].startswith("Can't decode message body")
    assert len(lines()[2]["event"]) == 200


def test_numbers_of_third_parties_are_kept(lines):
    logging.getLogger("kombu.connection").error("retry in %s seconds (%r)", 2.0, "amqp://user:pw@host")
    assert lines()[0]["event"] == "retry in 2.0 seconds ('…')"


def test_a_wrong_call_of_a_third_party_costs_nothing(lines):
    record = logging.makeLogRecord({"name": "other", "levelno": 40, "msg": "%d %d", "args": ("x",)})
    ours().handle(record)
    assert lines()[0]["event"] == "%d %d"


def ours() -> logging.Handler:
    """The handler that configure() put in place; pytest puts its own beside it."""
    (found,) = [each for each in logging.getLogger().handlers if type(each).__module__ == logs.__name__]
    return found


def test_a_closed_pipe_ends_nothing(lines, monkeypatch):
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    logs.get().info("x")


@pytest.mark.parametrize(
    ("text", "sane"),
    [
        ("01a208ae-dfc2-73b9-a882-6a6cd4a78fe0", True),
        ("req_1.2:3-4", True),
        ("short", False),
        ("x" * 65, False),
        ("has space", False),
        ("new\nline-x", False),
        ("quote'quote", False),
        ("عربي-عربي", False),
        ("", False),
        (None, False),
    ],
)
def test_an_id_from_outside_must_be_harmless(text, sane):
    assert logs.sane_correlation_id(text) == (text if sane else None)


def test_an_inner_context_keeps_the_outer_id():
    with logs.context("outer-id-1"), logs.context(service="x"):
        assert logs.correlation_id() == "outer-id-1"
    assert logs.correlation_id() is None
