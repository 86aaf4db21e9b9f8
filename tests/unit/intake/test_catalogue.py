"""The lists that complaints are filed under."""

import re

from services.intake.catalogue import (
    CATEGORIES,
    CONCERNED_GROUPS,
    GOVERNORATES,
    GROUPS,
    RIGHTS_CODES,
    URGENT_GROUNDS,
    categories,
)
from services.intake.complaint import KINDS

_ARABIC = re.compile(r"[\u0600-\u06ff]")
_LATIN = re.compile(r"[A-Za-z]")
LISTS = (CATEGORIES, GROUPS, GOVERNORATES, RIGHTS_CODES, CONCERNED_GROUPS, URGENT_GROUNDS)


def test_every_name_is_there_in_both_languages():
    for row in (each for rows in LISTS for each in rows.values()):
        assert _ARABIC.search(row["name"]["ar"])
        assert not _LATIN.search(row["name"]["ar"])
        assert _LATIN.search(row["name"]["en"])
        assert not _ARABIC.search(row["name"]["en"])


def test_names_are_not_given_twice():
    for rows in LISTS:
        for language in ("ar", "en"):
            names = [row["name"][language] for row in rows.values()]
            assert len(set(names)) == len(names)


def test_every_category_belongs_to_the_group_of_its_code():
    assert {row["group"] for row in CATEGORIES.values()} == set(GROUPS)
    assert all(code.startswith(row["group"] + ".") for code, row in CATEGORIES.items())
    assert all(row["kind_hint"] in KINDS for row in categories())


def test_the_governorates_are_the_twelve_of_iso_3166_2():
    codes = "AJ AM AQ AT AZ BA IR JA KA MA MD MN"
    assert sorted(GOVERNORATES) == [f"JO-{code}" for code in codes.split()]


def test_every_right_is_protected_by_the_constitution_or_a_treaty():
    assert all(row["constitution"] or row["treaties"] for row in RIGHTS_CODES.values())
    assert {code.split("-")[0] for code in RIGHTS_CODES} == {"CP", "ES"}
