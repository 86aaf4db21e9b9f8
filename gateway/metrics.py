"""What the gateway counts beside the chassis' own HTTP metrics."""

from prometheus_client import Counter

# kind: the fields of LimitSettings. A rise of `misses` or `sign_in` is somebody guessing; of the others, a limit that is too tight.
refused_total = Counter(
    "gateway_limited_total", "Requests refused for being too many.", ("kind",), namespace="bekhedmetkom"
)
# Requests counted by this replica alone, because the store that replicas share (LIMITS_STORAGE) did not answer.
limits_away_total = Counter(
    "gateway_limits_away_total",
    "Requests counted here alone: the shared store was away.",
    namespace="bekhedmetkom",
)
# outcome: unreachable (nothing was sent), unknown (it may have taken effect), timeout.
service_failures_total = Counter(
    "gateway_service_failures_total",
    "Requests that a service did not answer.",
    ("target", "outcome"),
    namespace="bekhedmetkom",
)
# The second attempts, which clients do not see: connections that broke while in use.
service_retries_total = Counter(
    "gateway_service_retries_total", "Requests sent a second time.", ("target",), namespace="bekhedmetkom"
)
# outcome: away (not reached, or it makes no sense), not_proved (what it sent proves nothing).
provider_failures_total = Counter(
    "gateway_identity_provider_failures_total",
    "Sign-ins that failed at a provider of identity.",
    ("outcome",),
    namespace="bekhedmetkom",
)
