"""What goes wrong, where, when and for how long: drawn from the seed alone, so that a run that fails can be read and run again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

#: (what is done, least and most seconds that it lasts, weight). A kill lasts until the supervisor starts it again.
PROCESS = (
    ("kill", 0.2, 3.0, 6),
    ("freeze", 0.5, 4.0, 3),
    # Past the heartbeat: the broker drops the connection and delivers again what the frozen process still holds.
    ("freeze", 11.0, 14.0, 1),
    ("terminate", 0.2, 1.0, 2),
)
LINK = (
    ("cut", 0.5, 4.0, 3),
    ("blackhole", 1.0, 6.0, 3),
    ("blackhole", 11.0, 15.0, 1),
    ("latency", 3.0, 8.0, 2),
    # Nothing is undone; what was open has to be given up by those who wait on it.
    ("forget", 0.0, 0.0, 2),
)
SERVER = (("kill", 0.5, 4.0, 3), ("restart", 0.0, 0.0, 1), ("freeze", 1.0, 6.0, 3), ("freeze", 11.0, 13.0, 1))
#: How often each family is drawn.
FAMILIES = (("process", 10), ("link", 8), ("server", 3))
#: Mean seconds between the starts of two faults.
EVERY = 1.6


@dataclass(frozen=True, slots=True)
class Fault:
    """At `at` seconds after the start, `action` happens to `target` and is undone after `seconds`."""

    at: float
    family: str
    action: str
    target: str
    seconds: float


def draw(
    seed: int, seconds: float, processes: Sequence[str], links: Sequence[str], servers: Sequence[str]
) -> list[Fault]:
    """The faults of a run of `seconds`, in the order of their start; all of them are over by its end.

    A target is never given a second fault before the first is over, and every server is killed once at least.
    """
    chance = random.Random(seed)
    targets = {"process": processes, "link": links, "server": servers}
    actions = {"process": PROCESS, "link": LINK, "server": SERVER}
    until: dict[tuple[str, str], float] = {}
    faults: list[Fault] = []

    def add(at: float, family: str, action: str, target: str, length: float) -> None:
        if at + length > seconds or until.get((family, target), 0.0) > at:
            return
        # A server that starts again needs some seconds in which a second blow would only be the same blow.
        until[family, target] = at + length + (8.0 if family == "server" else 1.5)
        faults.append(Fault(round(at, 2), family, action, target, round(length, 2)))

    for number, server in enumerate(servers, 1):
        add(
            seconds * (number / (len(servers) + 1) + chance.uniform(-0.1, 0.1)), "server", "kill", server, 1.0
        )
    at = chance.uniform(0.5, 1.5)
    while at < seconds:
        family = chance.choices([name for name, _ in FAMILIES], [weight for _, weight in FAMILIES])[0]
        action, least, most, _ = chance.choices(actions[family], [each[3] for each in actions[family]])[0]
        add(at, family, action, chance.choice(targets[family]), chance.uniform(least, most))
        at += chance.expovariate(1 / EVERY)
    return sorted(faults, key=lambda fault: fault.at)
