"""Which templates there are, who reads them, and which tokens each may hold. The texts themselves are files under templates/.

A token that is not listed here refuses to render, and so does one that has no value: nobody is ever sent a `{token}`.
"""

from dataclasses import dataclass

COMPLAINANT = "complainant"
OFFICER = "officer"
COORDINATOR = "coordinator"
AUDIENCES = (COMPLAINANT, OFFICER, COORDINATOR)

SMS = "sms"
EMAIL = "email"
CHANNELS = (SMS, EMAIL)
LANGUAGES = ("ar", "en")

# What each channel needs of a template: the last words of the file names.
PIECES = {SMS: ("sms",), EMAIL: ("subject", "text")}


@dataclass(frozen=True)
class Template:
    """`tokens` may stand in any piece of the template, `sms_tokens` in its SMS: never what tells of the complaint itself."""

    name: str
    audience: str
    channels: tuple[str, ...]
    tokens: frozenset[str]
    sms_tokens: frozenset[str] = frozenset()

    def allowed(self, piece: str) -> frozenset[str]:
        """The tokens that a piece ("subject", "text", "sms") may hold."""
        return self.sms_tokens if piece == "sms" else self.tokens


_FOR_COMPLAINANT = frozenset({"name", "tracking_number", "link"})

TEMPLATES = {
    template.name: template
    for template in (
        Template(
            "received",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT,
            frozenset({"tracking_number", "link"}),
        ),
        Template(
            "assigned",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT | {"institution"},
            frozenset({"tracking_number", "link"}),
        ),
        Template(
            "promised",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT | {"due_date"},
            frozenset({"tracking_number", "due_date"}),
        ),
        Template(
            "officer_assigned",
            OFFICER,
            CHANNELS,
            frozenset({"name", "case", "institution", "link"}),
            frozenset({"case"}),
        ),
        Template(
            "unowned",
            COORDINATOR,
            (EMAIL,),
            frozenset({"case", "institution", "reason", "since", "link"}),
        ),
        Template(
            "promise_moved",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT | {"due_date", "previous_due_date", "cause"},
            frozenset({"tracking_number", "due_date"}),
        ),
        Template(
            "asked",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT | {"answer_by"},
            frozenset({"tracking_number", "answer_by", "link"}),
        ),
        Template(
            "answered",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT | {"confirm_until"},
            frozenset({"tracking_number", "link"}),
        ),
        Template(
            "rate",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT | {"confirm_until"},
            frozenset({"tracking_number", "confirm_until", "link"}),
        ),
        Template(
            "closed",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT,
            frozenset({"tracking_number", "link"}),
        ),
        Template(
            "transferred",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT | {"institution"},
            frozenset({"tracking_number", "link"}),
        ),
        Template(
            "referred",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT | {"institution"},
            frozenset({"tracking_number", "link"}),
        ),
        Template(
            "interim",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT | {"expected_at"},
            frozenset({"tracking_number", "expected_at", "link"}),
        ),
        Template(
            "officer_message",
            OFFICER,
            CHANNELS,
            frozenset({"name", "case", "link"}),
            frozenset({"case"}),
        ),
        Template(
            "officer_returned",
            OFFICER,
            CHANNELS,
            frozenset({"name", "case", "link"}),
            frozenset({"case"}),
        ),
        Template("arbiter", COORDINATOR, (EMAIL,), frozenset({"case", "institution", "link"})),
        Template(
            "escalated",
            COMPLAINANT,
            CHANNELS,
            _FOR_COMPLAINANT | {"level"},
            frozenset({"tracking_number", "link"}),
        ),
        *(
            Template(name, OFFICER, CHANNELS, frozenset({"name", "case", "link", *more}), frozenset({"case"}))
            for name, more in (
                ("officer_escalated", ("level", "cause")),
                ("holder_escalated", ("cause",)),
                ("officer_given_back", ("decision",)),
                ("officer_due_soon", ("due_date",)),
                ("officer_overdue", ("step", "due_date")),
                ("officer_urgent", ("institution",)),
            )
        ),
        Template("desk_escalated", COORDINATOR, (EMAIL,), frozenset({"case", "cause", "link"})),
        Template("desk_urgent", COORDINATOR, (EMAIL,), frozenset({"case", "institution", "link"})),
    )
}

#: What is told to whoever has the case, and is of no use to an officer who had it.
OF_WHO_HAS_IT = tuple(
    template.name
    for template in TEMPLATES.values()
    if template.audience == OFFICER and template.name != "holder_escalated"
)


class TemplateRefused(Exception):
    """A template cannot be rendered. `code` is one of a few fixed words and safe to store."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class TemplateUnknown(TemplateRefused):
    """This process has no template of that name: one of a newer release wrote the message."""

    def __init__(self) -> None:
        super().__init__("template_unknown")


def reference(complaint_number: int, name: str) -> int:
    """The reference (0–255) of a long text message: messages about one complaint never share it, whatever their order."""
    return (complaint_number + list(TEMPLATES).index(name)) & 0xFF
