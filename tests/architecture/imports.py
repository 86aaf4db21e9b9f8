"""Which import is allowed: DESIGN's picture as a function from an import to a complaint about it."""

import sys

from tests.architecture.source import OWNERS, ROOT, Module

#: The rules of each service, by their place in it: pure, so the standard library and, where a rule is another's standard, its library.
RULES = {
    "intake": {"complaint", "conversation", "tracking", "plain_text"},
    "routing": {
        "assigning/assignment",
        "assigning/decision",
        "cases/action_names",
        "history/chain",
        "cases/occasions",
        "cases/outcomes",
        "cases/transitions",
        "who",
        "clock/escalation",
        "clock/people",
        "deadlines/calendar",
        "deadlines/promise",
        "deadlines/remaining",
        "desks/views",
        "directory/entries",
        "directory/plan",
        "directory/presence",
        "directory/refusals",
        "directory/rehearsal",
        "directory/succession",
        "directory/files/cells",
        "directory/files/importing",
        "directory/files/importing_bodies",
        "directory/files/naming",
        "directory/files/sheet",
        "exclusions/exclusion",
        "exclusions/persons",
        "staff/federation",
        "staff/lockout",
        "staff/session",
    },
    "notification": {"message", "outcome", "template", "sms"},
    "reporting": {"kpi"},
}
LIBRARIES_OF_RULES = {("intake", "tracking"): {"stdnum"}}
#: What the unmaintained base is hidden behind.
HOST = {"nameko", "eventlet", "greenlet", "kombu", "amqp"}
#: Files below a service's own directory that may know the host: none. The chassis and the command line may.
KNOW_THE_HOST = {"chassis", "cli"}
#: Who may import whom inside a service, by the name of the file, in whatever room: from → what it must not import.
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
    ours = _place(service, parts[2:]) if parts[:2] == ["services", service] else None
    if module.place in RULES[service]:
        allowed = LIBRARIES_OF_RULES.get((service, module.place), set())
        own = ours is not None and ours in RULES[service] | {"catalogue"}
        if not own and parts[0] not in sys.stdlib_module_names | allowed:
            return "a rule is pure"
    inner = ours.rsplit("/", 1)[-1] if ours is not None else None
    if inner in DIRECTION.get(module.stem, ()):
        return f"{module.stem} does not know {inner}"
    return None


def _place(service: str, inside: list[str]) -> str:
    """The file that a dotted name below a service stands for: "cases/store" of ["cases", "store", "add"]."""
    room: list[str] = []
    for part in inside:
        room.append(part)
        if not (ROOT / "services" / service).joinpath(*room).is_dir():
            break
    return "/".join(room)
