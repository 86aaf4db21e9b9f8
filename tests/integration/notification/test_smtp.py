"""The SMTP sender against the sink, and against another server (aiosmtpd) where encryption and logins are at stake."""

import datetime as dt
import email.policy
import ssl
import uuid

import pytest

from services.notification.outcome import Accepted, Later, Lost, Refused
from services.notification.senders.base import Letter
from services.notification.senders.smtp import SmtpSender, server
from services.notification.sinks.smtp_sink import SmtpSink
from tests.support.poll import until

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


@pytest.fixture
def sink():
    sink = SmtpSink().start()
    yield sink
    sink.stop()


@pytest.fixture
def connect(sink):
    made = []

    def connect(url=None, **settings):
        sender = SmtpSender(
            server(url or f"smtp://127.0.0.1:{sink.port}"),
            "بخدمتكم <noreply@bekhedmetkom.gov.jo>",
            clock=lambda: NOW,
            jitter=lambda: 0.5,
            **settings,
        )
        made.append(sender)
        return sender

    yield connect
    for sender in made:
        sender.close()


def letter(to="ahmad@example.jo", subject="استلمنا طلبك رقم BK-1", text="السلام عليكم،\n.نقطة\n", **more):
    return Letter(str(uuid.uuid4()), to, text, subject=subject, **more)


def test_a_mail_arrives_with_its_headers(sink, connect):
    sent = letter()
    assert connect().send(sent) == Accepted()
    (mail,) = sink.received.list()
    assert (mail["to"], mail["from"]) == ("ahmad@example.jo", "noreply@bekhedmetkom.gov.jo")
    assert mail["subject"] == "استلمنا طلبك رقم BK-1"
    assert mail["text"].strip("\n") == "\u200f" + sent.text.strip("\n")
    assert mail["key"] == mail["message_id"] == f"<{sent.message_id}@bekhedmetkom.gov.jo>"
    headers = mail["headers"]
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Date"] == "Mon, 23 Nov 2026 09:00:00 +0000"
    assert headers["Content-Type"] == 'text/plain; charset="utf-8"'
    assert headers["Content-Language"] == "ar"


