"""RabbitMQ's administration, by its management HTTP API or by rabbitmqctl: the few commands that ministry accounts need."""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

import requests

_SECONDS = 60


class RefusedError(Exception):
    """RabbitMQ or its tool refused; the text is its own and holds no password."""


class Admin(Protocol):
    """What both ways can do. Passwords go by standard input or in a body, never on a command line."""

    def users(self) -> list[str]: ...

    def add_user(self, name: str, password: str) -> None: ...

    def delete_user(self, name: str) -> None: ...

    def set_limits(self, name: str, limits: Mapping[str, int]) -> None: ...

    def set_topic_permission(self, name: str, exchange: str, write: str, read: str) -> None: ...

    def set_permission(self, name: str, configure: str, write: str, read: str) -> None: ...

    def set_operator_policy(self, name: str, pattern: str, definition: Mapping[str, Any]) -> None: ...

    def queues(self) -> list[str]: ...

    def delete_queue(self, name: str) -> None: ...


def choose(vhost: str) -> Admin:
    """The management API at RABBITMQ_MANAGEMENT_URI (http://user:password@host:15672), else rabbitmqctl on this machine."""
    address = os.environ.get("RABBITMQ_MANAGEMENT_URI") or _from_file("RABBITMQ_MANAGEMENT_URI_FILE")
    return Management(address, vhost) if address else Ctl(vhost)


def vhost_of(amqp_uri: str) -> str:
    """The vhost in an AMQP address; "/" when it names none."""
    path = urlsplit(amqp_uri).path
    return unquote(path[1:]) or "/" if path else "/"


class Management:
    """By HTTP, from anywhere."""

    def __init__(self, address: str, vhost: str):
        parts = urlsplit(address)
        self._base = f"{parts.scheme}://{parts.hostname}:{parts.port or 15672}{parts.path.rstrip('/')}/api"
        self._session = requests.Session()
        self._session.auth = (unquote(parts.username or ""), unquote(parts.password or ""))
        self._vhost = vhost

    def users(self) -> list[str]:
        return [user["name"] for user in self._call("GET", "users")]

    def add_user(self, name: str, password: str) -> None:
        self._call("PUT", "users", name, body={"password": password, "tags": ""})

    def delete_user(self, name: str) -> None:
        self._call("DELETE", "users", name)

    def set_limits(self, name: str, limits: Mapping[str, int]) -> None:
        for limit, value in limits.items():
            self._call("PUT", "user-limits", name, limit, body={"value": value})

    def set_topic_permission(self, name: str, exchange: str, write: str, read: str) -> None:
        body = {"exchange": exchange, "write": write, "read": read}
        self._call("PUT", "topic-permissions", self._vhost, name, body=body)

    def set_permission(self, name: str, configure: str, write: str, read: str) -> None:
        body = {"configure": configure, "write": write, "read": read}
        self._call("PUT", "permissions", self._vhost, name, body=body)

    def set_operator_policy(self, name: str, pattern: str, definition: Mapping[str, Any]) -> None:
        body = {"pattern": pattern, "apply-to": "queues", "definition": dict(definition)}
        self._call("PUT", "operator-policies", self._vhost, name, body=body)

    def queues(self) -> list[str]:
        return [queue["name"] for queue in self._call("GET", "queues", self._vhost)]

    def delete_queue(self, name: str) -> None:
        self._call("DELETE", "queues", self._vhost, name)

    def _call(self, method: str, *path: str, body: Any = None) -> Any:
        where = "/".join(quote(part, safe="") for part in path)
        try:
            answer = self._session.request(method, f"{self._base}/{where}", json=body, timeout=_SECONDS)
        except requests.RequestException as error:
            raise RefusedError(f"the management API does not answer ({type(error).__name__})") from None
        if not answer.ok:
            raise RefusedError(f"the management API answered {answer.status_code} to {method} {path[0]}")
        return answer.json() if answer.content else None


class Ctl:
    """By rabbitmqctl, on the broker's machine. RABBITMQCTL names the program where it is elsewhere."""

    def __init__(self, vhost: str):
        self._vhost = vhost

    def users(self) -> list[str]:
        return [row["user"] for row in self._table("list_users")]

    def add_user(self, name: str, password: str) -> None:
        self._run("add_user", name, given=password)

    def delete_user(self, name: str) -> None:
        self._run("delete_user", name)

    def set_limits(self, name: str, limits: Mapping[str, int]) -> None:
        self._run("set_user_limits", name, json.dumps(dict(limits)))

    def set_topic_permission(self, name: str, exchange: str, write: str, read: str) -> None:
        self._run("set_topic_permissions", "-p", self._vhost, name, exchange, write, read)

    def set_permission(self, name: str, configure: str, write: str, read: str) -> None:
        self._run("set_permissions", "-p", self._vhost, name, configure, write, read)

    def set_operator_policy(self, name: str, pattern: str, definition: Mapping[str, Any]) -> None:
        text = json.dumps(dict(definition))
        self._run("set_operator_policy", "-p", self._vhost, "--apply-to", "queues", name, pattern, text)

    def queues(self) -> list[str]:
        return [row["name"] for row in self._table("list_queues", "-p", self._vhost, "name")]

    def delete_queue(self, name: str) -> None:
        self._run("delete_queue", "-p", self._vhost, name)

    def _table(self, *arguments: str) -> list[dict[str, Any]]:
        return json.loads(self._run("--formatter", "json", *arguments) or "[]")

    def _run(self, *arguments: str, given: str = "") -> str:
        program = os.environ.get("RABBITMQCTL", "rabbitmqctl")
        try:
            done = subprocess.run(  # noqa: S603 - the arguments are ours or were checked against a pattern.
                [program, "-q", *arguments],
                input=given,
                capture_output=True,
                text=True,
                cwd="/",
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RefusedError(
                f"{program} cannot be run ({type(error).__name__}); "
                "run this on the broker's machine or set RABBITMQ_MANAGEMENT_URI"
            ) from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise RefusedError(f"rabbitmqctl {arguments[0]}: {said[0] if said else done.returncode}")
        return done.stdout


def _from_file(name: str) -> str:
    place = os.environ.get(name)
    if not place:
        return ""
    try:
        with open(place, encoding="utf-8") as file:
            return file.read().strip()
    except OSError as error:
        raise RefusedError(f"{name} cannot be read ({type(error).__name__})") from None
