"""What a complaint is when it comes in, and how it stands for the one who made it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

KINDS = ("complaint", "question", "suggestion", "praise", "report")
CHANNELS = ("web", "mobile", "call_centre", "service_centre", "api")
LANGUAGES = ("ar", "en")
SHORTEST_TEXT = 10
LONGEST_TEXT = 10_000
LONGEST_TITLE = 200
LONGEST_NAME = 120

RECEIVED = "received"
ASSIGNED = "assigned"
IN_TRANSFER = "in_transfer"

#: Nothing is owed any more.
OVER = frozenset({"answered", "closed", "referred", "withdrawn", "inadmissible", "merged"})

STATUS_NAMES = {
    RECEIVED: {"ar": "مستلمة", "en": "Received"},
    ASSIGNED: {"ar": "محالة إلى موظف مختص", "en": "Assigned to an officer"},
    "accepted": {"ar": "قيد المعالجة", "en": "Being worked on"},
    "reply_proposed": {"ar": "الرد قيد الاعتماد", "en": "Answer being checked"},
    "answered": {"ar": "أُجيب عنها", "en": "Answered"},
    "closed": {"ar": "مغلقة", "en": "Closed"},
    "awaiting_complainant": {"ar": "بانتظار إجابتك", "en": "Waiting for your answer"},
    IN_TRANSFER: {"ar": "قيد الإحالة إلى جهة أخرى", "en": "Being passed on to another body"},
    "disputed": {"ar": "معترض على الرد", "en": "Answer disputed"},
    "referred": {"ar": "محالة إلى جهة خارجية", "en": "Referred to an outside authority"},
    "withdrawn": {"ar": "مسحوبة", "en": "Withdrawn"},
    "inadmissible": {"ar": "غير مقبولة", "en": "Not admissible"},
    "merged": {"ar": "مضمومة إلى طلب مشابه", "en": "Joined with a similar one"},
}
"""The names under which a status is shown to the public."""

RAISED = {1: "raised_main_officer", 2: "raised_head", 3: "raised_coordinator"}
"""What the history says of a complaint that was raised to a level: a reason without a status, since it stands as it stood."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Who complains and how to reach them, normalised. At least one of name, phone (E.164) and email is
    there.
    """

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    preference: str = "any"


@dataclass(frozen=True, slots=True)
class Accused:
    """Whom a complaint is directed against: a body as a whole, a unit of it, or a person, who works there if either is named."""

    institution: str | None = None
    unit: str | None = None
    person: str | None = field(default=None, repr=False)

    @property
    def place(self) -> dict[str, Any] | None:
        """The body or unit that is accused itself, in codes; None where only a person is."""
        if self.unit is None and self.person is not None:
            return None
        return {"institution": self.institution, "unit": self.unit}

    def as_dict(self) -> dict[str, Any]:
        """As it is kept."""
        return {"institution": self.institution, "unit": self.unit, "person": self.person}


@dataclass(frozen=True, slots=True)
class Flags:
    """What the complainant says of the complaint beside the story. A complaint can be about a service, a right, or both."""

    service: bool = True
    rights: bool = False
    rights_codes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    urgent: str | None = None
    accused: tuple[Accused, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As it is kept, and compared."""
        return {
            "service": self.service,
            "rights": self.rights,
            "rights_codes": list(self.rights_codes),
            "groups": list(self.groups),
            "urgent": self.urgent,
            "accused": [each.as_dict() for each in self.accused],
        }

    def stated(self) -> dict[str, Any]:
        """What of it is a part of ComplaintReceived: codes, and no person."""
        return {
            "service": self.service,
            "rights": self.rights,
            "urgent": self.urgent is not None,
            "urgent_ground": self.urgent,
            "rights_codes": list(self.rights_codes),
            "groups": list(self.groups),
            "accused": [place for each in self.accused if (place := each.place) is not None],
        }

    def persons(self) -> dict[str, Any] | None:
        """Who is accused by name, to be sealed for the one who looks them up; None if nobody is."""
        named = [
            {"name": each.person, "institution": each.institution, "unit": each.unit}
            for each in self.accused
            if each.person is not None
        ]
        return {"persons": named} if named else None


