"""nameko extension that serves a service's Flask app on eventlet, with a limit on everything that a caller
can hold.

    web = Web(api.create_app)      # in the service class; listens at <SERVICE>_HOST:<SERVICE>_PORT
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import eventlet
import eventlet.semaphore
import flask
from eventlet import greenio, wsgi
from eventlet.green import socket
from nameko.extensions import DependencyProvider

from services.chassis import clock, hub, logs, metrics, problems, settings, tracing, wire
from services.chassis.actor import Actor, current_actor, require
from services.chassis.body import Blueprint
from services.chassis.http import CORRELATION_HEADER, create_app
from services.chassis.messages import Message
from services.chassis.problems import Problem, language, text
from services.chassis.settings import setting

__all__ = [
    "Actor",
    "Blueprint",
    "Message",
    "Problem",
    "Web",
    "create_app",
    "current_actor",
    "language",
    "require",
    "text",
]

log = logs.get()
_FREE = ("/health/", "/metrics")


@dataclass(frozen=True)
class Settings:
    """Settings of a service's HTTP server."""

    host: str = setting("{SERVICE}_HOST", "Address that the service listens on.", default="127.0.0.1")
    port: int = setting("{SERVICE}_PORT", "Port that the service listens on.", kind=int, least=0, most=65535)
    admitted: int = setting(
        "HTTP_ADMITTED",
        "Requests handled at once; keep it below the database pool.",
        default=12,
        kind=int,
        least=1,
    )
    admission_seconds: float = setting(
        "HTTP_ADMISSION_SECONDS",
        "How long a request waits for its turn before it is answered 503.",
        default=2.0,
        kind=float,
        least=0,
    )
    handler_seconds: float = setting(
        "HTTP_HANDLER_SECONDS", "The longest that one request may take.", default=30.0, kind=float, least=0.1
    )
    connections: int = setting(
        "HTTP_CONNECTIONS", "Connections open at once; more are closed.", default=1000, kind=int, least=1
    )
    request_seconds: float = setting(
        "HTTP_REQUEST_SECONDS",
        "The longest from the first byte of a request to its last, headers and body.",
        default=15.0,
        kind=float,
        least=0.1,
    )
    idle_seconds: float = setting(
        "HTTP_IDLE_SECONDS", "How long an idle connection is kept open.", default=60.0, kind=float, least=0.1
    )
    drain_seconds: float = setting(
        "HTTP_DRAIN_SECONDS",
        "How long running requests may go on when the process stops.",
        default=10.0,
        kind=float,
        least=0,
    )


