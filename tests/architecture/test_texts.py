"""Texts: links lead somewhere, and nothing names a machine or a package index."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, assert_none, files

#: Places of one machine, hosts of package registries, and tools of ours that a reader does not have.
FORBIDDEN = re.compile(
    r"/(?:work|root|home/[a-z]+|opt/(?:wheels|pypi))(?=[/\s\"'`:)]|$)"
    r"|pypi\.org|pythonhosted|index-url\s*[=:]?\s*http|(?<!emit-)find-links\s+\S|registry\.npmjs|artifactory",
    re.IGNORECASE | re.MULTILINE,
)
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".json",
    ".lock",
    ".in",
    ".sh",
    ".txt",
    ".html",
    ".css",
    ".js",
    ".ini",
    "",
}
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(.*)$", re.MULTILINE)
THIS = "tests/architecture/test_texts.py"


def forbidden(name: str, text: str) -> list[str]:
    return [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1} says {match.group()!r}"
        for match in FORBIDDEN.finditer(text)
    ]


def broken_links(place: Path, text: str) -> list[str]:
    """Relative links of a Markdown page whose file or heading is not there."""
    broken = []
    code_free = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    for match in LINK.finditer(code_free):
        link = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (place.parent / path).resolve() if path else place
        if not target.exists() or (
            anchor
            and target.suffix == ".md"
            and anchor not in _anchors(text if not path else target.read_text())
        ):
            broken.append(f"{place.name}: {link}")
    return broken


def _anchors(text: str) -> set[str]:
    found = set()
    for heading in HEADING.findall(text):
        words = re.sub(r"[^\w\s-]", "", heading.replace("`", "").strip().lower())
        found.add(words.replace(" ", "-"))
    return found


def test_nothing_names_a_machine_or_an_index():
    found = []
    for name in files():
        if Path(name).suffix in TEXT and name != THIS:
            try:
                found += forbidden(name, (ROOT / name).read_text(encoding="utf-8"))
            except UnicodeDecodeError:
                continue
    assert_none(found)


def test_every_link_leads_somewhere():
    pages = [ROOT / name for name in files() if name.endswith(".md")]
    assert_none(line for page in pages for line in broken_links(page, page.read_text(encoding="utf-8")))


def test_decisions_have_numbers_of_their_own():
    pages = [Path(name).name for name in files() if name.startswith("docs/adr/") and name.endswith(".md")]
    pages.remove("README.md")
    numbers = [page[:4] for page in pages]
    assert [number for number in numbers if not number.isdigit()] == []
    assert len(numbers) == len(set(numbers))
    listed = (ROOT / "docs/adr/README.md").read_text()
    assert_none(f"docs/adr/README.md does not name {page}" for page in pages if f"]({page})" not in listed)


@pytest.mark.parametrize(
    "text",
    ["cd /work/main", "in /root/.venv", "--index-url https://somewhere/simple", "files.pythonhosted.org"],
)
def test_the_guard_sees_a_machine(text):
    assert forbidden("x.md", text)


def test_the_guard_lets_a_route_be():
    assert forbidden("x.md", "GET /workers, /rooted, and the root of all") == []


def test_the_guard_sees_a_broken_link(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# One `two`\n[a](#one-two) [b](none.md) [c](page.md#three) `[d](code.md)` [e](https://example.org)"
    )
    assert broken_links(page, page.read_text()) == ["page.md: none.md", "page.md: page.md#three"]
