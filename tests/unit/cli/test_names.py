"""A host that moves is found at its new address at once, whatever its name server says about how long the old one is good."""

import contextlib
from collections.abc import Iterator

import eventlet
import pytest
from eventlet.green import socket
from eventlet.support import greendns
from eventlet.support.greendns import dns

from services.cli import names


@contextlib.contextmanager
def name_server(addresses: dict[str, str]) -> Iterator[int]:
    """Answers for A with what `addresses` holds at that moment, good for ten minutes; yields its port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            data, caller = listener.recvfrom(4096)
            question = dns.message.from_wire(data)
            answer = dns.message.make_response(question)
            (asked,) = question.question
            if asked.rdtype == dns.rdatatype.A:
                answer.answer.append(dns.rrset.from_text(asked.name, 600, "IN", "A", addresses["intake"]))
            listener.sendto(answer.to_wire(), caller)

    server = eventlet.spawn(serve)
    try:
        yield listener.getsockname()[1]
    finally:
        server.kill()
        listener.close()


@pytest.fixture(autouse=True)
def _resolver_of_its_own(monkeypatch):
    """eventlet's own, as a process has it when it starts; put back after the test."""
    monkeypatch.setattr(greendns, "resolver", greendns.ResolverProxy())


def addresses_before_and_after_a_move() -> tuple[str, str]:
    there = {"intake": "192.0.2.1"}
    with name_server(there) as port:
        resolver = greendns.resolver._resolver
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        before = socket.gethostbyname("intake.test")
        there["intake"] = "192.0.2.2"
        return before, socket.gethostbyname("intake.test")


def test_a_host_that_moved_is_found():
    names.ask_anew()
    assert addresses_before_and_after_a_move() == ("192.0.2.1", "192.0.2.2")


def test_eventlet_alone_would_keep_the_old_address():
    """The reason for the module; should eventlet change, it can go."""
    assert addresses_before_and_after_a_move() == ("192.0.2.1", "192.0.2.1")
