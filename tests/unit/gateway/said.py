"""An intake that says of one complaint what a test wants it to say."""

import json

NUMBER = "BK-ABCDE-FGHJK-LMNPQ"
AT = "2026-11-02T08:00:00+00:00"
REPLY = {
    "summary": "أُصلح الخط.",
    "found": "عطل في خط الحي.",
    "remedy": "استُبدل الأنبوب.",
    "legal_basis": "المادة 5 من قانون سلطة المياه.",
}


def said(kind: str, words: dict[str, str], at: str = AT, **facts):
    author = "complainant" if kind in ("message", "withdrawal", "rating", "dispute") else "body"
    return {"kind": kind, "author": author, "at": at, "words": words, "facts": facts}


def complaint(status: str, *conversation, actions=(), **changes):
    usual = {
        "tracking_number": NUMBER,
        "kind": "complaint",
        "category": "water.outage",
        "governorate": "JO-IR",
        "status": {"code": status, "name": status},
        "institution": "MWI",
        "institution_name": "وزارة المياه والري",
        "due_at": "2099-11-16T12:00:00+00:00",
        "received_at": "2026-11-01T08:00:00+00:00",
        "history": [{"status": "received", "at": "2026-11-01T08:00:00+00:00"}],
        "reason": None,
        "history_hash": "ab" * 32,
        "conversation": list(conversation),
        "actions": list(actions),
    }
    return {**usual, **changes}


QUESTION = said("question", {"question": "ما رقم عداد المياه؟"}, answer_by="2026-11-12T12:00:00+00:00")
ANSWERED = complaint(
    "answered",
    said("reply", REPLY, outcome="satisfactory", confirm_until="2026-11-20T12:00:00+00:00"),
    actions=("rating", "dispute"),
)
AWAITING = complaint("awaiting_complainant", QUESTION, actions=("message", "withdrawal"))


class Intake:
    """Answers GET with `found`, and POST with `taken`: status and body."""

    def __init__(self):
        self.found, self.taken, self.said = complaint("accepted"), ("202 Accepted", {}), []

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read()
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] == "POST":
            self.said.append((path, json.loads(body), environ.get("HTTP_IDEMPOTENCY_KEY")))
            status, answer = self.taken
        elif path.startswith("/complaints/"):
            status, answer = ("200 OK", self.found) if self.found else ("404 Not Found", {})
        else:
            status, answer = "200 OK", []
        raw = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(raw)))])
        return [raw]
