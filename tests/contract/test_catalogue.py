"""Every fact is published by one, read by somebody, and written down."""

from types import SimpleNamespace

import marshmallow
import pytest
from marshmallow import fields

from contracts import catalogue, facts, files, flow
from services.chassis.contract import FactType, Reading, Reads

FACTS = facts.published()
ROOT = files.ROOT.parent


@pytest.mark.parametrize("each", FACTS, ids=lambda each: each.name)
def test_somebody_reads_it(each):
    assert each.readers, f"nobody reads {each.name}; a fact without a reader is not stated"


@pytest.mark.parametrize("each", FACTS, ids=lambda each: each.name)
def test_its_owner_and_its_readers_say_so_in_their_pages(each):
    for service in (each.owner, *each.readers):
        page = ROOT / "services" / service / "README.md"
        assert page.exists(), f"{service} has no README.md"
        assert each.fact.type in page.read_text(encoding="utf-8"), f"{page} does not name {each.fact.type}"


def test_types_are_stated_by_one_service_and_versions_follow_each_other():
    by_type: dict[str, list[tuple[str, int]]] = {}
    for each in FACTS:
        by_type.setdefault(each.fact.type, []).append((each.owner, each.fact.version))
    for kind, found in by_type.items():
        assert len({owner for owner, _ in found}) == 1, f"{kind} has two owners"
        assert sorted(version for _, version in found) == list(range(1, len(found) + 1)), kind


def test_a_sealed_field_is_said_to_be_personal():
    for each in FACTS:
        sealed = any("sealed" in name for name in each.fact.schema().fields)
        assert each.fact.personal == sealed, each.name


def test_no_field_of_a_fact_can_hold_personal_data_in_the_clear():
    forbidden = {"name", "phone", "email", "text", "title", "address", "national_id", "tracking_number"}
    for each in FACTS:
        assert not forbidden & set(each.fact.schema().fields), each.name


def test_everything_that_is_read_is_published():
    assert facts.unanswered() == []


class Schema(marshmallow.Schema):
    id = fields.UUID()
    name = fields.Nested(marshmallow.Schema.from_dict({"ar": fields.String()}))


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (("other", "ThingHappened", 1, {}), "which nobody publishes"),
        (("maker", "ThingHapened", 1, {}), "which nobody publishes"),
        (("maker", "ThingHappened", 2, {}), "which nobody publishes"),
        (("maker", "ThingHappened", 1, {"idd": fields.UUID()}), "idd of maker's ThingHappened.v1"),
        (
            (
                "maker",
                "ThingHappened",
                1,
                {"name": fields.Nested(Reading.from_dict({"en": fields.String()}))},
            ),
            "name.en of maker's ThingHappened.v1",
        ),
    ],
)
def test_a_reading_that_nobody_answers_is_found(monkeypatch, read, message):
    source, kind, version, wanted = read
    happened = FactType("ThingHappened", Schema, description="It happened.")
    modules = {
        "services.maker.events": SimpleNamespace(PUBLISHED=(happened,), READ=()),
        "services.taker.events": SimpleNamespace(
            PUBLISHED=(), READ=(Reads(source, kind, version, Reading.from_dict(wanted)),)
        ),
    }
    for name, module in modules.items():
        monkeypatch.setitem(__import__("sys").modules, name, module)
    (line,) = facts.unanswered(("maker", "taker"))
    assert line.startswith("taker reads ")
    assert message in line


def test_the_picture_shows_every_fact():
    picture = flow.mermaid(FACTS)
    for each in FACTS:
        for reader in each.readers:
            line = next(
                line
                for line in picture.splitlines()
                if line.strip().startswith(f"{each.owner} ==>") and line.endswith(f" {reader}")
            )
            assert each.fact.type in line


def test_the_picture_is_drawn_between_its_markers_and_nowhere_else(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"# Title\n\n{flow.BEGIN}\nold\n{flow.END}\n\nAfter.\n", encoding="utf-8")
    drawn = flow.redrawn(page, FACTS)
    assert drawn == f"# Title\n\n{flow.BEGIN}\n{flow.mermaid(FACTS)}\n{flow.END}\n\nAfter.\n"
    page.write_text("no markers", encoding="utf-8")
    assert flow.redrawn(page, FACTS) is None


def test_the_page_for_people_names_every_field():
    page = catalogue.page(FACTS)
    for each in FACTS:
        section = page.split(f"## {each.name}\n", 1)[1].split("\n## ", 1)[0]
        assert all(f"| {field} |" in section for field in each.fact.schema().fields)
