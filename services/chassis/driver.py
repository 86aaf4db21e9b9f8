"""psycopg2 under eventlet: it waits and connects without stopping the other green threads, and no dead connection leaves the pool.

It is green through a wait callback. Ours, unlike eventlet's own, gives up after a deadline: a database that has become a black hole must
cost one request, not a green thread for ever.
"""

from collections.abc import Callable
from typing import Any

import eventlet
import psycopg2
import psycopg2.extensions
import sqlalchemy
from eventlet.green import socket
from eventlet.hubs import trampoline
from sqlalchemy import exc

LOOK_UP_SECONDS = 5.0

# The unpatched module: a look that waits for nothing has no business with the hub, and eventlet takes poll() out of the patched one.
_select = eventlet.patcher.original("select")


def connect(dialect: sqlalchemy.Dialect, _record: Any, args: tuple[Any, ...], wanted: dict[str, Any]) -> Any:
    """Connects to an address that was looked up by a green thread: libpq looks a name up by a call that stops the whole process, for
    as long as a name server takes to say that there is no such host, which is what it says of a container that is down.
    """
    host = wanted.get("host")
    if host and not host.startswith("/") and "," not in host and not wanted.get("hostaddr"):
        found = _addresses(host)
        wanted = {**wanted, "host": ",".join([host] * len(found)), "hostaddr": ",".join(found)}
    return dialect.connect(*args, **wanted)


def _addresses(host: str) -> list[str]:
    try:
        with eventlet.Timeout(LOOK_UP_SECONDS, _Silence):
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, _Silence):
        raise psycopg2.OperationalError("nobody knows an address of the database's host") from None
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def waiter(seconds: float) -> Callable[..., None]:
    """A psycopg2 wait callback that lets other green threads run and gives the server `seconds` between two signs of life."""

    def wait(connection: Any, timeout: float | None = None) -> None:
        while True:
            state = connection.poll()
            if state == psycopg2.extensions.POLL_OK:
                return
            if state not in (psycopg2.extensions.POLL_READ, psycopg2.extensions.POLL_WRITE):
                raise psycopg2.OperationalError("bad result from poll")
            try:
                trampoline(
                    connection.fileno(),
                    read=state == psycopg2.extensions.POLL_READ,
                    write=state == psycopg2.extensions.POLL_WRITE,
                    timeout=seconds,
                    timeout_exc=_Silence,
                )
            except _Silence:
                raise psycopg2.OperationalError("the server was silent for too long") from None

    return wait


class _Silence(Exception):
    """The server did not answer in time."""


def refuse_dead(dbapi_connection: Any, *_: Any) -> None:
    """An idle connection has nothing to read unless the server ended it: a look at the socket costs microseconds, a ping a round trip."""
    try:
        look = _select.poll()
        look.register(dbapi_connection.fileno(), _select.POLLIN)
        readable = look.poll(0)
    except (OSError, psycopg2.Error, ValueError):
        raise exc.DisconnectionError from None
    if readable:
        raise exc.DisconnectionError
