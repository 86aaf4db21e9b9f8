"""Local ends for text messages and mail: they take what the services send, and show it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from services.notification.sinks.listing import Listing
from services.notification.sinks.received import Received
from services.notification.sinks.smpp_sink import SmppSink
from services.notification.sinks.smtp_sink import SmtpSink

#: Who messages come from, and where the coordinator's desk is, on a machine where all of them end in a sink. Nobody
#: sleeps there, and somebody waits to see a message: no quiet hours.
SENDERS = {
    "MAIL_FROM": "بخدمتكم <no-reply@example.org>",
    "SMS_FROM": "Bekhedmetkm",
    "COORDINATOR_EMAIL": "coordinator@example.org",
    "QUIET_HOURS": "off",
}


@contextlib.contextmanager
def running(directory: Path | None = None) -> Iterator[dict[str, str]]:
    """Both sinks in this process; the settings that lead services and the gateway's page to them.

    With `directory` what they received is kept in files there over restarts.
    """
    with contextlib.ExitStack() as stack:
        found = dict(SENDERS)
        for kind, sink_class in (("smtp", SmtpSink), ("smpp", SmppSink)):
            file = directory / f"{kind}.jsonl" if directory else None
            received = Received(file)
            stack.callback(received.close)
            sink = sink_class("127.0.0.1", 0, received=received)
            sink.start()
            stack.callback(sink.stop)
            listing = Listing(sink, "127.0.0.1", 0)
            listing.start()
            stack.callback(listing.stop)
            user = "demo:demo@" if kind == "smpp" else ""
            found[f"{kind.upper()}_URL"] = f"{kind}://{user}127.0.0.1:{sink.port}"
            found[f"DEMO_{kind.upper()}_SINK_URL"] = f"http://127.0.0.1:{listing.port}/messages"
        yield found
