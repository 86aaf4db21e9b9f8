"""The project's source as data for the guards: parsed modules, their imports, and text files."""

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWNERS = ("intake", "routing", "notification", "reporting")


@dataclass(frozen=True)
class Module:
    """One Python file. `path` is relative to the root of the project, with forward slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def stem(self) -> str:
        return Path(self.path).stem

    @property
    def place(self) -> str:
        """Where it is inside its service: "handlers", "cases/store"."""
        return "/".join(self.path.removesuffix(".py").split("/")[2:])

    @property
    def service(self) -> str | None:
        """The service that it belongs to: intake … reporting, gateway, chassis, cli; None outside of them."""
        parts = self.path.split("/")
        if parts[0] == "gateway":
            return "gateway"
        return parts[1] if parts[0] == "services" and len(parts) > 2 else None

    @cached_property
    def imports(self) -> tuple[tuple[str, int], ...]:
        """(dotted name, line) of everything imported, `from a import b` as `a.b`, relative imports resolved."""
        found = []
        package = self.name.split(".") if self.path.endswith("__init__.py") else self.name.split(".")[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(alias.name, node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                prefix = ".".join([*base, *([node.module] if node.module else [])])
                found += [(f"{prefix}.{alias.name}", node.lineno) for alias in node.names]
        return tuple(found)

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """(dotted name as written, call) of every call by name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                name = dotted(node.func)
                if name:
                    yield name, node


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute chain; "" for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


@lru_cache
def files() -> tuple[str, ...]:
    """Every file that belongs to the project: those git tracks, and new ones it does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(sorted(name for name in set(listed) if (ROOT / name).is_file()))


@lru_cache
def modules(*roots: str) -> tuple[Module, ...]:
    """The Python files below the given top directories, parsed when asked."""
    return tuple(
        Module(name, (ROOT / name).read_text(encoding="utf-8"))
        for name in files()
        if name.endswith(".py") and name.split("/")[0] in roots
    )


def assert_none(found: Iterable[str]) -> None:
    """Fails with all of the lines, not with the first."""
    lines = list(found)
    assert not lines, "\n" + "\n".join(lines)
