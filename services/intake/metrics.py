"""What intake counts beside the chassis: no label can hold what a person typed."""

from prometheus_client import Counter

complaints_received_total = Counter(
    "complaints_received_total",
    "Complaints accepted and stored.",
    ("kind", "channel", "anonymous"),
    namespace="bekhedmetkom",
)
# outcome: replayed (same key, same body: the first answer again), reused (same key, other body: refused).
idempotency_total = Counter(
    "idempotency_total",
    "Submissions whose Idempotency-Key was known.",
    ("outcome",),
    namespace="bekhedmetkom",
)
