"""What circulars must leave of the calendar: in every place enough days of work that whatever is promised can come to its end. Pure.

One circular is bounded by its length; many that follow each other, or of which each closes another place, are bounded here.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from services.routing.deadlines.calendar import OPEN, Calendar, Calendars, NoWorkingDay, Override

FEWEST_DAYS, WITHIN_DAYS = 60, 731
"""So many working days must come within so many days of each day: more than the longest promise with its questions and half as much again,
and less than is left where a whole year is closed.
"""


def leaves_too_little(
    calendars: Calendars,
    override: Override,
    governorates: Iterable[str],
    institutions: Iterable[str],
) -> bool:
    """Whether some place would have too few days of work left, were it for this override as well."""
    if override.effect == OPEN:
        return False
    after = calendars.with_override(override)
    first, last = override.first - timedelta(days=WITHIN_DAYS), override.last
    # Nothing opens a day that is closed, so a place in which all that is said anywhere held would have the fewest days of all.
    if not _is_short(after.of_all_places(), first, last):
        return False
    places = {
        id(calendar): calendar
        for governorate in (None, *governorates)
        for institution in (None, *institutions)
        if override.concerns(governorate, institution)
        for calendar in [after.of(governorate, institution)]
    }
    return any(_is_short(each, first, last) for each in places.values())


def _is_short(calendar: Calendar, first: date, last: date) -> bool:
    """Whether behind one of these days the work of FEWEST_DAYS takes too long."""
    day = first
    while day <= last:
        try:
            end = calendar.working_day_after(day, FEWEST_DAYS)
        except NoWorkingDay:
            return True
        if (end - day).days > WITHIN_DAYS:
            return True
        # Between two days of work the earliest waits longest.
        day = max(calendar.working_day_after(day, 1), day + timedelta(days=1))
    return False
