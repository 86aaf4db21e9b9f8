"""Random calendars, and a slow reference that counts them minute by minute."""

from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from services.routing.deadlines.calendar import AMMAN, CLOSED, HOURS, OPEN, Calendar, Override, WeekdayHours

FIRST, LAST = date(2026, 12, 20), date(2027, 1, 20)
OPENS, CLOSES = time(8), time(15)
SUNDAY_TO_THURSDAY = tuple(WeekdayHours(day, date(2020, 1, 1), OPENS, CLOSES) for day in (7, 1, 2, 3, 4))

days = st.dates(FIRST, LAST)
moments = st.integers(0, 20 * 24 * 60).map(
    lambda minutes: datetime(2026, 12, 22, tzinfo=AMMAN) + timedelta(minutes=minutes)
)
holidays = st.sets(days, max_size=4)
_hours = st.tuples(st.integers(0, 20), st.integers(1, 15)).map(
    lambda pair: (time(pair[0]), time(min(pair[0] + pair[1], 23), 30))
)


@st.composite
def overrides(draw, effects=(CLOSED, HOURS, OPEN)) -> Override:
    """Some days, most of the time a few."""
    first = draw(days)
    last = first + timedelta(days=draw(st.integers(0, 9)))
    effect = draw(st.sampled_from(effects))
    opens, closes = (None, None) if effect == CLOSED else draw(_hours)
    return Override(str(draw(st.uuids())), "nation", None, first, last, effect, opens, closes)


lists = st.lists(overrides(), max_size=6)
closures = overrides(effects=(CLOSED,))


def calendar(closed=(), said=()) -> Calendar:
    return Calendar(SUNDAY_TO_THURSDAY, closed, said)


class Finger:
    """The same days, counted with a finger on the wall calendar: one minute after the other, and one day after the other."""

    def __init__(self, closed, said):
        self.closed, self.said = closed, said
        self._minutes: dict[date, set[int]] = {}

    def minutes(self, day: date) -> set[int]:
        """The minutes of the day (0 … 1439) in which somebody works."""
        if day not in self._minutes:
            self._minutes[day] = self._count(day)
        return self._minutes[day]

    def _count(self, day: date) -> set[int]:
        said = [each for each in self.said if each.first <= day <= each.last]
        if any(each.effect == CLOSED for each in said):
            return set()
        off = day in self.closed or day.isoweekday() in (5, 6)
        if off and not any(each.effect == OPEN for each in said):
            return set()
        ruling = [each for each in said if each.effect == HOURS or (off and each.effect == OPEN)]
        if not ruling:
            return set(range(8 * 60, 15 * 60))
        return {
            minute
            for minute in range(24 * 60)
            if all(each.opens <= time(minute // 60, minute % 60) < each.closes for each in ruling)
        }

    def works_in(self, moment: datetime) -> bool:
        """Whether somebody works in the minute that begins at a moment."""
        wall = moment.astimezone(AMMAN)
        return wall.hour * 60 + wall.minute in self.minutes(wall.date())

    def add(self, start: datetime, minutes: int) -> datetime:
        """Walks on until so many minutes were worked."""
        while minutes:
            if self.works_in(start):
                minutes -= 1
            start += timedelta(minutes=1)
        return start

    def between(self, start: datetime, end: datetime) -> int:
        """Walks from one to the other and counts."""
        count = 0
        while start < end:
            count += self.works_in(start)
            start += timedelta(minutes=1)
        return count

    def end_of_day(self, day: date) -> datetime | None:
        """When the last minute of a day's work is over."""
        worked = self.minutes(day)
        if not worked:
            return None
        return datetime.combine(day, time(), AMMAN) + timedelta(minutes=max(worked) + 1)

    def due(self, received_at: datetime, count: int, pauses=(), longest: int = 10) -> datetime:
        """Walks from evening to evening; each pause stops the count at the evenings in it, at most `longest` of them."""
        day, left = received_at.astimezone(AMMAN).date(), {pause: longest for pause in pauses}
        evenings = 0
        while evenings < count:
            # A pause may begin on the evening of the day of receipt itself, which never counts but is one of the pause's.
            end = self.end_of_day(day)
            stopped = False
            for pause in pauses if end else ():
                inside = pause.started_at <= end and (pause.ended_at is None or end < pause.ended_at)
                if inside and left[pause]:
                    left[pause] -= 1
                    stopped = True
            if end and not stopped and day > received_at.astimezone(AMMAN).date():
                evenings += 1
            day += timedelta(days=1)
        return end
