"""The sinks' own behaviour: what they keep, show and forget."""

import json
import smtplib
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from services.cli.postgres import free_port
from services.notification.sinks import smpp_pdu
from services.notification.sinks.listing import Listing
from services.notification.sinks.received import Received
from services.notification.sinks.smpp_sink import SmppSink
from services.notification.sinks.smtp_sink import SmtpSink
from tests.support.poll import until

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def listing():
    listing = Listing(SmppSink()).start()
    yield listing
    listing.stop()


def call(listing, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{listing.port}{path}", data, method="PUT" if data else "GET"
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_messages_are_listed_in_pages(listing):
    for number in range(5):
        listing._sink.received.add(f"k{number % 4}", {"to": f"+{number}"})
    assert [each["number"] for each in call(listing, "/messages?after=1&limit=2")[1]] == [2, 3]
    assert [each["number"] for each in call(listing, "/messages?to=%2B3")[1]] == [4]
    assert call(listing, "/summary")[1] == {"count": 5, "distinct": 4, "repeated": ["k0"]}
    assert call(listing, "/messages?after=x")[0] == 400
    assert call(listing, "/nothing")[0] == 404


def test_faults_are_changed_from_outside(listing):
    assert call(listing, "/faults", {"throttle_next": 3})[1]["throttle_next"] == 3
    assert listing._sink.faults.throttle_next == 3
    assert call(listing, "/faults", {"nonsense": 1})[0] == 400
    for wrong in ({"receipt": []}, {"late_seconds": "1"}, {"throttle_next": 1.5}, {"refuse_bind": 1}, [1]):
        assert call(listing, "/faults", wrong)[0] == 400
    assert listing._sink.faults.throttle_next == 3
    assert call(listing, "/faults", {"late_seconds": 1})[1]["throttle_next"] == 0


def test_nonsense_ends_only_its_own_connection(listing):
    sink = listing._sink.start()
    for port, rubbish in (
        (sink.port, b"\xff" * 64),
        (sink.port, b"\x00\x00\x00\x10" + b"\x00" * 3),
        (listing.port, b"\x00\r\n\r\n"),
    ):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(rubbish)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(100)
    assert call(listing, "/health") == (200, {"status": "up"})
    sink.stop()


@pytest.fixture
def centre():
    sink = SmppSink().start()
    with socket.create_connection(("127.0.0.1", sink.port), timeout=10) as connection:
        yield sink, connection, connection.makefile("rb")
    sink.stop()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00" * 8,
        b"no end",
        # A header is announced, and there is none; or one that is shorter than it says.
        b"\x00\x01\x01a\x00\x01\x01b\x00\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x00\x01\x01a\x00\x01\x01b\x00\x40\x00\x00\x00\x00\x00\x00\x00\x00\x04\x05\x00\x03\x01",
    ],
)
def test_a_malformed_submission_is_refused_and_the_session_goes_on(centre, body):
    sink, connection, stream = centre
    connection.sendall(
        smpp_pdu.Pdu(smpp_pdu.BIND_TRANSCEIVER, 0, 1, b"me\x00pw\x00\x00\x34\x00\x00\x00").pack()
    )
    assert smpp_pdu.read(stream).status == smpp_pdu.OK
    connection.sendall(smpp_pdu.Pdu(smpp_pdu.SUBMIT_SM, 0, 2, body).pack())
    answer = smpp_pdu.read(stream)
    assert (answer.command, answer.status) == (
        smpp_pdu.SUBMIT_SM | smpp_pdu.RESPONSE,
        smpp_pdu.INVALID_LENGTH,
    )
    connection.sendall(smpp_pdu.Pdu(smpp_pdu.ENQUIRE_LINK, 0, 3, b"").pack())
    assert smpp_pdu.read(stream).sequence == 3
    assert (sink.received.summary()["count"], sink.partial()) == (0, 0)


@pytest.fixture
def post_office():
    sink = SmtpSink().start()
    client = smtplib.SMTP("127.0.0.1", sink.port, timeout=10)
    yield sink, client
    client.close()
    sink.stop()


