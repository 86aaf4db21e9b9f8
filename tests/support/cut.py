"""A TCP proxy between a service and its server, which can cut, swallow and delay."""

import contextlib

try:
    from eventlet.patcher import original
except ImportError:  # The proxy also serves tests that know nothing of eventlet.
    from importlib import import_module as original

# Threads of the operating system also in a process that eventlet patched: a blocked hub must not stop it.
socket = original("socket")
threading = original("threading")
time = original("time")


class Cut:
    """Listens on `port` of 127.0.0.1 and passes bytes to `target` (host, port).

    `cut()` resets what is open and refuses what comes; `blackhole()` keeps connections open and passes
    nothing; `heal()` undoes both. `forget()` is a firewall that lost its state: what is open passes nothing any more
    and is never told, and new connections work. `latency` (seconds) delays each piece in both directions.
    """

    def __init__(self, target: tuple[str, int]):
        self.target = target
        self.latency = 0.0
        self._passing = threading.Event()
        self._passing.set()
        self._refusing = False
        self._closed = False
        self._generation = 0
        self._open: set = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._refusing = True
        self._reset()

    def blackhole(self) -> None:
        self._passing.clear()

    def forget(self) -> None:
        self._generation += 1

    def heal(self) -> None:
        self._refusing = False
        self._passing.set()

    def close(self) -> None:
        self._closed = True
        self._passing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._reset()

    def __enter__(self) -> "Cut":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                near.close()
                continue
            try:
                far = socket.create_connection(self.target, timeout=5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                pumped = (source, sink, self._generation)
                threading.Thread(target=self._pump, args=pumped, daemon=True).start()

    def _pump(self, source, sink, generation: int) -> None:
        try:
            while piece := source.recv(65536):
                if generation != self._generation:
                    continue
                if self.latency:
                    time.sleep(self.latency)  # a fault: a slow line
                self._passing.wait()
                sink.sendall(piece)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                with self._lock:
                    self._open.discard(end)
                end.close()

    def _reset(self) -> None:
        with self._lock:
            ends = list(self._open)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
