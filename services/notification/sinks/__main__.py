"""`python -m services.notification.sinks smtp|smpp`: a sink in a process of its own, until it is told to stop."""

import signal
from pathlib import Path

import click

from services.notification.sinks.listing import Listing
from services.notification.sinks.received import Received
from services.notification.sinks.smpp_sink import SmppSink
from services.notification.sinks.smtp_sink import SmtpSink

_SINKS = {"smtp": SmtpSink, "smpp": SmppSink}


@click.command(help="A stand-in for a provider that keeps what it is sent and shows it over HTTP.")
@click.argument("kind", type=click.Choice(sorted(_SINKS)))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, required=True, help="Port of the protocol.")
@click.option("--http-port", type=int, required=True, help="Port of the listing.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep messages in this file as JSON lines.",
)
def main(kind: str, host: str, port: int, http_port: int, file: Path | None) -> None:
    """Runs one sink and its listing."""
    # Blocked before there are threads, which inherit it: the signals wait for `sigwait` below, whenever they come.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    sink = _SINKS[kind](host, port, received=Received(file)).start()
    listing = Listing(sink, host, http_port).start()
    click.echo(f"{kind} on {host}:{sink.port}, messages at http://{host}:{listing.port}/messages")
    signal.sigwait(ends)
    listing.stop()
    sink.stop()
    sink.received.close()


if __name__ == "__main__":
    main()
