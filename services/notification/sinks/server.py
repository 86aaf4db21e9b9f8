"""A TCP server with a thread for each connection, which can be stopped and leaves nothing behind."""

import socket
import threading
import time
from contextlib import suppress

#: Where nothing can be opened any more (too many open files), others are let end before the next try.
_REST_SECONDS = 0.1


class Server:
    """Subclasses say what to do with a connection in `serve`."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0: one that is free, known as `port` after `start`."""
        self.host = host
        self.port = port
        self._listener: socket.socket | None = None
        self._accepting = threading.Thread()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def start(self) -> "Server":
        """Listens; returns itself."""
        self._listener = socket.create_server((self.host, self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._accepting.start()
        return self

    def stop(self) -> None:
        """Stops listening and cuts what is open."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # The thread that waits on the socket closes it: on eventlet its number must not be taken while somebody waits on it.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            self._accepting.join()
        self.cut()

    def cut(self) -> None:
        """Ends all connections as a crash would."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def serve(self, connection: socket.socket) -> None:
        """Talks over one connection until it ends; runs in a thread of its own. The connection is closed afterwards."""
        raise NotImplementedError

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while self._listener is listener:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    if self._listener is listener:
                        time.sleep(_REST_SECONDS)
                    continue
                with self._lock:
                    self._open.add(connection)
                threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection: socket.socket) -> None:
        try:
            # A peer that breaks off or talks nonsense ends its own connection, no more.
            with suppress(OSError, ValueError, LookupError, EOFError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.serve(connection)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
