"""The data files fit together: every category leads to a body, every body has officers, and nobody in the roster is real."""

import json
import re
from pathlib import Path

import phonenumbers
import pytest

from services.chassis.clock import now
from services.routing import roster, seed
from services.routing.assigning.assignment import Need, Rule, choose_rule
from services.routing.directory.entries import GOVERNORATES as KNOWN_GOVERNORATES
from services.routing.directory.entries import check_unit

ROOT = Path(__file__).parents[3] / "services"


def load(path: str) -> list[dict]:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


CATEGORIES = [row["code"] for row in load("intake/data/categories.json")]
GOVERNORATES = [row["code"] for row in load("intake/data/governorates.json")]
INSTITUTIONS = {row["code"]: row for row in load("routing/data/institutions.json")}
RULES = load("routing/data/rules.json")
UNITS = {row["code"]: {**row, "valid_from": 0, "valid_to": None} for row in load("routing/data/units.json")}


def body_for(rules: list[dict], category: str, governorate: str) -> str | None:
    moment = now()
    typed = [Rule(**{**row, "valid_from": moment}) for row in rules]
    found = choose_rule(typed, Need(category, governorate, "ar"), moment)
    return found.institution if found else None


def without_body(rules: list[dict]) -> list[tuple[str, str]]:
    """Pairs of category and governorate for which the rules name no known body."""
    return [
        (category, governorate)
        for category in CATEGORIES
        for governorate in GOVERNORATES
        if body_for(rules, category, governorate) not in INSTITUTIONS
    ]


def test_every_category_leads_to_a_body_in_every_governorate():
    assert without_body(RULES) == []


def test_the_check_of_the_rules_finds_a_category_that_was_forgotten():
    assert without_body([row for row in RULES if row["category"] != "water.outage"]) == [
        ("water.outage", governorate) for governorate in GOVERNORATES
    ]


def test_rules_name_only_what_exists_and_have_ids_of_their_own():
    assert {row["category"] for row in RULES} <= set(CATEGORIES)
    assert {row["institution"] for row in RULES} <= set(INSTITUTIONS)
    assert {row["governorate"] for row in RULES} - {None} <= set(GOVERNORATES)
    assert len({row["id"] for row in RULES}) == len(RULES)


def test_a_local_body_answers_only_for_its_own_governorate():
    for row in RULES:
        home = INSTITUTIONS[row["institution"]]["governorate"]
        assert home is None or row["governorate"] == home


@pytest.mark.parametrize(
    ("category", "governorate", "body"),
    [
        ("municipal.waste", "JO-AM", "GAM"),
        ("municipal.waste", "JO-IR", "IRBID"),
        ("roads.damage", "JO-AM", "GAM"),
        ("roads.damage", "JO-KA", "MPWH"),
        ("water.outage", "JO-AM", "WAJ"),
        ("integrity.corruption", "JO-MN", "JIACC"),
    ],
)
def test_examples_of_who_answers(category, governorate, body):
    assert body_for(RULES, category, governorate) == body


def test_bodies_have_codes_that_fit_a_routing_key_and_names_in_both_scripts():
    assert len(INSTITUTIONS) >= 40
    for code, row in INSTITUTIONS.items():
        assert re.fullmatch(r"[A-Z][A-Z0-9]{0,15}", code)
        assert re.search(r"[\u0600-\u06ff]", row["name"]["ar"])
        assert re.fullmatch(r"[A-Za-z ,'()-]+", row["name"]["en"])
        assert row["governorate"] in {None, *GOVERNORATES}
    for script in ("ar", "en"):
        assert len({row["name"][script] for row in INSTITUTIONS.values()}) == len(INSTITUTIONS)


def test_units_stand_in_their_bodies_and_have_names_in_both_scripts():
    for row in UNITS.values():
        check_unit(row, None, UNITS, INSTITUTIONS)
        assert re.search(r"[\u0600-\u06ff]", row["name"]["ar"])
        assert row["name"]["en"].isascii()
    assert len({row["institution"] for row in UNITS.values()}) > 3


def test_the_directory_knows_the_governorates_that_people_choose_from():
    assert set(GOVERNORATES) == KNOWN_GOVERNORATES


def test_every_body_has_an_approver_and_a_head_beside_the_three_hundred():
    leaders = seed.leaders()
    assert {(each.institution, each.rank) for each in leaders} == {
        (code, rank) for code in INSTITUTIONS for rank in ("approver", "head")
    }
    everybody = [*seed.officers(), *leaders]
    for field in ("id", "email", "phone", "name_ar", "name_en"):
        assert len({getattr(each, field) for each in everybody}) == len(everybody) == 426


def test_the_roster_is_the_same_every_time_and_every_body_has_officers():
    people = seed.officers()
    assert people == seed.officers()
    assert len(people) == roster.SIZE == 300
    for field in ("id", "email", "phone", "name_ar", "name_en"):
        assert len({getattr(each, field) for each in people}) == len(people)
    for code in INSTITUTIONS:
        own = [each for each in people if each.institution == code]
        assert len(own) >= 2
        assert [each.rank for each in own].count("main") == 1
        assert any("en" in each.languages for each in own)
        assert all("ar" in each.languages for each in own)


def test_nobody_in_the_roster_can_be_reached():
    for each in [*seed.officers(), *seed.leaders()]:
        assert each.email.endswith("@officers.example.org")
        number = phonenumbers.parse(each.phone)
        assert phonenumbers.is_possible_number(number)
        assert not phonenumbers.is_valid_number(number), "an assigned block: somebody may have this number"


def test_a_roster_that_cannot_be_made_is_refused():
    names = [("أ", "A")]
    with pytest.raises(ValueError, match="too few"):
        roster.generate(["A", "B"], names * 2, names * 2, {}, size=3)
    with pytest.raises(ValueError, match="names"):
        roster.generate(["A"], names, names, {}, size=2)
    with pytest.raises(ValueError, match="names"):
        roster.leaders(["A"], names, names, taken=0)
