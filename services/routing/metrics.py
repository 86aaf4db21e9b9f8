"""The metrics of routing. Labels are reasons from a fixed list, so the number of series is bounded."""

from collections import Counter as Tally
from collections.abc import Iterable

import prometheus_client

from services.chassis.measuring import Measuring

_PREFIX = "bekhedmetkom"

# reason: why this officer was chosen (assignment.REASONS).
assignments_total = prometheus_client.Counter(
    "assignments_total", "Cases given to an officer.", ("reason",), namespace=_PREFIX
)
# reason: why nobody could take it (assignment.FAILURES).
assignment_failures_total = prometheus_client.Counter(
    "assignment_failures_total", "Cases that found no officer when they came.", ("reason",), namespace=_PREFIX
)
# cause: what moved them (promise.CAUSES).
promises_moved_total = prometheus_client.Counter(
    "promises_moved_total", "Promises that were moved after they were made.", ("cause",), namespace=_PREFIX
)
# cause: what raised them (escalation.CAUSES); level: who was told, 1 main officer, 2 head of the body, 3 coordinator.
escalations_total = prometheus_client.Counter(
    "escalations_total", "Cases that were raised to somebody higher.", ("cause", "level"), namespace=_PREFIX
)
# Every replica shows the same figures of the three: alert on the maximum.
urgent_unacknowledged = prometheus_client.Gauge(
    "urgent_unacknowledged", "Urgent cases that nobody said in time to have seen.", namespace=_PREFIX
)
urgent_unacknowledged_seconds = prometheus_client.Gauge(
    "urgent_unacknowledged_oldest_seconds",
    "For how long somebody should have said that the oldest of them was seen.",
    namespace=_PREFIX,
)
timers_late_seconds = prometheus_client.Gauge(
    "timers_late_seconds",
    "For how long the clock should have looked at a case and has not.",
    namespace=_PREFIX,
)
timers_failed_total = prometheus_client.Counter(
    "timers_failed_total",
    "Looks of the clock at a case, or at who is there, that failed and are tried again.",
    namespace=_PREFIX,
)
# outcome: tried, and then right (a password) or in (a code) if it was; wait (not judged, after too many).
# Much tried that was not right, and `wait`, is somebody guessing.
sign_in_tries_total = prometheus_client.Counter(
    "sign_in_tries_total", "Tries to sign in.", ("step", "outcome"), namespace=_PREFIX
)
# outcome: right, or why a provider's word let nobody in (federation.REASONS).
provider_sign_ins_total = prometheus_client.Counter(
    "provider_sign_ins_total", "Sign-ins that a provider vouched for.", ("outcome",), namespace=_PREFIX
)
# Each is a stolen cookie, or a browser whose new one got lost on its way.
sessions_reused_total = prometheus_client.Counter(
    "sessions_reused_total",
    "Sessions ended because an id came back that had been replaced.",
    namespace=_PREFIX,
)
# Above 0 for long means that the coordinator's desk must act. Every replica shows the same figure: alert on the maximum.
unowned_cases = prometheus_client.Gauge("unowned_cases", "Cases that no officer has.", namespace=_PREFIX)
unowned_oldest_seconds = prometheus_client.Gauge(
    "unowned_oldest_seconds", "For how long the oldest unowned case has had no officer.", namespace=_PREFIX
)


def count(assigned: Tally[str], failed: Tally[str]) -> None:
    """Adds what one committed transaction did, by reason."""
    for reason, number in assigned.items():
        assignments_total.labels(reason).inc(number)
    for reason, number in failed.items():
        assignment_failures_total.labels(reason).inc(number)


def count_raised(raised: Iterable[tuple[str, int]]) -> None:
    """Counts the cases that a committed look raised: (cause, level) of each."""
    for (cause, level), number in Tally(raised).items():
        escalations_total.labels(cause, str(level)).inc(number)


def watch_clock(clock: Measuring[tuple[int, float, float]]) -> None:
    """Has three gauges show what is measured of the clock: (urgent cases not acknowledged, seconds of the oldest, seconds late)."""
    urgent_unacknowledged.set_function(clock.figure(lambda read: read[0]))
    urgent_unacknowledged_seconds.set_function(clock.figure(lambda read: read[1]))
    timers_late_seconds.set_function(clock.figure(lambda read: read[2]))


def count_try(step: str, outcome: str) -> None:
    """Counts a committed try to sign in."""
    sign_in_tries_total.labels(step, outcome).inc()


def watch_unowned(unowned: Measuring[tuple[int, float]]) -> None:
    """Has the two gauges show what is measured of the unowned: (cases, seconds)."""
    unowned_cases.set_function(unowned.figure(lambda read: read[0]))
    unowned_oldest_seconds.set_function(unowned.figure(lambda read: read[1]))
