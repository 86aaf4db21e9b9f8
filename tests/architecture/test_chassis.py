"""The admission rule of the chassis: no word of the domain, and used by two."""

import re

from tests.architecture.source import Module, assert_none, modules

WORDS = re.compile(
    r"\b(?:un)?(complain\w*|ministr\w*|officer\w*|citizen\w*|institution\w*|governorate\w*|coordinator\w*"
    r"|praise|liaison|triage|jordan\w*|escalat\w*)\b",
    re.IGNORECASE,
)


def words_of_the_domain(module: Module) -> list[str]:
    return [
        f"{module.path}:{number} says {match.group()}"
        for number, line in enumerate(module.text.splitlines(), 1)
        for match in WORDS.finditer(line)
    ]


def users(name: str, among: tuple[Module, ...]) -> set[str]:
    """The services, the command line and the chassis modules that import the chassis module `name`."""
    dotted = f"services.chassis.{name}"
    return {
        module.path if module.service == "chassis" else str(module.service)
        for module in among
        if module.name != dotted
        and any(imported == dotted or imported.startswith(dotted + ".") for imported, _ in module.imports)
    }


def chassis() -> list[Module]:
    return [module for module in modules("services") if module.service == "chassis"]


def test_the_chassis_speaks_no_word_of_the_domain():
    assert_none(line for module in chassis() for line in words_of_the_domain(module))


def test_every_chassis_module_has_two_users():
    everything = modules("services", "gateway")
    lonely = {
        module.stem: users(module.stem, everything)
        for module in chassis()
        if module.stem != "__init__" and not _used_twice(users(module.stem, everything))
    }
    assert lonely == {}


def _used_twice(found: set[str]) -> bool:
    # A file that only its chassis neighbours use is a part of theirs, which has been split off for length.
    return len(found) >= 2 or any(user.startswith("services/chassis/") for user in found)


def test_the_guards_can_fail():
    assert words_of_the_domain(Module("services/chassis/x.py", "# wakes the Ministry\nofficers = 3"))
    assert words_of_the_domain(Module("services/chassis/x.py", "# the company's mail")) == []
    one = Module("services/intake/a.py", "from services.chassis import lonely")
    two = Module("services/routing/a.py", "from services.chassis.lonely import it")
    assert not _used_twice(users("lonely", (one,)))
    assert _used_twice(users("lonely", (one, two)))
