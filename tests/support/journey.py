"""What a complainant and the staff do, over HTTP."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.support.poll import until

TEXT = "انقطع الماء عن الحي منذ ثلاثة أيام ولم يصل أحد رغم الاتصال أكثر من مرة."


@dataclass(frozen=True)
class Answer:
    """Status, headers in lower case, and the body: decoded if it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any


def ask(
    url: str, body: Any = None, headers: dict[str, str] | None = None, method: str | None = None
) -> Answer:
    """One request: GET, or POST when there is a body (bytes as they are, anything else as JSON)."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    wanted = {"Accept-Language": "ar", **({"Content-Type": "application/json"} if data is not None else {})}
    request = urllib.request.Request(url, data, {**wanted, **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return _answer(answer)
    except urllib.error.HTTPError as error:
        return _answer(error)


def complaint(**changes: Any) -> dict[str, Any]:
    """A complaint as the public API takes it; `complainant=None` makes it anonymous."""
    usual = {
        "kind": "complaint",
        "category": "water.outage",
        "governorate": "JO-AM",
        "text": TEXT,
        "complainant": {"name": "سلمى", "phone": "0791234567", "email": "salma@example.org"},
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def file(gateway: str, **changes: Any) -> str:
    """Files a complaint and returns its tracking number."""
    answer = ask(f"{gateway}/v1/complaints", complaint(**changes))
    assert answer.status == 201, answer
    return answer.body["tracking_number"]


def track(gateway: str, tracking: str) -> dict[str, Any]:
    answer = ask(f"{gateway}/v1/complaints/{tracking}")
    assert answer.status == 200, answer
    return answer.body


def wait_until_assigned(gateway: str, tracking: str, seconds: float = 20) -> dict[str, Any]:
    """Polls what the complainant sees until somebody has it and the promise stands (praise has none)."""

    def assigned() -> dict[str, Any] | None:
        seen = track(gateway, tracking)
        done = seen["status"]["code"] == "assigned" and (seen["due_at"] or seen["kind"] == "praise")
        return seen if done else None

    found = until(assigned, seconds, every=0.05)
    assert found is not None
    return found


def _answer(response: Any) -> Answer:
    raw = response.read()
    headers = {name.lower(): value for name, value in response.headers.items()}
    decoded = json.loads(raw) if "json" in headers.get("content-type", "") and raw else raw
    return Answer(response.status, headers, decoded)
