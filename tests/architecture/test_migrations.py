"""The migrations of a service are one line: two that follow the same one stop every start, and no test of one of them alone shows it."""

import ast
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "services"
OWNERS = sorted(each.parents[1] for each in SERVICES.glob("*/migrations/versions"))


def steps(directory: Path) -> list[tuple[str, str | None]]:
    """(revision, the one before) of each migration."""
    found = []
    for each in sorted(directory.glob("[0-9]*.py")):
        said = {
            target.id: ast.literal_eval(line.value)
            for line in ast.parse(each.read_text(encoding="utf-8")).body
            if isinstance(line, ast.Assign)
            for target in line.targets
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision")
        }
        found.append((said["revision"], said.get("down_revision")))
    return found


def faults(found: list[tuple[str, str | None]]) -> list[str]:
    """What keeps the steps from being one line."""
    names, before = [name for name, _ in found], [earlier for _, earlier in found]
    wrong = [f"two are {each}" for each in sorted({each for each in names if names.count(each) > 1})]
    wrong += [f"two follow {each}" for each in {each for each in before if before.count(each) > 1}]
    return wrong + [f"nothing is {each}" for each in before if each is not None and each not in names]


@pytest.mark.parametrize("service", OWNERS, ids=lambda each: each.name)
def test_the_migrations_of_a_service_are_one_line(service):
    found = steps(service / "migrations" / "versions")
    assert found
    assert faults(found) == []


@pytest.mark.parametrize(
    "found",
    [
        [("1", None), ("2", "1"), ("3", "1")],
        [("1", None), ("2", "1"), ("2", "1")],
        [("1", None), ("3", "2")],
        [("1", None), ("2", None)],
    ],
)
def test_the_guard_of_migrations_sees_a_fork_and_a_gap(found):
    assert faults(found)
