"""What documents tell a person to do can be done: commands, their options, and addresses are looked up in the code."""

import json
import re
from collections.abc import Iterator

import click

from services.cli.main import main
from tests.architecture.source import ROOT, assert_none, files

_COMMAND = re.compile(r"(?:python -m services\.cli|docker compose run --rm [a-z]+) ([a-z][^`#\n\\]*)")
#: In short, within a paragraph that has said what runs them: `topology declare`.
_SHORT = re.compile(r"`((?:[a-z-]+) (?:[a-z-]+)(?: [^`\n]*)?)`")
#: A file of ours, by its path from the top, from the page or from a directory that the page speaks of.
_FILE = re.compile(r"`((?:[a-z_]+/)*[a-z_]\w*\.py)`")
_ADDRESS = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/v1/[^`\s]*)`")


def documents() -> Iterator[tuple[str, str]]:
    for name in files():
        if name.endswith(".md"):
            yield name, (ROOT / name).read_text()


def wrong_command(words: list[str]) -> str | None:
    """What no command of ours understands among these words; None when all is well."""
    command: click.Command = main
    while isinstance(command, click.Group) and words:
        name, *words = words
        if name not in command.commands:
            return name
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    return next((word for word in words if word.startswith("--") and word.split("=")[0] not in known), None)


def wrong_commands(text: str) -> list[str]:
    shorts = [each for each in _SHORT.findall(text) if each.split()[0] in main.commands]
    return [each for each in (*_COMMAND.findall(text), *shorts) if wrong_command(each.split())]


def unknown_files(text: str, known: tuple[str, ...]) -> list[str]:
    """Python files that a page names and that no path of ours ends with."""
    return [
        each for each in _FILE.findall(text) if not any(f"/{name}".endswith(f"/{each}") for name in known)
    ]


def shape(address: str) -> str:
    """An address without its query, its variables all called the same."""
    return re.sub(r"\{[^}]*\}", "{}", address.partition("?")[0])


def addresses() -> set[tuple[str, str]]:
    paths = json.loads((ROOT / "contracts/http/gateway.json").read_text())["paths"]
    return {(method.upper(), shape(path)) for path, methods in paths.items() for method in methods}


def test_commands_that_documents_name_exist():
    assert_none(f"{name}: {each}" for name, text in documents() for each in wrong_commands(text))
    assert wrong_commands("`python -m services.cli parked heal routing`")
    assert wrong_commands("`python -m services.cli log send intake --into reporting.inbox`")
    assert wrong_commands("then `topology repair`")


def test_addresses_that_documents_name_exist():
    known = addresses()
    assert_none(
        f"{name}: {method} {address}"
        for name, text in documents()
        for method, address in _ADDRESS.findall(text)
        if (method, shape(address)) not in known
    )
    assert ("GET", shape("/v1/staff/cases/{anything}?x=1")) in known
    assert ("GET", "/v1/no-such-thing") not in known


def test_files_that_documents_name_exist():
    known = files()
    assert_none(f"{name}: {each}" for name, text in documents() for each in unknown_files(text, known))
    assert unknown_files("`cases/store.py` `store.py` `rooms/none.py`", known) == ["rooms/none.py"]


def test_ministries_can_read_of_every_fact_that_has_their_scope():
    catalogue = json.loads((ROOT / "contracts/catalogue.json").read_text())
    # It says who must not know of a case, and never has the scope of a body.
    theirs = {each["ce_type"] for each in catalogue if each["owner"] == "routing"} - {
        "bekhedmetkom.ComplaintRestricted.v1"
    }
    page = (ROOT / "docs/ministries.md").read_text()
    assert set(re.findall(r"`(bekhedmetkom\.[A-Z]\w+\.v\d+)`", page)) == theirs
