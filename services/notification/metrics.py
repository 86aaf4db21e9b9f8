"""What notification counts beside the chassis. Every label is from a fixed list."""

from collections.abc import Mapping
from functools import partial

from prometheus_client import Counter, Gauge, Histogram

from services.chassis.measuring import Measuring
from services.notification.template import CHANNELS

_PREFIX = "bekhedmetkom"
_PROVIDER_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)

# Rows, in the transaction that handled the fact. state: pending, awaiting_recipient, suppressed.
messages_written_total = Counter(
    "messages_written_total", "Messages written.", ("channel", "template", "state"), namespace=_PREFIX
)
# outcome: sent (the provider took it), delivered (its receipt says so), failed, retry, unknown, withheld.
messages_total = Counter(
    "messages_total",
    "Messages by what became of them.",
    ("channel", "template", "outcome"),
    namespace=_PREFIX,
)
# From the call of the sender to its answer, connecting and waiting for the pace included.
provider_seconds = Histogram(
    "notice_provider_seconds",
    "Time that a provider took.",
    ("channel",),
    namespace=_PREFIX,
    buckets=_PROVIDER_BUCKETS,
)
# Each part is paid for.
sms_parts_total = Counter(
    "sms_parts_total", "Parts of text messages accepted.", ("template",), namespace=_PREFIX
)
# Receipts that named a part or not (yet). outcome: delivered, failed.
sms_receipts_total = Counter(
    "sms_receipts_total", "Receipts from the SMS centre.", ("outcome",), namespace=_PREFIX
)
# Every replica shows the same figures: alert on the maximum.
messages_pending = Gauge(
    "messages_pending", "Messages that wait to be sent.", ("channel",), namespace=_PREFIX
)
# Since it was due: a message that waits for the morning is not late.
messages_oldest_seconds = Gauge(
    "messages_oldest_pending_seconds",
    "How overdue the oldest waiting message is.",
    ("channel",),
    namespace=_PREFIX,
)


def watch_pending(pending: Measuring[Mapping[str, tuple[int, float]]]) -> None:
    """Has the gauges show what is measured: {channel: (messages, seconds)}."""
    for channel in CHANNELS:
        messages_pending.labels(channel).set_function(pending.figure(partial(_figure, channel, 0)))
        messages_oldest_seconds.labels(channel).set_function(pending.figure(partial(_figure, channel, 1)))


def count_messages(tally: Mapping[tuple[str, str, str], int]) -> None:
    """Adds to the messages by (channel, template, outcome)."""
    for labels, number in tally.items():
        messages_total.labels(*labels).inc(number)


def _figure(channel: str, index: int, pending: Mapping[str, tuple[int, float]]) -> float:
    return pending.get(channel, (0, 0.0))[index]
