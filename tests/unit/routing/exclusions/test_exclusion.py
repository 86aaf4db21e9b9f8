"""Who is tied to whom by post."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.exclusions import exclusion
from services.routing.exclusions.exclusion import Post, Unit, body, kept, person, unit

UNITS = [
    Unit("NORTH", "WAJ"),
    Unit("IRBID", "WAJ", "NORTH"),
    Unit("METERS", "WAJ", "IRBID"),
    Unit("SOUTH", "WAJ"),
    Unit("CLINIC", "MOH"),
]
POSTS = [
    Post("head", "WAJ", "head"),
    Post("main", "WAJ", "main"),
    Post("approver", "WAJ", "approver"),
    Post("sub", "WAJ", "sub"),
    Post("north", "WAJ", "sub", "NORTH"),
    Post("irbid-main", "WAJ", "main", "IRBID"),
    Post("irbid", "WAJ", "sub", "IRBID"),
    Post("meters", "WAJ", "sub", "METERS"),
    Post("south", "WAJ", "sub", "SOUTH"),
    Post("clinic", "MOH", "sub", "CLINIC"),
    Post("minister", "MOH", "head"),
]
TIED = exclusion.tied(POSTS, UNITS)


@pytest.mark.parametrize(
    ("subject", "officers"),
    [
        (person("sub"), {"sub", "head"}),
        (person("irbid"), {"irbid", "north", "head"}),
        (person("irbid-main"), {"irbid-main", "irbid", "meters", "north", "head"}),
        (person("main"), {"main", "head"}),
        (person("head"), {each.officer for each in POSTS if each.institution == "WAJ"}),
        (unit("IRBID"), {"irbid-main", "irbid", "meters", "north", "head"}),
        (unit("METERS"), {"meters", "irbid-main", "irbid", "north", "head"}),
        (unit("NORTH"), {"north", "irbid-main", "irbid", "meters", "head"}),
        (unit("SOUTH"), {"south", "head"}),
        (body("MOH"), {"clinic", "minister"}),
    ],
)
def test_the_accused_the_unit_and_the_chain_of_command(subject, officers):
    assert TIED[subject] == officers


def test_nobody_is_tied_to_what_the_directory_does_not_know():
    assert exclusion.excluded(["unit:NOWHERE", "person:nobody"], TIED) == frozenset()
    assert exclusion.excluded(["unit:NOWHERE", unit("SOUTH")], TIED) == {"south", "head"}


def test_whoever_the_directory_does_not_know_is_tied_to_themselves_and_their_body():
    office = exclusion.of_bodies(POSTS, UNITS)["WAJ"]
    for subject in (body("WAJ"), unit("IRBID"), person("sub")):
        assert exclusion.is_excluded("an-account", "WAJ", [subject], TIED, office)
    for subject in (body("MOH"), unit("CLINIC"), person("clinic")):
        assert not exclusion.is_excluded("an-account", "WAJ", [subject], TIED, office)
    assert exclusion.is_excluded("an-account", "WAJ", [body("WAJ")], TIED)
    assert exclusion.is_excluded("an-account", "WAJ", [person("an-account")], TIED)
    assert not exclusion.is_excluded("an-account", None, [body("WAJ")], TIED)


def test_whoever_was_kept_out_by_an_earlier_post_is_so_alone():
    assert TIED[kept("irbid-main")] == {"irbid-main"}
    assert exclusion.is_excluded("irbid-main", "WAJ", [kept("irbid-main")], TIED)
    assert exclusion.is_excluded("an-account", "WAJ", [kept("an-account")], TIED)
    assert not exclusion.is_excluded("head", "WAJ", [kept("irbid-main")], TIED)


def test_a_circle_of_units_would_end():
    circle = [Unit("A", "WAJ", "B"), Unit("B", "WAJ", "A")]
    tied = exclusion.tied([Post("a", "WAJ", "sub", "A"), Post("b", "WAJ", "sub", "B")], circle)
    assert tied[unit("A")] == {"a", "b"}


@st.composite
def directories(draw):
    """Bodies with trees of units, and people anywhere in them."""
    units = []
    for number in range(draw(st.integers(0, 8))):
        parents = [None, *(each.code for each in units if each.institution == "WAJ")]
        units.append(Unit(f"U{number}", "WAJ", draw(st.sampled_from(parents))))
    places = [None, *(each.code for each in units)]
    posts = [
        Post(
            f"o{number}",
            "WAJ",
            draw(st.sampled_from(("main", "sub", "approver", "head"))),
            draw(st.sampled_from(places)),
        )
        for number in range(draw(st.integers(1, 10)))
    ]
    return posts, units


@given(directories())
def test_the_accused_is_always_excluded_and_so_is_the_head(directory):
    posts, units = directory
    tied = exclusion.tied(posts, units)
    heads = {each.officer for each in posts if each.rank == "head"}
    for post in posts:
        assert {post.officer} | heads <= tied[person(post.officer)] <= tied[body("WAJ")]
        if post.unit is not None:
            # Accusing the unit reaches nobody less than accusing one of its people.
            assert tied[person(post.officer)] <= tied[unit(post.unit)]
    for each in units:
        if each.parent is not None:
            lower = {post.officer for post in posts if post.unit == each.code}
            assert lower <= tied[unit(each.parent)]


@given(directories())
def test_the_same_read_from_the_side_of_the_officers(directory):
    tied = exclusion.tied(*directory)
    turned = exclusion.ties(tied)
    assert {(s, o) for s, officers in tied.items() for o in officers} == {
        (s, o) for o, subjects in turned.items() for s in subjects
    }
