"""RabbitMQ's administration, by its management HTTP API or by rabbitmqctl: the few commands that ministry accounts need."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

import requests

from services.chassis import broker, settings
from services.chassis.settings import setting

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


@dataclass(frozen=True)
class Settings:
    """How the broker is administered."""

    management_uri: str = setting(
        "RABBITMQ_MANAGEMENT_URI",
        "RabbitMQ's management API, http://user:password@host:15672; without it rabbitmqctl on this machine is used.",
        default="",
        secret=True,
    )
    ctl: str = setting("RABBITMQCTL", "The rabbitmqctl to use.", default="rabbitmqctl")


def choose(vhost: str | None) -> Admin:
    """The management API where its address is set, else rabbitmqctl. `vhost`: default is that of AMQP_URI. Raises SettingError."""
    # Read afresh: a command runs once, and tests run several in one process.
    wanted = settings.load(Settings, os.environ)
    place = vhost or vhost_of(settings.load(broker.Settings, os.environ).uri)
    return Management(wanted.management_uri, place) if wanted.management_uri else Ctl(wanted.ctl, place)


def vhost_of(amqp_uri: str) -> str:
    """The vhost in an AMQP address; "/" when it names none."""
    return unquote(urlsplit(amqp_uri).path[1:]) or "/"


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
    """By rabbitmqctl, on the broker's machine."""

    def __init__(self, program: str, vhost: str):
        self._program = program
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
        try:
            done = subprocess.run(  # noqa: S603 - the arguments are ours or were checked against a pattern.
                [self._program, "-q", *arguments],
                input=given,
                capture_output=True,
                text=True,
                cwd="/",
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RefusedError(
                f"{self._program} cannot be run ({type(error).__name__}); "
                "run this on the broker's machine or set RABBITMQ_MANAGEMENT_URI"
            ) from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise RefusedError(f"rabbitmqctl {arguments[0]}: {said[0] if said else done.returncode}")
        return done.stdout
