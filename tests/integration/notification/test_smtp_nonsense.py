"""The SMTP sender against a mail server that answers what it should not: no mail is sent twice, and none is lost without a word.

Each against a server that is told step by step, and against one that takes the steps together.
"""

import datetime as dt
import uuid

import pytest

from services.notification.outcome import Accepted, Later, Lost, Refused
from services.notification.senders.base import Letter
from services.notification.senders.smtp import SmtpSender, server
from services.notification.sinks.server import Server

GONE = Later("email_connection_lost", counts=False, delay=1.0)
LEAVING = Later("smtp_421", counts=False)


class Scripted(Server):
    """Answers each verb by `says`, what follows DATA by `says["."]`; None hangs up. `mails` counts what came whole."""

    def __init__(self, can, **says):
        super().__init__()
        self.says = {
            "EHLO": f"250-here\r\n250 {can}",
            "MAIL": "250 ok",
            "RCPT": "250 ok",
            "DATA": "354 go on",
            ".": "250 ok",
        }
        self.says |= {"RSET": "250 ok", "NOOP": "250 ok", "QUIT": "221 bye"} | says
        self.mails = self.sessions = 0

    def serve(self, connection):
        self.sessions += 1
        stream = connection.makefile("rb")
        connection.sendall(b"220 here\r\n")
        while line := stream.readline():
            verb = line[:4].decode().upper()
            answer = self.says.get(verb, "502 what")
            if answer is None:
                return
            connection.sendall(answer.encode() + b"\r\n")
            if verb == "DATA" and answer.startswith("354"):
                while (line := stream.readline()) != b".\r\n":
                    if not line:
                        return
                self.mails += 1
                if self.says["."] is None:
                    return
                connection.sendall(self.says["."].encode() + b"\r\n")


@pytest.fixture(params=["HELP", "PIPELINING"])
def scripted(request):
    running = []

    def scripted(**says):
        running.append(Scripted(request.param, **says).start())
        return running[-1]

    yield scripted
    for each in running:
        each.stop()


@pytest.fixture
def connect():
    made = []

    def connect(where):
        sender = SmtpSender(
            server(f"smtp://127.0.0.1:{where.port}"),
            "noreply@example.jo",
            clock=lambda: dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC),
            jitter=lambda: 0.5,
            timeout=3.0,
        )
        made.append(sender)
        return sender

    yield connect
    for sender in made:
        sender.close()


def letter():
    return Letter(str(uuid.uuid4()), "ahmad@example.jo", "text", subject="subject")


@pytest.mark.parametrize("answer", ["250 ok", "200 fine", "251-it\r\n251 went on"])
def test_every_success_is_one(scripted, connect, answer):
    """Whoever takes one for a refusal sends the mail again."""
    where = scripted(**{".": answer})
    assert connect(where).send(letter()) == Accepted()
    assert where.mails == 1


@pytest.mark.parametrize(
    "answer", [None, "what?", "354 more", "150 wait", "999 no", "250" + "x" * 10_000, "\x00\xff", ""]
)
def test_an_answer_that_is_neither_yes_nor_no_leaves_it_unknown(scripted, connect, answer):
    where = scripted(**{".": answer})
    sender = connect(where)
    assert sender.send(letter()) == Lost("email_answer_lost")
    assert where.mails == 1
    # Also over a connection that was kept, where a mail that did not leave is sent over a new one.
    where.says["."] = "250 ok"
    assert sender.send(letter()) == Accepted()
    where.says["."] = answer
    assert sender.send(letter()) == Lost("email_answer_lost")
    assert where.mails == 3


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "."])
def test_a_server_that_leaves_in_the_middle_is_asked_again_later(scripted, connect, step):
    where = scripted(**{step: "421 closing"})
    sender = connect(where)
    assert sender.send(letter()) == LEAVING
    assert not sender.ready()
    assert where.mails == (step == ".")


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [None, "what?", "250" + "x" * 10_000])
def test_before_the_mail_has_left_nothing_is_unknown(scripted, connect, step, answer):
    where = scripted(**{step: answer})
    assert connect(where).send(letter()) == GONE
    assert where.mails == 0


def test_who_does_not_ask_for_the_mail_does_not_get_it(scripted, connect):
    where = scripted(DATA="250 sure")
    outcome = connect(where).send(letter())
    assert isinstance(outcome, Later)
    assert where.mails == 0


@pytest.mark.parametrize("greeting", ["EHLO", "QUIT"])
def test_a_greeting_that_makes_no_sense_is_a_server_that_is_away(scripted, connect, greeting):
    where = scripted(**{greeting: "what?"}, HELO="what?")
    outcome = connect(where).send(letter())
    assert outcome == (Accepted() if greeting == "QUIT" else Later("email_server_away", counts=False))


@pytest.mark.parametrize("code", [451, 550])
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
@pytest.mark.parametrize("data", ["354 go on", "554 no valid recipients"])
def test_who_is_refused_gets_no_mail_though_the_server_asks_for_it(scripted, connect, step, code, data):
    where = scripted(**{step: f"{code} no", "DATA": data})
    sender = connect(where)
    outcome = sender.send(letter())
    assert (type(outcome), outcome.reason) == (Later if code < 500 else Refused, f"smtp_{code}")
    assert where.mails == 0
    where.says |= {step: "250 ok", "DATA": "354 go on"}
    assert sender.send(letter()) == Accepted()
    assert where.mails == 1


class Patient(Scripted):
    """Answers nothing before it has read all three steps, as a slow line would have it."""

    def serve(self, connection):
        self.sessions += 1
        stream = connection.makefile("rb")
        connection.sendall(b"220 here\r\n")
        stream.readline()
        connection.sendall(self.says["EHLO"].encode() + b"\r\n")
        while [stream.readline()[:4] for _ in range(3)] == [b"MAIL", b"RCPT", b"DATA"]:
            connection.sendall(b"250 ok\r\n250 ok\r\n354 go on\r\n")
            while stream.readline() != b".\r\n":
                pass
            self.mails += 1
            connection.sendall(b"250 ok\r\n")


def test_where_the_server_takes_the_steps_together_they_go_together(connect):
    where = Patient("PIPELINING").start()
    sender = connect(where)
    assert [sender.send(letter()) for _ in range(3)] == [Accepted()] * 3
    assert (where.mails, where.sessions) == (3, 1)
    where.stop()
