"""The rules of the clock: what is due, once, whoever looks and however late; and who is told."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from services.routing.cases import transitions as t
from services.routing.clock import escalation
from services.routing.clock.escalation import (
    COORDINATOR,
    HEAD,
    IDLE,
    MAIN_OFFICER,
    PROMISE,
    Clock,
    Terms,
    Threshold,
    look,
)
from services.routing.deadlines import promise
from services.routing.deadlines.calendar import AMMAN
from services.routing.deadlines.promise import Pause
from tests.unit.routing.deadlines.calendars import Finger, calendar, holidays, lists, moments

EVER = date(2020, 1, 1)
ROWS = (
    Threshold(PROMISE, EVER, 1, percent=50),
    Threshold(PROMISE, EVER, 2, percent=100),
    Threshold(PROMISE, EVER, 3, percent=150),
    Threshold(IDLE, EVER, 1, working_days=2),
    Threshold(escalation.REMIND, EVER, percent=80),
    Threshold(escalation.UNOWNED, EVER, working_hours=2),
    Threshold(escalation.UNOWNED, EVER, working_hours=7),
    Threshold(escalation.ACKNOWLEDGE, EVER, wall_minutes=30),
)
TERMS = Terms(ROWS, first_action=1)
USUAL = calendar()
# Sunday morning, and the promise of ten working days from there: the evening of Sunday, two weeks later.
SUNDAY = datetime(2026, 11, 22, 9, tzinfo=AMMAN).astimezone(UTC)
DUE = promise.due_at(SUNDAY, 10, USUAL)


def clock(**changes) -> Clock:
    usual = Clock(t.ACCEPTED, SUNDAY, DUE, SUNDAY, assigned_at=SUNDAY, last_action_at=SUNDAY)
    return replace(usual, **changes)


def evening(day: date) -> datetime:
    return datetime.combine(day, time(15), AMMAN).astimezone(UTC)


def lived(start: Clock, moments: list[datetime], terms: Terms = TERMS, working=USUAL) -> list[tuple]:
    """What is told if somebody looks at these moments: (when, level or step)."""
    case, told = start, []
    for now in moments:
        found = look(case, terms, working, now)
        if found.level:
            told.append((now, found.level))
        else:
            told += [(now, (step, overdue)) for step, overdue, _ in found.reminders]
        case = replace(case, level=max(case.level, found.level), looked_at=now)
    return told


def test_a_case_that_nobody_touches_goes_up_step_by_step():
    wakened, case, now = [], clock(last_action_at=SUNDAY), SUNDAY
    while (found := look(case, TERMS, USUAL, now)).next_at is not None:
        if found.level or found.reminders:
            wakened.append((now.astimezone(AMMAN).isoformat()[:16], found.level, found.cause))
        case = replace(case, level=max(case.level, found.level), looked_at=now)
        now = found.next_at
    wakened.append((now.astimezone(AMMAN).isoformat()[:16], look(case, TERMS, USUAL, now).level, "promise"))
    assert wakened == [
        ("2026-11-24T15:00", MAIN_OFFICER, "idle"),
        ("2026-12-02T13:48", 0, None),
        ("2026-12-06T15:00", HEAD, "promise"),
        ("2026-12-14T11:00", COORDINATOR, "promise"),
    ]


def test_after_an_outage_the_highest_level_alone_is_told():
    found = look(clock(), TERMS, USUAL, DUE + timedelta(days=30))
    assert (found.level, found.cause) == (COORDINATOR, PROMISE)
    assert lived(clock(), [DUE + timedelta(days=30), DUE + timedelta(days=31)]) == [
        (DUE + timedelta(days=30), COORDINATOR)
    ]


def test_work_puts_off_idleness_and_nothing_else():
    busy = clock(last_action_at=DUE - timedelta(hours=1))
    assert look(busy, TERMS, USUAL, DUE - timedelta(minutes=30)).cause == PROMISE
    assert look(clock(), TERMS, USUAL, evening(date(2026, 11, 24))).cause == IDLE
    later = clock(last_action_at=SUNDAY + timedelta(days=2))
    assert look(later, TERMS, USUAL, evening(date(2026, 11, 24))).level == 0
    # Who has it, and in which state, is not asked.
    for state in t.WORKED_ON:
        assert look(clock(state=state), TERMS, USUAL, DUE).level == HEAD


def test_a_promise_that_moves_tells_no_level_again():
    now = evening(date(2026, 12, 1))
    told = look(clock(last_action_at=now), TERMS, USUAL, now)
    assert told.level == MAIN_OFFICER
    moved = clock(level=1, due_at=DUE + timedelta(days=28), last_action_at=now, looked_at=now)
    assert lived(moved, [now + timedelta(days=n) for n in range(1, 40)])[0][1] == (escalation.ANSWER, False)


def test_an_officer_is_reminded_before_and_when_it_is_late():
    above = clock(level=COORDINATOR)
    found = look(above, TERMS, USUAL, DUE - timedelta(hours=2))
    assert found.reminders == ((escalation.ANSWER, False, DUE),)
    late = look(replace(above, looked_at=DUE - timedelta(hours=2)), TERMS, USUAL, DUE)
    assert late.reminders == ((escalation.ANSWER, True, DUE),)
    first = look(clock(state=t.ASSIGNED, level=3), TERMS, USUAL, evening(date(2026, 11, 23)))
    assert first.reminders == ((escalation.FIRST_ACTION, True, evening(date(2026, 11, 23))),)
    # Whoever looks only now says that it is late, and not that it soon would have been.
    assert look(above, TERMS, USUAL, DUE + timedelta(hours=1)).reminders == ((escalation.ANSWER, True, DUE),)


def test_while_a_question_waits_only_its_end_is_due():
    waiting = clock(state=t.AWAITING_COMPLAINANT, pauses=(Pause(SUNDAY),))
    ends = promise.latest_end(Pause(SUNDAY), USUAL, 10)
    after = ends + timedelta(microseconds=1)
    assert look(waiting, TERMS, USUAL, ends) == escalation.Finding(next_at=after)
    assert look(waiting, TERMS, USUAL, after).lapsed


def test_what_nobody_has_is_told_to_the_coordinator_again_and_again():
    alone = clock(state=t.RECEIVED, assigned_at=None, last_action_at=None, unowned_since=SUNDAY)
    first, second = SUNDAY + timedelta(hours=2), datetime(2026, 11, 23, 9, tzinfo=AMMAN)
    assert look(alone, TERMS, USUAL, SUNDAY).next_at == first
    told = lived(alone, [first, first + timedelta(minutes=5), second, second + timedelta(days=3)])
    assert told == [(first, COORDINATOR), (second, COORDINATOR)]


def test_settled_and_disputed_cases_have_no_clock():
    for state in (*t.SETTLED, t.DISPUTED):
        assert look(clock(state=state), TERMS, USUAL, DUE + timedelta(days=99)) == escalation.Finding()


def test_an_urgent_case_counts_minutes_by_night_as_well():
    night = datetime(2026, 11, 27, 2, tzinfo=AMMAN)
    urgent = Clock(
        t.ASSIGNED,
        night,
        night + timedelta(hours=24),
        night,
        by_the_clock=True,
        assigned_at=night,
        acknowledge_by=night + timedelta(minutes=30),
    )
    assert look(urgent, TERMS, USUAL, night).next_at == night + timedelta(minutes=30)
    assert look(urgent, TERMS, USUAL, night + timedelta(minutes=30)).unacknowledged
    assert not look(replace(urgent, level=3), TERMS, USUAL, night + timedelta(hours=2)).unacknowledged
    assert look(replace(urgent, acknowledge_by=None), TERMS, USUAL, night).next_at == night + timedelta(
        hours=12
    )


def test_rows_for_a_category_count_before_those_for_a_flag_and_these_before_the_others():
    rows = (
        *ROWS,
        Threshold(IDLE, EVER, 1, working_hours=3, flag="rights"),
        Threshold(IDLE, EVER, 1, wall_minutes=5, category="water.outage"),
        Threshold(IDLE, date(2027, 1, 1), 1, wall_minutes=1, category="water.outage"),
    )

    def idle(category, flags):
        found = escalation.thresholds_for(rows, category, flags, SUNDAY)
        return [each for each in found if each.trigger == IDLE]

    assert idle("x", ()) == [ROWS[3]]
    assert idle("x", {"rights"}) == [rows[-3]]
    assert idle("water.outage", {"rights"}) == [rows[-2]]


def test_the_clocks_of_winter_and_summer_are_one():
    """Jordan keeps one time all the year since 2022; whole hours of an older offset, or of a server elsewhere, change nothing."""
    there = clock(received_at=SUNDAY.astimezone(AMMAN), looked_at=SUNDAY.astimezone(AMMAN))
    assert look(there, TERMS, USUAL, DUE.astimezone(AMMAN)) == look(clock(), TERMS, USUAL, DUE)


def test_a_clock_that_jumps_back_tells_nothing_twice():
    case = clock(level=1, looked_at=DUE + timedelta(days=2))
    assert lived(case, [DUE - timedelta(hours=3), DUE - timedelta(hours=1)]) == []


@given(
    received=moments,
    days=st.integers(1, 8),
    closed=holidays,
    said=lists,
    percent=st.integers(1, 300),
    pauses=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 3000)), max_size=2),
)
def test_when_a_share_is_used_is_what_a_finger_counts(received, days, closed, said, percent, pauses):
    working, finger = calendar(closed, said), Finger(closed, said)
    stopped, begin = [], received
    for after, length in pauses:
        begin += timedelta(minutes=after)
        stopped.append(Pause(begin, begin + timedelta(minutes=length)))
        begin += timedelta(minutes=length)
    due = promise.due_at(received, days, working, stopped)
    moment = promise.used_at(received, due, percent, working, stopped)

    ends = [(each.started_at, promise._end(each, working, 10)) for each in stopped]

    def runs(minute: datetime) -> bool:
        return finger.works_in(minute) and not any(a <= minute < b for a, b in ends)

    minute, whole = received, 0
    while minute < due:
        whole += runs(minute)
        minute += timedelta(minutes=1)
    wanted = -(-whole * percent // 100)
    if not wanted or not whole or wanted == whole:
        assert moment == due
        return
    minute, counted = (due, whole) if percent > 100 else (received, 0)
    while counted < wanted:
        counted += runs(minute)
        minute += timedelta(minutes=1)
    assert moment == minute


steps = st.lists(st.integers(0, 60 * 24 * 5), min_size=1, max_size=30)


@given(steps, st.integers(0, 25 * 24 * 60))
@example([0], 0)
def test_however_often_somebody_looks_each_level_is_told_once_and_in_order(minutes, outage):
    """Looking every minute, once a day, or after three weeks: no level twice, none below one that was told, and the end is the same."""
    now, looks = SUNDAY, []
    for minute in minutes:
        now += timedelta(minutes=minute)
        looks.append(now)
    looks += [now + timedelta(minutes=outage), SUNDAY + timedelta(days=60)]
    told = [what for _, what in lived(clock(), looks) if isinstance(what, int)]
    assert told == sorted(set(told))
    assert told[-1] == COORDINATOR
    reminded = [what for _, what in lived(clock(), looks) if not isinstance(what, int)]
    assert len(reminded) == len(set(reminded))


@given(st.integers(0, 40 * 24 * 60), st.integers(0, 3))
def test_nothing_is_due_before_the_next_look(minutes, level):
    """`next_at` is never late: just before it nothing new is due."""
    now = SUNDAY + timedelta(minutes=minutes)
    found = look(clock(level=level), TERMS, USUAL, now)
    after = clock(level=max(level, found.level), looked_at=now)
    if found.next_at is None:
        assert lived(after, [SUNDAY + timedelta(days=400)]) == []
    else:
        assert found.next_at > now
        assert lived(after, [found.next_at - timedelta(microseconds=1)]) == []
