"""Turns on call, entered and taken off by the coordinator, and read by a main officer; in front of the real routing."""

import re

import pytest

from tests.unit.gateway.test_lead_pages import day, lead, officers  # noqa: F401 - a fixture.

PATH = "/staff/on-call"


def turn(officer: str, **changes: str) -> dict[str, str]:
    usual = {
        "institution": "WAJ",
        "starts_at": f"{day(1)}T15:00",
        "ends_at": f"{day(2)}T08:00",
        "position": "1",
    }
    return {"officer_id": officer, **usual, **changes}


def test_a_turn_is_entered_by_the_clock_in_amman_and_taken_off(lead):  # noqa: F811
    coordinator = lead("coordinator")
    page = coordinator.get(f"{PATH}?institution=WAJ")
    assert "No turn is entered." in page
    first, *_ = officers(page, "officer_id")
    page = coordinator.post(PATH, **turn(first))
    assert "The turn is entered." in page
    assert f'datetime="{day(1)}T15:00:00+03:00"' in page
    assert "asked as number 1" in page
    # Again it is the same turn; another in its place is refused, with what was typed.
    coordinator.post(PATH, **turn(first))
    refused = coordinator.post(PATH, 409, **turn(first, ends_at=f"{day(2)}T09:00"))
    assert 'href="#position"' in refused
    assert f'value="{day(2)}T09:00"' in refused
    assert f'value="{first}" selected' in refused
    duty = re.search(r'name="duty" value="([^"]+)"', page).group(1)
    for _ in range(2):
        assert "The turn is taken off." in coordinator.post(PATH, go="withdraw", duty=duty, institution="WAJ")
    assert "No turn is entered." in coordinator.get(f"{PATH}?institution=WAJ")


def test_the_coordinator_s_desk_has_turns_of_officers_of_any_body(lead):  # noqa: F811
    coordinator = lead("coordinator")
    assert 'id="officer_id"' not in coordinator.get(PATH)
    officer = officers(coordinator.get(f"{PATH}?of=GAM"), "officer_id")[0]
    page = coordinator.post(PATH, **turn(officer, institution="", of="GAM"))
    shown = re.search(r'<li class="card"><p><strong><bdi>([^<]+)</bdi>', page).group(1)
    assert f'<option value="{officer}">{shown}</option>' in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"officer_id": ""}, "officer_id"),
        ({"starts_at": ""}, "starts_at"),
        ({"ends_at": "x"}, "ends_at"),
        ({"ends_at": "2000-01-01T08:00"}, "ends_at"),
        ({"position": "first"}, "position"),
        ({"position": "0"}, "position"),
    ],
)
def test_a_turn_that_is_wrong_is_said_at_its_field(lead, change, field):  # noqa: F811
    coordinator = lead("coordinator")
    first, *_ = officers(coordinator.get(f"{PATH}?institution=WAJ"), "officer_id")
    page = coordinator.post(PATH, 422, **turn(first, **change))
    assert f'href="#{field}"' in page
    assert f'id="{field}-error"' in page


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_main_officer_reads_the_turns_of_the_own_body_alone(lead, prefix):  # noqa: F811
    coordinator = lead("coordinator")
    first, *_ = officers(coordinator.get(f"{PATH}?institution=WAJ"), "officer_id")
    coordinator.post(PATH, **turn(first))
    main = lead("main_officer", prefix)
    page = main.get(f"{PATH}?institution=GAM")
    assert page.count('class="card"') == 1
    assert 'id="officer_id"' not in page
    assert 'value="withdraw"' not in page
    assert len(page.encode()) < 60_000
    main.post(PATH, 403, **turn(first))
    lead("officer").get(PATH, 403)