def test_the_wire_is_seven_bit_and_its_lines_are_short():
    sender = SmtpSender(server("smtp://h"), "a@b.jo", clock=lambda: NOW, jitter=lambda: 0.5)
    content = sender.compose(letter(text="ش" * 3000 + "\n.\n"))
    assert content.isascii()
    assert all(len(line) <= 78 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert content.endswith(b"\r\n")


@pytest.mark.parametrize(
    "subject",
    [
        "ما رأيك في الرد على طلبك رقم BK-7F3KM-9QXAT-M2D4C؟",
        "طلب " * 40 + "🙂",
        "word " * 40,
        "=?utf-8?q?no?= encoded word, طلب",
        "",
    ],
)
def test_a_subject_arrives_as_it_is_written(connect, subject):
    """Over several lines, too; a blank between two of them is not lost."""
    content = connect().compose(letter(subject=subject))
    assert all(len(line) <= 78 for line in content.split(b"\r\n"))
    assert email.message_from_bytes(content, policy=email.policy.default)["Subject"] == subject.strip()


def test_a_line_break_cannot_become_a_header(connect):
    content = connect().compose(letter(subject="x\r\nBcc: victim@example.com\n\nbody"))
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "x Bcc: victim@example.com body"


@pytest.mark.parametrize(
    "address",
    ["a@b.jo\r\nBcc: c@d.jo", "a@b.jo, c@d.jo", "", "no-at-sign", "a@b.jo>", "عربي@b.jo", "a b@c.jo"],
)
def test_an_address_that_is_none_is_refused(sink, connect, address):
    assert connect().send(letter(to=address)) == Refused("email_address_invalid")
    assert sink.received.list() == []


def test_4xx_is_tried_again_and_5xx_never(sink, connect):
    sender = connect()
    sink.faults.later_next = 1
    assert sender.send(letter()) == Later("smtp_451")
    sink.faults.refuse_code = 550
    assert sender.send(letter()) == Refused("smtp_550")
    sink.faults.refuse_code = 0
    assert sender.send(letter()) == Accepted()
    assert len(sink.received.list()) == 1


def test_dropped_after_accept_is_lost(sink, connect):
    sink.faults.drop_next = 1
    sender = connect()
    assert sender.send(letter()) == Lost("email_answer_lost")
    assert len(sink.received.list()) == 1
    assert sender.send(letter()) == Accepted()


def test_an_answer_that_never_comes_is_lost(sink, connect):
    sink.faults.late_seconds = 1.0
    assert connect(timeout=0.2).send(letter()) == Lost("email_answer_lost")


def test_a_server_that_is_away_costs_no_attempt_and_is_found_again(sink, connect):
    sender = connect()
    sink.stop()
    outcome = sender.send(letter())
    assert (type(outcome), outcome.counts) == (Later, False)
    assert not sender.ready()
    sink.start()
    until(sender.ready)
    assert sender.send(letter()) == Accepted()


def test_a_connection_that_the_server_left_is_replaced(sink, connect):
    sender = connect()
    assert sender.send(letter()) == Accepted()
    sink.cut()
    assert sender.send(letter()) == Accepted()
    assert len(sink.received.list()) == 2


def test_a_kept_connection_that_went_dead_is_given_up(sink, connect):
    """Nothing says that the other side is gone; what was not handed over is tried again."""
    from tests.support.cut import Cut

    with Cut(("127.0.0.1", sink.port)) as cut:
        sender = connect(f"smtp://127.0.0.1:{cut.port}", timeout=0.5)
        assert sender.send(letter()) == Accepted()
        cut.blackhole()
        outcome = sender.send(letter())
        assert (type(outcome), outcome.counts) == (Later, False)
        cut.heal()
        until(lambda: sender.ready() and sender.send(letter()) == Accepted())
    assert sink.received.summary()["repeated"] == []


def test_many_at_once(sink, connect):
    import eventlet

    sender = connect()
    pool = eventlet.GreenPool(8)
    assert all(outcome == Accepted() for outcome in pool.imap(lambda _: sender.send(letter()), range(40)))
    assert sink.received.summary()["distinct"] == 40


# --- encryption, against aiosmtpd in a process of its own -----------------------------------------
@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory = tmp_path_factory.mktemp("tls")
    (directory / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return directory


@pytest.fixture
def other_server(certificate):
    import subprocess
    import sys

    running = []

    def start(mode):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.smtp_server", str(certificate), mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        return int(process.stdout.readline())

    yield start
    for process in running:
        process.communicate()


@pytest.fixture
def trusting(certificate):
    return ssl.create_default_context(cafile=str(certificate / "cert.pem"))


def test_starttls_with_a_login(other_server, connect, trusting):
    port = other_server("starttls")
    assert connect(f"smtp+starttls://user:p%40ss@localhost:{port}", tls=trusting).send(letter()) == Accepted()


def test_a_wrong_login_blames_no_message(other_server, connect, trusting):
    port = other_server("starttls")
    sender = connect(f"smtp+starttls://user:wrong@localhost:{port}", tls=trusting)
    assert sender.send(letter()) == Later("email_login_refused", counts=False)


def test_tls_from_the_first_byte(other_server, connect, trusting):
    port = other_server("implicit")
    assert connect(f"smtps://localhost:{port}", tls=trusting).send(letter()) == Accepted()


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(other_server, connect):
    port = other_server("implicit")
    assert connect(f"smtps://localhost:{port}").send(letter()) == Later("email_server_away", counts=False)


def test_starttls_is_not_given_up_for_an_open_line(other_server, connect, trusting):
    port = other_server("plain")
    outcome = connect(f"smtp+starttls://localhost:{port}", tls=trusting).send(letter())
    assert outcome == Later("email_server_away", counts=False)


@pytest.mark.parametrize("url", ["http://h", "smtp://", "smtp:///x", "smtp://h:99999", "smtp://h/path"])
def test_a_wrong_address_of_a_server_is_refused(url):
    with pytest.raises(ValueError, match=r"address|[Pp]ort"):
        server(url)