class Server:
    """Serves `app` at the settings' address: `listen`, `accept_forever`, and `stop`, which lets running
    requests finish.
    """

    # What eventlet's protocol asks of its server.
    keepalive = True
    max_http_version = "HTTP/1.1"
    minimum_chunk_size = 16 * 1024
    capitalize_response_headers = False
    debug = False
    log_output = False
    socket_timeout = 30.0
    log = wsgi.LoggerNull()

    def __init__(self, app: flask.Flask, service: str, limits: Settings):
        self.service = service
        self.limits = limits
        self.max_body = app.config["MAX_CONTENT_LENGTH"]
        self.stopping = False
        self.address: tuple[str, int] = (limits.host, limits.port)
        self.app = self._admit
        self._handle = app
        self._slots = eventlet.semaphore.Semaphore(limits.admitted)
        self._in_progress = metrics.http_in_progress.labels(service)
        # The [address, socket, state] that eventlet's protocol keeps of each, by its id, the oldest first.
        self._connections: dict[int, list[Any]] = {}
        self._listener: Any = None

    def listen(self) -> None:
        """Binds the address. Raises OSError when it is taken."""
        family = socket.AF_INET6 if ":" in self.limits.host else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.limits.host, self.limits.port))
        self._listener.listen(512)
        self.address = self._listener.getsockname()[:2]
        self.base_environ = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": self.address[0],
            "SERVER_PORT": str(self.address[1]),
            "GATEWAY_INTERFACE": "CGI/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

    def accept_forever(self) -> None:
        """Takes connections until `stop`. No client and no shortage of descriptors ends it."""
        try:
            self._accept()
        finally:
            # Closed here and not in stop(): a descriptor that is closed under a waiting accept never wakes it.
            self._listener.close()

    def _accept(self) -> None:
        while not self.stopping:
            try:
                client, address = self._listener.accept()
            except OSError as error:
                if self.stopping:
                    return
                # Out of file descriptors, or the client left before it was accepted.
                log.warning("accept_failed", error=type(error).__name__, errno=error.errno)
                eventlet.sleep(0.05)
                continue
            if len(self._connections) >= self.limits.connections:
                self.rejected("connections")
                if not self._end_an_idle_one():
                    client.close()
                    continue
            connection = [address, client, wsgi.STATE_IDLE]
            self._connections[id(connection)] = connection
            eventlet.spawn_n(self._serve, connection)

    def stop(self) -> None:
        """Takes no more connections, ends the idle ones, and waits for running requests, at most
        drain_seconds.
        """
        self.stopping = True
        if self._listener is not None:
            greenio.shutdown_safe(self._listener)
        for _, client, state in list(self._connections.values()):
            if state == wsgi.STATE_IDLE:
                greenio.shutdown_safe(client)
        with eventlet.Timeout(self.limits.drain_seconds, False):
            while self._connections:
                eventlet.sleep(0.02)
        if self._connections:
            log.warning("requests_cut_off", count=len(self._connections))
        for _, client, _ in list(self._connections.values()):
            greenio.shutdown_safe(client)

    def _end_an_idle_one(self) -> bool:
        """Makes room by ending the connection that has been open longest and asks for nothing now."""
        for key, (_, client, state) in self._connections.items():
            if state == wsgi.STATE_IDLE:
                del self._connections[key]
                greenio.shutdown_safe(client)
                return True
        return False

    def rejected(self, reason: str) -> None:
        """Counts a request that no handler saw."""
        metrics.http_rejected_total.labels(self.service, reason).inc()

    def _serve(self, connection: list[Any]) -> None:
        client = connection[1]
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.Protocol(connection, self)
        except OSError:
            # Reset by the client, at whatever moment: its right.
            self.rejected("gone")
        except Exception:
            log.exception("connection_failed")
        finally:
            self._connections.pop(id(connection), None)
            greenio.shutdown_safe(client)
            client.close()

    def _admit(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Lets a few requests run at once: more than the database pool serves would only wait there, holding
        more.
        """
        if environ["PATH_INFO"].startswith(_FREE):
            return self._run(environ, start_response)
        if not self._slots.acquire(timeout=self.limits.admission_seconds):
            self.rejected("busy")
            return _refuse(Problem(503, "busy", headers={"Retry-After": "1"}), environ, start_response)
        self._in_progress.inc()
        try:
            return self._run(environ, start_response)
        finally:
            self._in_progress.dec()
            self._slots.release()

    def _run(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        deadline = eventlet.Timeout(self.limits.handler_seconds)
        try:
            return self._handle(environ, start_response)
        except eventlet.Timeout as timeout:
            if timeout is not deadline:
                raise
            log.error("request_too_slow", seconds=self.limits.handler_seconds, exc_info=timeout)
            self.rejected("too_slow")
            return _refuse(Problem(503, "too_slow", headers={"Retry-After": "1"}), environ, start_response)
        finally:
            deadline.cancel()
            if self.stopping:
                environ["bekhedmetkom.connection"].close_connection = 1


def _refuse(problem: Problem, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    correlation = logs.sane_correlation_id(environ.get("HTTP_X_CORRELATION_ID")) or clock.new_id()
    wanted = problems.language_of(environ.get("HTTP_ACCEPT_LANGUAGE"))
    content = problems.document(problem, wanted, correlation)
    headers = {
        "Content-Type": problems.CONTENT_TYPE,
        "Content-Length": str(len(content)),
        "Content-Language": wanted,
        "Vary": "Accept-Language",
        "X-Content-Type-Options": "nosniff",
        CORRELATION_HEADER: correlation,
        **problem.headers,
    }
    start_response(f"{problem.status} {HTTPStatus(problem.status).phrase}", list(headers.items()))
    return [content]


class Web(DependencyProvider):
    """Serves the app that `create_app()` returns, from the start of the service to its stop."""

    def __init__(self, create: Callable[[], flask.Flask]):
        self.create = create
        self.server: Server | None = None

    def setup(self) -> None:
        """Builds the app and checks all settings, so that a wrong one stops the process here."""
        service = self.container.service_name
        app = self.create()
        for needed in app.extensions.get("chassis_settings", ()):
            settings.load(needed)
        settings.load(hub.Settings)
        self.server = Server(app, service, self.limits(service))

    def limits(self, service: str) -> Settings:
        """The settings that the server obeys. A service that waits for others instead of a database overrides it."""
        return settings.load(Settings, service=service)

    def start(self) -> None:
        """Listens. Raises OSError when the address is taken."""
        assert self.server is not None
        self.server.listen()
        tracing.configure()
        hub.watch_hub()
        self.container.spawn_managed_thread(self.server.accept_forever, identifier="web")
        log.info(
            "listening", service=self.server.service, host=self.server.address[0], port=self.server.address[1]
        )

    def stop(self) -> None:
        """Lets running requests finish."""
        if self.server is not None:
            self.server.stop()

    def kill(self) -> None:
        """Stops without waiting."""
        if self.server is not None:
            self.server.stopping = True
