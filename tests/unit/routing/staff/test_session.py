"""The life of a session."""

from datetime import UTC, datetime, timedelta

import pytest

from services.routing.staff.session import GOOD, OVER, REUSED, ROTATE, TOUCH, Life, Times, judge

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LIFE = Life(timedelta(minutes=30), timedelta(hours=1), timedelta(hours=12))


def times(issued=0, seen=0, expires=600, replaced=None, revoked=None) -> Times:
    """Ages in minutes; `expires` in minutes from now."""
    at = [
        None if age is None else NOW - timedelta(minutes=age)
        for age in (issued, seen, -expires, replaced, revoked)
    ]
    return Times(*at)


@pytest.mark.parametrize(
    ("of", "verdict"),
    [
        (times(), GOOD),
        (times(issued=40, seen=0.9), GOOD),
        (times(issued=40, seen=1), TOUCH),
        (times(issued=59, seen=29), TOUCH),
        (times(issued=60, seen=1), ROTATE),
        (times(issued=29, seen=30), OVER),
        (times(issued=700, seen=31), OVER),
        (times(expires=0), OVER),
        (times(revoked=0), OVER),
        (times(issued=61, seen=5, replaced=0.4), GOOD),
        (times(issued=61, seen=5, replaced=0.5), REUSED),
        (times(issued=61, seen=5, replaced=300), REUSED),
        (times(issued=61, seen=5, replaced=300, revoked=1), OVER),
        (times(issued=61, seen=5, replaced=300, expires=0), OVER),
    ],
)
def test_what_an_id_is_worth(of, verdict):
    assert judge(of, LIFE, NOW) == verdict
