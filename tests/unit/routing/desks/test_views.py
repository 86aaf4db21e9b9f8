"""Which lists there are for whom, and whose cases they show."""

from datetime import UTC, datetime

import pytest

from services.routing.desks import views
from services.routing.desks.views import NotYours, Reader, Scope

OFFICER_ID = "018f3c1e-0000-7000-8000-000000000001"
OTHER_ID = "018f3c1e-0000-7000-8000-000000000002"


def reader(*parts: str, institution: str | None = "WAJ") -> Reader:
    return Reader(OFFICER_ID, frozenset(parts), institution)


SUB = reader(views.OFFICER)
MAIN = reader(views.OFFICER, views.MAIN)
APPROVER = reader(views.APPROVER)
HEAD = reader(views.HEAD)
COORDINATOR = reader(views.COORDINATOR, institution=None)


@pytest.mark.parametrize(
    ("who", "view", "institution", "officer", "expected"),
    [
        (SUB, None, None, None, Scope("WAJ")),
        (SUB, None, "WAJ", OTHER_ID, Scope("WAJ", OTHER_ID)),
        (SUB, views.MINE, None, None, Scope("WAJ", OFFICER_ID)),
        (SUB, views.OVERDUE, "WAJ", None, Scope("WAJ", OFFICER_ID)),
        (SUB, views.OVERDUE, None, OFFICER_ID, Scope("WAJ", OFFICER_ID)),
        (SUB, views.INCOMING, None, None, Scope("WAJ")),
        (MAIN, views.OVERDUE, None, None, Scope("WAJ", OFFICER_ID)),
        (MAIN, views.OVERDUE, "WAJ", None, Scope("WAJ")),
        (MAIN, views.OVERDUE, None, OTHER_ID, Scope("WAJ", OTHER_ID)),
        (MAIN, views.MINE, "WAJ", None, Scope("WAJ", OFFICER_ID)),
        (MAIN, views.TEAM, None, None, Scope("WAJ")),
        (MAIN, views.TO_APPROVE, None, None, Scope("WAJ")),
        (APPROVER, views.DUE_TODAY, None, None, Scope("WAJ")),
        (HEAD, views.OVERDUE, None, OTHER_ID, Scope("WAJ", OTHER_ID)),
        (COORDINATOR, views.OVERDUE, None, None, Scope(None)),
        (COORDINATOR, views.TEAM, "WAJ", None, Scope("WAJ")),
        (COORDINATOR, None, "MOH", OTHER_ID, Scope("MOH", OTHER_ID)),
    ],
)
def test_whose_cases_a_list_shows(who, view, institution, officer, expected):
    assert views.scope(who, view, institution, officer) == expected


@pytest.mark.parametrize(
    ("who", "view", "institution", "officer", "field", "code"),
    [
        (SUB, views.TEAM, None, None, "view", "not_for_you"),
        (SUB, views.TO_APPROVE, None, None, "view", "not_for_you"),
        (APPROVER, views.MINE, None, None, "view", "not_for_you"),
        (HEAD, views.UNOWNED, None, None, "view", "not_for_you"),
        (COORDINATOR, views.MINE, None, None, "view", "not_for_you"),
        (SUB, views.OVERDUE, None, OTHER_ID, "officer_id", "not_yours"),
        (MAIN, views.OVERDUE, "MOH", None, "institution", "not_yours"),
        (SUB, None, "MOH", None, "institution", "not_yours"),
        (reader(views.OFFICER, institution=None), None, None, None, "institution", "required"),
        (COORDINATOR, None, None, None, "institution", "required"),
        (COORDINATOR, views.TEAM, None, OTHER_ID, "institution", "required"),
    ],
)
def test_what_is_not_theirs_is_refused(who, view, institution, officer, field, code):
    with pytest.raises(NotYours) as refused:
        views.scope(who, view, institution, officer)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_everybody_has_lists_and_nobody_all_of_them():
    for who in (SUB, MAIN, APPROVER, HEAD, COORDINATOR):
        assert set() < set(views.views_of(who)) < set(views.VIEWS)
    assert set(views.views_of(SUB)) < set(views.views_of(MAIN))


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 23, 21, tzinfo=UTC)),
        # Past ten in the evening in London it is tomorrow in Amman.
        (datetime(2026, 11, 23, 22, tzinfo=UTC), datetime(2026, 11, 24, 21, tzinfo=UTC)),
    ],
)
def test_the_day_is_that_of_amman(now, end):
    assert views.times(now) == views.Times(now, end)


def test_an_account_of_nobody_in_the_directory_has_an_empty_desk():
    assert SUB.desk == OFFICER_ID
    assert Reader("o", frozenset({views.OFFICER}), "WAJ").desk == "00000000-0000-0000-0000-000000000000"


def test_the_most_pressing_list_with_anything_in_it_comes_first():
    counts = {views.MINE: 3, views.OVERDUE: 1, views.URGENT: 0, views.TO_APPROVE: 2}
    assert list(views.next_lists(MAIN, counts)) == [views.OVERDUE, views.TO_APPROVE, views.MINE]
    assert list(views.next_lists(COORDINATOR, {views.UNOWNED: 1, views.OVERDUE: 5})) == [
        views.UNOWNED,
        views.OVERDUE,
    ]
