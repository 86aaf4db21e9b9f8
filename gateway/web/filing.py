"""What somebody is about to file: the steps, what each holds, and what of it goes to intake.

The draft travels in the form itself, signed and compressed, so that nothing of it is in the address or on the server,
every page can be sent again, and any replica can take the next step. What a field may hold is intake's to say: its
published schema gives the bounds that a step checks early, and its refusal names the rest.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from gateway.api import contracts
from services.chassis import settings
from services.chassis.actor import SigningSettings
from services.chassis.clock import now

KINDS = ("complaint", "question", "suggestion", "praise", "report")
PREFERENCES = ("any", "no_calls", "portal_only")
STEPS = ("kind", "group", "category", "where", "what", "who", "contact", "check")
#: step → the fields that its page asks for.
FIELDS: dict[str, tuple[str, ...]] = {
    "kind": ("kind",),
    "group": ("group",),
    "category": ("category",),
    "where": ("governorate",),
    "what": ("text",),
    "who": ("who",),
    "contact": ("name", "phone", "email", "preference"),
    "check": (),
}
#: field of intake's answer → (step, field of the page).
PLACES = {
    "kind": ("kind", "kind"),
    "category": ("category", "category"),
    "governorate": ("where", "governorate"),
    "text": ("what", "text"),
    "complainant": ("contact", "name"),
    "complainant.name": ("contact", "name"),
    "complainant.phone": ("contact", "phone"),
    "complainant.email": ("contact", "email"),
    "complainant.contact_preference": ("contact", "preference"),
}
# Shorter than intake remembers keys, so that an old page that is sent again cannot file twice.
GOOD_SECONDS = 24 * 3600
_LONGEST = 200_000


@dataclass(slots=True)
class Draft:
    """What was typed so far. `key` makes sending it again harmless; `review` says that the next step is the last."""

    key: str
    values: dict[str, str] = field(default_factory=dict)
    review: bool = False

    @classmethod
    def new(cls) -> "Draft":
        return cls(key=secrets.token_urlsafe(12), values={"kind": "complaint", "preference": "any"})

    def seal(self) -> str:
        """The draft as the text that the form carries."""
        return _serializer().dumps([self.key, self.values, self.review])

    def take(self, step: str, typed: Mapping[str, str]) -> None:
        """Keeps what was typed on the page of `step`, good or not."""
        for name in FIELDS[step]:
            if name in typed:
                self.values[name] = typed[name]
        if step == "group" and not self.get("category").startswith(self.get("group") + "."):
            self.values.pop("category", None)

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def steps(self, groups: Mapping[str, list[str]]) -> list[str]:
        """The steps that this draft needs; `groups` maps a group to its categories."""
        skipped = set()
        if len(groups.get(self.get("group"), ())) == 1:
            skipped.add("category")
        if self.get("who") == "anonymous":
            skipped.add("contact")
        return [step for step in STEPS if step not in skipped]

    def settle(self, groups: Mapping[str, list[str]]) -> None:
        """Fills in what follows by itself: the one category of a group that has no other."""
        leaves = groups.get(self.get("group"), [])
        if len(leaves) == 1:
            self.values["category"] = leaves[0]

    def body(self) -> dict[str, Any]:
        """The complaint as intake takes it. Its language is the request's, so that sending it again from the page in the other
        language is still the same complaint.
        """
        body: dict[str, Any] = {
            "kind": self.get("kind"),
            "category": self.get("category"),
            "governorate": self.get("governorate"),
            "text": self.get("text"),
            "channel": "web",
        }
        if self.get("who") == "named":
            body["complainant"] = {
                **{name: self.get(name) for name in ("name", "phone", "email") if self.get(name).strip()},
                "contact_preference": self.get("preference") or "any",
            }
        return body

    def idempotency_key(self, body: bytes) -> str:
        """The same draft with the same content is the same complaint; changed after sending, it is another one."""
        return f"page-{self.key}-{hashlib.sha256(body).hexdigest()[:20]}"


def opened(sealed: str) -> tuple[Draft, bool]:
    """The draft of a form, and whether it is fresh enough to be sent. A text that is not ours gives a new draft that is not."""
    if not sealed or len(sealed) > _LONGEST:
        return Draft.new(), False
    try:
        (key, values, review), written = _serializer().loads(sealed, return_timestamp=True)
    except (BadData, ValueError, TypeError):
        return Draft.new(), False
    fresh = 0 <= now().timestamp() - written.timestamp() < GOOD_SECONDS
    draft = Draft(key, dict(values), bool(review))
    if not fresh:
        draft.key = secrets.token_urlsafe(12)
    return draft, fresh


def bounds() -> tuple[int, int]:
    """The shortest and longest text that intake takes, by its published schema."""
    text = contracts.schema("intake", "Submission")["properties"]["text"]
    return text["minLength"], text["maxLength"]


def _serializer() -> URLSafeTimedSerializer:
    # A key of its own, so that nothing signed here can pass for anything else; from the one secret that all replicas share.
    key = hmac.digest(settings.load(SigningSettings).key.encode(), b"pages: drafts", "sha256")
    return URLSafeTimedSerializer(key, salt="filing", serializer=json)
