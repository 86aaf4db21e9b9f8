"""The providers' side: a mail server and an SMS centre in processes of their own, which keep what reached them."""

import json
import os
import sys
import tempfile
import urllib.request
from pathlib import Path

from services.cli.postgres import free_port
from tests.support.deployment import Process, status
from tests.support.poll import until

KINDS = ("smtp", "smpp")


class Sinks:
    """`ports` by kind. What they received is in files, so that nothing is forgotten if one of them is killed."""

    def __init__(self, seconds: float = 30):
        self._directory = tempfile.TemporaryDirectory(prefix="test-sinks-", ignore_cleanup_errors=True)
        home = Path(self._directory.name)
        self.ports = {kind: free_port() for kind in KINDS}
        self._listings = {kind: free_port() for kind in KINDS}
        self.processes: dict[str, Process] = {}
        for kind in KINDS:
            command = [sys.executable, "-m", "services.notification.sinks", kind]
            command += ["--port", str(self.ports[kind]), "--http-port", str(self._listings[kind])]
            command += ["--file", str(home / f"{kind}.jsonl")]
            environment = {"PATH": os.environ.get("PATH", "")}
            self.processes[kind] = Process(kind, command, environment, home / f"{kind}.log").start()
        for kind, process in self.processes.items():
            try:
                until(lambda kind=kind: status(self._url(kind, "health")) == 200, seconds)
            except AssertionError:
                self.close()
                raise AssertionError(f"the {kind} sink did not start: {process.tail()}") from None

    @property
    def environment(self) -> dict[str, str]:
        """What the services must know to reach them."""
        return {
            "SMTP_URL": self.url("smtp", self.ports["smtp"]),
            "SMPP_URL": self.url("smpp", self.ports["smpp"]),
            "MAIL_FROM": "Bekhedmetkom <no-reply@example.com>",
            "SMS_FROM": "Bekhedma",
            "COORDINATOR_EMAIL": "coordinator@example.com",
        }

    @staticmethod
    def url(kind: str, port: int) -> str:
        """The address of a sink, or of a proxy before it, as a service is given it."""
        account = "system:password@" if kind == "smpp" else ""
        return f"{kind}://{account}127.0.0.1:{port}"

    def messages(self, kind: str) -> list[dict]:
        """Everything that arrived, in order: number, key, to, text, and of SMS `reference`."""
        found: list[dict] = []
        while True:
            after = found[-1]["number"] if found else 0
            with urllib.request.urlopen(
                self._url(kind, f"messages?limit=5000&after={after}"), timeout=30
            ) as answer:
                page = json.load(answer)
            if not page:
                return found
            found += page

    def close(self) -> None:
        """Ends both."""
        for process in self.processes.values():
            process.terminate(10)
        self._directory.cleanup()

    def _url(self, kind: str, path: str) -> str:
        return f"http://127.0.0.1:{self._listings[kind]}/{path}"
