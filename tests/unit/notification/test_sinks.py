"""The sinks' own behaviour: what they keep, show and forget."""

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from services.cli.postgres import free_port
from services.notification.sinks.listing import Listing
from services.notification.sinks.received import Received
from services.notification.sinks.smpp_sink import SmppSink
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