USUAL = Flags()
"""What holds where nothing is said."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody hands in, validated and normalised. No contact: anonymous."""

    kind: str
    category: str
    governorate: str
    text: str = field(repr=False)
    channel: str
    language: str
    title: str | None = field(default=None, repr=False)
    contact: Contact | None = field(default=None, repr=False)
    flags: Flags = field(default=USUAL, repr=False)

    def normal_form(self, language_given: bool) -> dict[str, Any]:
        """What two submissions must share to be the same one.

        A language that only came from the header of the request is not a part of what was said.
        """
        contact = self.contact
        return {
            "kind": self.kind,
            "category": self.category,
            "governorate": self.governorate,
            "text": self.text,
            "title": self.title,
            "channel": self.channel,
            "language": self.language if language_given else None,
            "contact": [contact.name, contact.phone, contact.email, contact.preference] if contact else None,
            **({"flags": self.flags.as_dict()} if self.flags != USUAL else {}),
        }


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint that was accepted. It never changes; the progress that follows tells how it stands."""

    id: str
    received_at: datetime
    submission: Submission

    @property
    def anonymous(self) -> bool:
        """Whether nobody is known to have made it."""
        return self.submission.contact is None

    def received(self, sealed: str | None, accused: str | None = None) -> dict[str, Any]:
        """The data of the fact ComplaintReceived: codes alone; the contact, and the names of who is `accused`, each sealed for the one
        who may open it.
        """
        said = self.submission
        return {
            "complaint_id": self.id,
            "kind": said.kind,
            "category": said.category,
            "governorate": said.governorate,
            "language": said.language,
            "channel": said.channel,
            "anonymous": self.anonymous,
            "received_at": self.received_at,
            "sealed": sealed,
            **said.flags.stated(),
            **({"accused_sealed": accused} if accused else {}),
        }


def contact_to_carry(submission: Submission, tracking_number: str) -> dict[str, Any] | None:
    """What is sealed, at rest and on the bus: enough to write to the complainant. None if anonymous."""
    contact = submission.contact
    if contact is None:
        return None
    return {
        "name": contact.name,
        "phone": contact.phone,
        "email": contact.email,
        "language": submission.language,
        "tracking_number": tracking_number,
        "contact_preference": contact.preference,
    }


@dataclass(frozen=True, slots=True)
class Progress:
    """What one fact of routing means for the public status. `sequence` is the fact's; absent fields say
    nothing.
    """

    sequence: int
    at: datetime
    status: str | None = None
    institution: str | None = None
    institution_name: dict[str, str] | None = None
    due_at: datetime | None = None
    receiver: str | None = None
    reason: str | None = None
    history_hash: str | None = None


@dataclass(frozen=True, slots=True)
class PublicStatus:
    """How a complaint stands, for the one who made it. `history` is what was shown, from when on, oldest
    first. `receiver` is the body that it is being passed to, `reason` why it came to this status,
    `history_hash` the receipt by which its history can be checked later.
    """

    code: str
    institution: str | None
    institution_name: dict[str, str] | None
    due_at: datetime | None
    history: tuple[tuple[str, datetime], ...]
    receiver: str | None = None
    reason: str | None = None
    history_hash: str | None = None


def first_words(text: str, most: int) -> str:
    """The beginning of a text as one line of `most` characters at most, cut between words where that is possible."""
    line = " ".join(text[: most + 1].split())
    if len(text) <= most:
        return line
    whole, _, _ = line.rpartition(" ")
    return (whole or line[: most - 1]) + "…"


def public_status(received_at: datetime, progress: Iterable[Progress]) -> PublicStatus:
    """Folds the progress, in any order of arrival, into how the complaint stands.

    A second fact that says the same of the same institution is no new line of the history. Who has it stays
    who has it, until another does or nobody.
    """
    history = [(RECEIVED, received_at)]
    code, institution, name, due_at = RECEIVED, None, None, None
    receiver, reason, history_hash = None, None, None
    for step in sorted(progress, key=lambda step: step.sequence):
        if step.due_at is not None:
            due_at = step.due_at
        history_hash = step.history_hash or history_hash
        if step.status is None:
            if step.reason in RAISED.values():
                history.append((step.reason, step.at))
            continue
        holder = institution if step.institution is None and step.status != RECEIVED else step.institution
        if (step.status, holder) != (code, institution):
            history.append((step.status, step.at))
        if step.institution_name is not None or holder != institution:
            name = step.institution_name
        code, institution = step.status, holder
        receiver, reason = step.receiver, step.reason
    return PublicStatus(code, institution, name, due_at, tuple(history), receiver, reason, history_hash)
