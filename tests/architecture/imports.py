"""Which import is allowed: DESIGN's picture as a function from an import to a complaint about it."""

import sys

from tests.architecture.source import OWNERS, Module

#: The rules of each service: pure, so the standard library and, where a rule is another's standard, its library.
RULES = {
    "intake": {"complaint", "conversation", "tracking", "plain_text"},
    "routing": {
        "action_names",
        "assignment",
        "calendar",
        "cells",
        "decision",
        "entries",
        "exclusion",
        "federation",
        "history",
        "importing",
        "importing_bodies",
        "naming",
        "succession",
        "lockout",
        "outcomes",
        "persons",
        "plan",
        "presence",
        "promise",
        "refusals",
        "rehearsal",
        "session",
        "sheet",
        "transitions",
        "views",
        "who",
    },
    "notification": {"message", "outcome", "template", "sms"},
    "reporting": {"kpi"},
}
LIBRARIES_OF_RULES = {("intake", "tracking"): {"stdnum"}}
#: What the unmaintained base is hidden behind.
HOST = {"nameko", "eventlet", "greenlet", "kombu", "amqp"}
#: Files below a service's own directory that may know the host: none. The chassis and the command line may.
KNOW_THE_HOST = {"chassis", "cli"}
#: Who may import whom inside a service, by file: from → what it must not import.
DIRECTION = {
    "api": {"service"},
    "handlers": {"service", "api"},
    "store": {"service", "api", "handlers", "events"},
    "events": {"service", "api", "handlers", "store"},
}


def violations(module: Module) -> list[str]:
    """One line for each import of `module` that the architecture forbids."""
    return [
        f"{module.path}:{line} imports {name}: {why}"
        for name, line in module.imports
        if (why := _why_not(module, name)) is not None
    ]


def _why_not(module: Module, name: str) -> str | None:
    service, parts = module.service, name.split(".")
    if service is None:
        return None
    target = parts[1] if parts[0] == "services" and len(parts) > 1 else parts[0]
    ours = parts[0] in ("services", "gateway")
    if service == "chassis" and ours and target != "chassis":
        return "the chassis knows no service"
    if service in OWNERS and ours and target not in (service, "chassis"):
        return "a service knows the chassis and itself"
    if service == "gateway" and ours and target not in ("gateway", "chassis"):
        return "the gateway knows services by HTTP alone"
    if parts[0] in HOST and service not in KNOW_THE_HOST:
        return "nameko, kombu and eventlet are used behind the chassis"
    if service in OWNERS:
        return _inside(module, service, parts)
    return None


def _inside(module: Module, service: str, parts: list[str]) -> str | None:
    if module.stem in RULES[service] and module.path.count("/") == 2:
        allowed = LIBRARIES_OF_RULES.get((service, module.stem), set())
        own = (
            parts[:2] == ["services", service]
            and len(parts) > 2
            and parts[2] in RULES[service] | {"catalogue"}
        )
        if not own and parts[0] not in sys.stdlib_module_names | allowed:
            return "a rule is pure"
    inner = parts[2] if parts[:2] == ["services", service] and len(parts) > 2 else None
    if inner is not None and inner in DIRECTION.get(module.stem, ()):
        return f"{module.stem} does not know {inner}"
    return None