def test_a_command_without_end_is_one_command(post_office):
    _, client = post_office
    assert client.docmd("NOOP " + "x" * 10_000)[0] == 500
    assert client.noop()[0] == 250


def test_a_line_of_a_mail_may_be_long_and_hold_a_dot_where_it_is_cut(post_office):
    sink, client = post_office
    line = "x" * 2000 + ".\n" + "y" * 1999 + ".z\n"
    client.sendmail("a@example.jo", "b@example.jo", "Subject: long\n\n" + line)
    (mail,) = sink.received.list()
    assert mail["text"] == line


def test_a_mail_without_line_breaks_is_not_kept_in_memory(post_office):
    sink, client = post_office
    client.mail("a@example.jo")
    client.rcpt("b@example.jo")
    assert client.data(b"x" * (11 * 1024 * 1024))[0] == 552
    assert sink.received.list() == []


@pytest.mark.parametrize(
    "mail",
    [
        b"Content-Type: text/plain; charset=martian\r\n\r\n\xff\xfe\r\n",
        b"Subject: =?utf-8?b?!!?=\r\nFrom: <<\r\nDate: never\r\nMessage-ID: <[\r\n\r\ntext\r\n",
        b"\x00\x01\r\n",
        b"Content-Type: multipart/mixed\r\n\r\nno parts\r\n",
    ],
)
def test_a_mail_that_cannot_be_made_out_is_kept(post_office, mail):
    sink, client = post_office
    client.sendmail("a@example.jo", "b@example.jo", mail)
    assert sink.received.summary()["count"] == 1


def test_a_sink_that_ran_out_of_files_hears_again_when_some_are_closed():
    port, http_port = free_port(), free_port()
    command = f"ulimit -n 24; exec {sys.executable} -m services.notification.sinks smtp --port {port} --http-port {http_port}"
    process = subprocess.Popen(["/bin/sh", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert str(port) in process.stdout.readline()
        many = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(40)]
        for each in many:
            each.close()
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            assert client.noop()[0] == 250
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_a_file_is_read_again_and_half_a_line_forgotten(tmp_path):
    file = tmp_path / "sub" / "messages.jsonl"
    received = Received(file)
    received.add("a", {"to": "1", "text": "نص"})
    received.add("b", {"to": "2", "text": "x"})
    received.close()
    with file.open("a") as left:
        left.write('{"number": 3, "key"')
    again = Received(file)
    assert [each["key"] for each in again.list()] == ["a", "b"]
    again.add("a", {"to": "1", "text": "نص"})
    again.close()
    third = Received(file)
    assert third.summary() == {"count": 3, "distinct": 2, "repeated": ["a"]}
    third.close()


def test_a_file_that_ends_in_the_middle_of_a_letter_is_read_again(tmp_path):
    file = tmp_path / "messages.jsonl"
    file.write_bytes(
        '{"number": 1, "key": "a", "to": "1", "text": "ن"}\n{"number": 2, "text": "ن'.encode()[:-1]
    )
    received = Received(file)
    assert [each["text"] for each in received.list()] == ["ن"]
    received.close()


def test_only_the_last_are_kept_and_all_are_counted():
    received = Received(keep=2)
    for number in range(4):
        received.add(str(number), {"to": "x"})
    assert [each["key"] for each in received.list()] == ["2", "3"]
    assert received.summary()["count"] == 4


@pytest.mark.parametrize("kind", ["smtp", "smpp"])
def test_a_sink_runs_as_a_process_and_ends_on_a_signal(kind, tmp_path):
    port, http_port = free_port(), free_port()
    command = [sys.executable, "-m", "services.notification.sinks", kind, "--port", str(port)]
    command += ["--http-port", str(http_port), "--file", str(tmp_path / "messages.jsonl")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert str(port) in process.stdout.readline()
        until(lambda: _reachable(port) and _reachable(http_port))
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()


def _reachable(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
