"""A name server of a test, which the process asks in place of the machine's."""

import contextlib
from collections.abc import Iterator, Mapping

import eventlet
from eventlet.green import socket
from eventlet.support import greendns
from eventlet.support.greendns import dns


@contextlib.contextmanager
def answering(addresses: Mapping[str, str]) -> Iterator[None]:
    """A question for a name in `addresses` gets what stands there at that moment, good for ten minutes; any other gets no answer at all.

    The resolver of the process must be one of the test's own.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            data, caller = listener.recvfrom(4096)
            question = dns.message.from_wire(data)
            (asked,) = question.question
            known = addresses.get(asked.name.to_text(omit_final_dot=True))
            if known is None:
                continue
            answer = dns.message.make_response(question)
            if asked.rdtype == dns.rdatatype.A:
                answer.answer.append(dns.rrset.from_text(asked.name, 600, "IN", "A", known))
            listener.sendto(answer.to_wire(), caller)

    server = eventlet.spawn(serve)
    resolver = greendns.resolver._resolver
    resolver.nameservers, resolver.port = ["127.0.0.1"], listener.getsockname()[1]
    try:
        yield
    finally:
        server.kill()
        listener.close()
