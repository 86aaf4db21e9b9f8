"""What somebody is about to file: the steps, what each holds, and what of it goes to intake.

The draft travels in the form itself, signed and compressed, so that nothing of it is in the address or on the server,
every page can be sent again, and any replica can take the next step. What a field may hold is intake's to say: its
published schema gives the bounds that a step checks early, and its refusal names the rest.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict

from gateway.api import contracts
from gateway.web import accused, sealing
from services.chassis.clock import now

KINDS = ("complaint", "question", "suggestion", "praise", "report")
PREFERENCES = ("any", "no_calls", "portal_only")
STEPS = (
    *("kind", "group", "category", "where", "about", "rights", "danger", "what"),
    *("accused", "person", "unit", "body", "more", "who", "contact", "check"),
)
#: step → the fields that its page asks for.
FIELDS: dict[str, tuple[str, ...]] = {
    "kind": ("kind",),
    "group": ("group",),
    "category": ("category",),
    "where": ("governorate",),
    "about": ("about",),
    "rights": ("rights_codes", "groups"),
    "danger": ("urgent",),
    "what": ("text",),
    "accused": (accused.AGAINST,),
    **accused.KINDS,
    "more": (),
    "who": ("who",),
    "contact": ("name", "phone", "email", "preference"),
    "check": (),
}
#: Fields in which several may be chosen. Codes have no spaces, so they are kept with spaces between them.
SEVERAL = frozenset({"rights_codes", "groups"})
#: Kinds that say that something is wrong. Of the others nobody is asked whether somebody is in danger.
WRONGS = frozenset({"complaint", "report"})
#: What is sent for an answer to "a service or a right?"; nothing when it is not known.
ABOUT = {
    "service": {"service": True, "rights": False},
    "right": {"service": False, "rights": True},
    "both": {"service": True, "rights": True},
}
#: field of intake's answer → (step, field of the page).
PLACES = {
    "kind": ("kind", "kind"),
    "category": ("category", "category"),
    "governorate": ("where", "governorate"),
    "text": ("what", "text"),
    "service": ("about", "about"),
    "rights": ("about", "about"),
    "rights_codes": ("rights", "rights_codes"),
    "groups": ("rights", "groups"),
    "urgent": ("danger", "urgent"),
    "accused": ("accused", "against"),
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
            # Of a choice that may be passed over, or of several, the page sends an empty one first: without a box that is ticked
            # a browser would send nothing, which would look as if it had not been asked.
            if name in typed:
                said = typed.getlist(name) if isinstance(typed, MultiDict) else [typed[name]]
                self.values[name] = " ".join(each for each in said if each) if name in SEVERAL else said[-1]
        if step == "group" and not self.get("category").startswith(self.get("group") + "."):
            self.values.pop("category", None)

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def several(self, name: str) -> list[str]:
        """What was chosen where several may be, each once."""
        return list(dict.fromkeys(self.get(name).split()))

    def asked(self, step: str) -> bool:
        """Whether the page of a step was answered or passed over already."""
        return not FIELDS[step] or any(name in self.values for name in FIELDS[step])

    def steps(self, groups: Mapping[str, list[str]]) -> list[str]:
        """The steps that this draft needs; `groups` maps a group to its categories."""
        skipped = set()
        if len(groups.get(self.get("group"), ())) == 1:
            skipped.add("category")
        if self.get("who") == "anonymous":
            skipped.add("contact")
        if self.get("kind") not in WRONGS:
            skipped |= {"about", "rights", "danger", "accused", *accused.KINDS, "more"}
        if self.get("about") not in ("right", "both"):
            skipped.add("rights")
        skipped |= {*accused.KINDS} - {self.get(accused.AGAINST)}
        if not accused.entries(self.values):
            skipped.add("more")
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
            **self._flags(),
        }
        if self.get("who") == "named":
            body["complainant"] = {
                **{name: self.get(name) for name in ("name", "phone", "email") if self.get(name).strip()},
                "contact_preference": self.get("preference") or "any",
            }
        return body

    def urgent(self) -> str:
        """The ground why it cannot wait; blank if there is none."""
        said = self.get("urgent")
        return said if said != "no" and "danger" in self.steps({}) else ""

    def accused(self) -> list[accused.Entry]:
        """Whom it is directed against; nobody where that is not asked."""
        return accused.entries(self.values) if "more" in self.steps({}) else []

    def _flags(self) -> dict[str, Any]:
        """What was said beside the story. What was passed over, or is not asked any more after a change, is not sent."""
        steps = self.steps({})
        flags: dict[str, Any] = dict(ABOUT.get(self.get("about"), {})) if "about" in steps else {}
        if "rights" in steps:
            flags |= {name: self.several(name) for name in ("rights_codes", "groups") if self.several(name)}
        if self.urgent():
            flags["urgent"] = self.urgent()
        if self.accused():
            flags["accused"] = [accused.sent(each) for each in self.accused()]
        return flags

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


def most_accused() -> int:
    """How many intake takes of whom a complaint is directed against."""
    return contracts.schema("intake", "Submission")["properties"]["accused"]["maxItems"]


def longest_name() -> int:
    """The longest name of an accused person that intake takes."""
    return contracts.schema("intake", "Accused")["properties"]["person"]["maxLength"]


def place(name: str) -> tuple[str, str] | None:
    """Where the pages ask for a field of intake's answer: for that one, or for the whole that it is part of."""
    return PLACES.get(name) or PLACES.get(name.split(".")[0])


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(sealing.key("drafts"), salt="filing", serializer=json)
