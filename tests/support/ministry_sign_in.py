"""A ministry's provider of identity as tests use it: started as a process, told how to behave, signed in at."""

import socket
import subprocess
import sys
from typing import Any

import requests

from tests.support import bound
from tests.support.poll import until

SECRET = "a secret of the ministry"
#: Who may sign in there, by `sub`.
PEOPLE: dict[str, dict[str, Any]] = {
    "p-rania": {"email": "rania@mwi.gov.jo", "email_verified": True},
    "p-salma": {"email": "salma@mwi.gov.jo", "email_verified": True},
    "p-unverified": {"email": "rania@mwi.gov.jo", "email_verified": False},
    "p-other": {"email": "omar@moh.gov.jo", "email_verified": True},
    "p-recycled": {"email": "rania@mwi.gov.jo", "email_verified": True},
    "p-coordinator": {"email": "coordinator@mwi.gov.jo", "email_verified": True},
    "p-stranger": {"email": "stranger@mwi.gov.jo", "email_verified": True},
}


class Process:
    """The provider, running; ended by `close`."""

    def __init__(self, port: int, redirect: str, *, name: str = "127.0.0.1", certificate: str = ""):
        self._port = port
        self.issuer = f"http{'s' if certificate else ''}://{name}:{port}"
        self.session = requests.Session()
        self.session.trust_env = False
        command = [sys.executable, "-m", "tests.support.identity_provider", f"--port={port}"]
        command += [f"--redirect={redirect}", f"--name={name}", f"--certificate={certificate}"]
        self._process = subprocess.Popen([*bound.to_this_process(), *command])
        until(self._listens, seconds=60)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def control(self, **wanted: Any) -> dict[str, Any]:
        """Changes how it behaves; what it was asked so far."""
        return self.session.post(self.issuer + "/control", json=wanted, timeout=10).json()

    def sign_in(self, url: str, sub: str | None) -> str:
        """What a person does on its page: signs in, or declines. The address that the browser is sent back to."""
        assert self.session.get(url, timeout=10).ok
        data = {"sub": sub} if sub else {}
        return self.session.post(url, data=data, allow_redirects=False, timeout=10).headers["Location"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
