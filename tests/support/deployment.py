"""The system as it is deployed: one process per service, started with its command and its environment."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from services.cli.postgres import free_port
from services.cli.registry import CLASSES, OWNERS
from tests.support import bound
from tests.support.poll import until

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """One service process: started, killed, frozen, ended."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path):
        self.name, self.command, self.environment, self.log = name, command, environment, log
        self._child: subprocess.Popen | None = None

    def start(self) -> "Process":
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [*bound.to_this_process(), *self.command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )
        return self

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def kill(self) -> None:
        """SIGKILL to it and to what it started."""
        self._signal(signal.SIGKILL)
        self.wait(10)

    def stop(self) -> None:
        """SIGSTOP: its connections stay open and it does nothing."""
        self._signal(signal.SIGSTOP)

    def cont(self) -> None:
        self._signal(signal.SIGCONT)

    def terminate(self, seconds: float = 30) -> int | None:
        """SIGTERM, and the exit code; SIGKILL if it does not end in time."""
        self.ask_to_end()
        return self.ended(seconds)

    def ask_to_end(self) -> None:
        """SIGTERM. A second one would end it at once."""
        self.cont()
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(signal.SIGTERM)

    def ended(self, seconds: float) -> int | None:
        """Waits for the exit code; SIGKILL if it does not end in time."""
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def wait(self, seconds: float) -> int | None:
        return self._child.wait(seconds) if self._child is not None else None

    def tail(self, lines: int = 25) -> str:
        """The end of what it wrote; nothing if it was never started."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _signal(self, number: int) -> None:
        if self._child is None or self._child.poll() is not None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._child.pid)
            for member in (*parent.children(recursive=True), parent):
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.send_signal(number)


class Deployment:
    """All services over one database and one vhost.

    `environment` holds what every process gets: DATABASE_URL_*, AMQP_URI, keys, SMTP_URL, SMPP_URL. `replicas` says how
    many processes a service has; the gateway knows them all. `processes` holds them by "intake", "intake.2".
    """

    def __init__(self, environment: dict[str, str], replicas: dict[str, int] | None = None):
        self._directory = tempfile.TemporaryDirectory(prefix="test-deployment-", ignore_cleanup_errors=True)
        self.logs = Path(self._directory.name)
        self.ports: dict[str, int] = {}
        self.processes: dict[str, Process] = {}
        self.last_words: dict[str, str] = {}
        for name in CLASSES:
            for number in range(1, (replicas or {}).get(name, 1) + 1):
                self.ports[name if number == 1 else f"{name}.{number}"] = free_port()
        urls = {
            f"{name.upper()}_URL": ",".join(
                self.url(label) for label in self.ports if label.split(".")[0] == name
            )
            for name in OWNERS
        }
        # Only what a process needs: nothing that this machine happens to have set.
        inherited = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
        }
        self.environment = {**inherited, "PYTHONUNBUFFERED": "1", **urls, **environment}
        for label, port in self.ports.items():
            name = label.split(".")[0]
            self.processes[label] = Process(
                label,
                [sys.executable, "-m", "services.cli", "run", name],
                {**self.environment, f"{name.upper()}_PORT": str(port)},
                self.logs / f"{label}.log",
            )

    @property
    def gateway(self) -> str:
        """The address that the world sees."""
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def url(self, label: str) -> str:
        return f"http://127.0.0.1:{self.ports[label]}"

    def start(self, seconds: float = 120) -> "Deployment":
        """Starts all processes and waits until each says that it is ready."""
        for process in self.processes.values():
            process.start()
        self.wait_ready(seconds)
        return self

    def wait_ready(self, seconds: float = 120) -> None:
        """Raises with the end of the log of the one that is not."""
        for label, process in self.processes.items():
            try:
                until(lambda label=label, process=process: self._ready(label, process), seconds, every=0.1)
            except AssertionError as error:
                raise AssertionError(f"{label} is not ready: {error}\n{process.tail()}") from None

    def close(self) -> dict[str, int | None]:
        """Ends all processes by SIGTERM; their exit codes."""
        for process in self.processes.values():
            process.ask_to_end()
        codes = {label: process.ended(30) for label, process in self.processes.items()}
        self.last_words = {label: self.processes[label].tail() for label, code in codes.items() if code != 0}
        self._directory.cleanup()
        return codes

    def command(self, *arguments: str) -> str:
        """What `python -m services.cli …` prints. Raises when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _ready(self, label: str, process: Process) -> bool:
        if not process.alive:
            raise AssertionError("it ended")
        return status(self.url(label) + "/health/ready") == 200


def status(url: str) -> int:
    """The HTTP status at `url`; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
