"""Every metric of the chassis, in one place: unit in the name, labels, buckets, one comment each.

A service's own metrics live in its own metrics.py. `service` is a label because the embedded mode runs all
services in one process with one registry.
"""

from prometheus_client import Counter, Gauge, Histogram

_PREFIX = "bekhedmetkom"
_REQUEST_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LAG_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
_BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def _counter(name: str, doc: str, *labels: str) -> Counter:
    return Counter(name, doc, labels, namespace=_PREFIX)


def _gauge(name: str, doc: str, *labels: str) -> Gauge:
    return Gauge(name, doc, labels, namespace=_PREFIX)


def _histogram(name: str, doc: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(name, doc, labels, namespace=_PREFIX, buckets=buckets)


# --- HTTP -----------------------------------------------------------------------------------------
# `route` is the pattern of the route ("/things/<id>"), never the path, so that the number of series stays
# bounded.
http_requests_total = _counter(
    "http_requests_total", "Requests answered.", "service", "method", "route", "status"
)
# From the last byte of the request to the handler's answer; waiting for admission included.
http_request_seconds = _histogram(
    "http_request_seconds", "Time to answer a request.", _REQUEST_BUCKETS, "service", "route"
)
# Requests that a handler is working on; at the admission limit it is saturated.
http_in_progress = _gauge("http_in_progress", "Requests being handled now.", "service")
# reason: busy (admission timed out), connections (too many), slow_header, slow_body, header, url, malformed.
http_rejected_total = _counter(
    "http_rejected_total", "Requests refused before a handler saw them.", "service", "reason"
)

# --- events in ------------------------------------------------------------------------------------
# outcome: processed, duplicate, retried, parked, waiting (behind an earlier one of the same subject),
# undecodable.
events_handled_total = _counter(
    "events_handled_total", "Events taken from the queue.", "service", "source", "type", "outcome"
)
# How many events one transaction handled: near 1 under light load, near the limit while draining a backlog.
events_batch_size = _histogram("events_batch_size", "Events in one batch.", _BATCH_BUCKETS, "service")
# One transaction of the subscriber, inbox rows and effects together.
events_batch_seconds = _histogram(
    "events_batch_seconds", "Time to handle one batch.", _REQUEST_BUCKETS, "service"
)
# From the time that the event carries to the commit of its effect: the lag that a reader sees.
event_age_seconds = _histogram(
    "event_age_seconds", "Age of an event when its effect commits.", _LAG_BUCKETS, "service", "source"
)
# status: retry (will be tried again), waiting (behind another), parked (a person must decide).
inbox_rows = _gauge("inbox_rows", "Inbox rows that are not done.", "service", "status")
# 1 while the subscriber is connected to its queue.
consumer_connected = _gauge("consumer_connected", "Whether the consumer is connected.", "service")
# 1 while it holds back because nearly everything fails or the database is away.
consumer_paused = _gauge("consumer_paused", "Whether the consumer has paused itself.", "service")
# Unix time; with a queue that is not empty, an old value means a stalled consumer.
consumer_last_batch_timestamp_seconds = _gauge(
    "consumer_last_batch_timestamp_seconds", "When the last batch was committed.", "service"
)
# The connection was gone when the batch was acknowledged: the broker delivers again and the inbox drops the
# duplicates.
ack_lost_total = _counter("ack_lost_total", "Acknowledgements that the broker did not receive.", "service")

# --- events out -----------------------------------------------------------------------------------
# Facts that are committed and that the broker has not confirmed yet.
outbox_unpublished = _gauge("outbox_unpublished", "Facts not yet confirmed by the broker.", "service")
# Age of the oldest of them; 0 when there is none.
outbox_oldest_seconds = _gauge("outbox_oldest_seconds", "Age of the oldest unpublished fact.", "service")
outbox_published_total = _counter("outbox_published_total", "Facts confirmed by the broker.", "service")
# Unroutable: no queue is bound for the fact.
outbox_returned_total = _counter("outbox_returned_total", "Facts that the broker returned.", "service")
# The broker refused to take them; they are tried again.
outbox_nacked_total = _counter("outbox_nacked_total", "Facts that the broker refused.", "service")
# 1 on the replica that publishes; the sum over replicas is 1.
relay_leader = _gauge("relay_leader", "Whether this process publishes the outbox.", "service")
# 1 while the broker blocks publishers (memory or disk alarm).
relay_blocked = _gauge("relay_blocked", "Whether the broker blocks the relay.", "service")
# Unix time of the last pass in which nothing went wrong, an empty outbox included.
relay_last_success_timestamp_seconds = _gauge(
    "relay_last_success_timestamp_seconds", "When the relay last succeeded.", "service"
)

# --- database -------------------------------------------------------------------------------------
# Connections that are lent out; at the size of the pool it is saturated.
database_pool_in_use = _gauge("database_pool_in_use", "Database connections in use.", "service")
# Transactions that ended because the database could not be reached.
database_unavailable_total = _counter(
    "database_unavailable_total", "Transactions lost to an unreachable database.", "service"
)

# --- process --------------------------------------------------------------------------------------
# How late a timer of the hub fired, the worst of the last measuring interval. One process has one hub, so no
# label.
hub_lag_seconds = _gauge("hub_lag_seconds", "Delay of the event loop, worst of the last seconds.")

# --- schedule -------------------------------------------------------------------------------------
# Unix time of the last good run of a periodic task in this process; until there is one, of its start.
schedule_last_success_timestamp_seconds = _gauge(
    "schedule_last_success_timestamp_seconds", "When a periodic task last succeeded.", "service", "task"
)
# How often it should run: what is late for one task is early for another.
schedule_interval_seconds = _gauge(
    "schedule_interval_seconds", "Time between two runs of a periodic task.", "service", "task"
)
schedule_failures_total = _counter(
    "schedule_failures_total", "Runs of periodic tasks that failed.", "service", "task"
)
