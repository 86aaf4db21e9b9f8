"""A host that moves is found at its new address at once, whatever its name server says about how long the old one is good."""

import pytest
from eventlet.green import socket
from eventlet.support import greendns

from services.cli import names
from tests.support.name_server import answering


@pytest.fixture(autouse=True)
def _resolver_of_its_own(monkeypatch):
    """eventlet's own, as a process has it when it starts; put back after the test."""
    monkeypatch.setattr(greendns, "resolver", greendns.ResolverProxy())


def addresses_before_and_after_a_move() -> tuple[str, str]:
    there = {"intake.test": "192.0.2.1"}
    with answering(there):
        before = socket.gethostbyname("intake.test")
        there["intake.test"] = "192.0.2.2"
        return before, socket.gethostbyname("intake.test")


def test_a_host_that_moved_is_found():
    names.ask_anew()
    assert addresses_before_and_after_a_move() == ("192.0.2.1", "192.0.2.2")


def test_eventlet_alone_would_keep_the_old_address():
    """The reason for the module; should eventlet change, it can go."""
    assert addresses_before_and_after_a_move() == ("192.0.2.1", "192.0.2.1")
