"""What filing asks beside the story: a service or a right, whether somebody is in danger, and whom it is directed against.

All of it may be passed over. What was passed over is kept as an empty answer, so that it is not asked again, and is not sent.
"""

from collections.abc import Mapping
from typing import Any

from gateway.web import filing, names
from gateway.web.filing import Draft
from gateway.web.render import N_

ABOUT_NAMES = {
    "service": (N_("A service"), N_("It was late, poor, or refused.")),
    "right": (
        N_("A right"),
        N_("An authority harmed or held somebody, treated somebody worse than others, or broke the law."),
    ),
    "both": (N_("Both"), ""),
    "unsure": (N_("I do not know"), N_("The officer finds out.")),
}
AGAINST_NAMES = {
    "nobody": (N_("No, or I do not know"), ""),
    "person": (
        N_("Yes, a particular person"),
        N_("The body goes on answering; that person is kept out of it."),
    ),
    "body": (
        N_("The whole body, everybody who works there"),
        N_(
            "Rarely needed. If this body would have to answer, the coordinator of the government takes the complaint from it."
        ),
    ),
}
NO_DANGER = "no"
_NOT_OFFERED = N_("Choose one of these, or go on without an answer.")
_PERSON_MISSING = N_("Write the name, or go back and choose that it is about nobody in particular.")
_BODY_MISSING = N_("Choose the body, or go back and choose that it is about nobody in particular.")
_BODY_UNKNOWN = N_("Choose a body of the list, or leave it open.")
#: step → the lists that its page shows.
_LISTS = {
    "rights": ("rights", "concerned"),
    "danger": ("grounds",),
    "body": ("bodies",),
}


def wrong(step: str, draft: Draft) -> tuple[str, str] | None:
    """The field of the step that cannot stay as it is, and what to say of it."""
    if step == "about" and draft.get("about") not in ("", *ABOUT_NAMES):
        return "about", _NOT_OFFERED
    if step == "rights":
        for field, known in (("rights_codes", "rights"), ("groups", "concerned")):
            if not {*draft.several(field)} <= {*_codes(known)}:
                return field, _NOT_OFFERED
    if step == "danger" and draft.get("urgent") not in ("", NO_DANGER, *_codes("grounds")):
        return "urgent", _NOT_OFFERED
    if step == "accused" and draft.get("against") not in ("", *AGAINST_NAMES):
        return "against", _NOT_OFFERED
    if step == "person":
        if not draft.get("accused_person").strip():
            return "accused_person", _PERSON_MISSING
        bodies = names.by_code("bodies")
        # While the list cannot be read it is not known to be wrong.
        if bodies and draft.get("accused_body") not in ("", *bodies):
            return "accused_body", _BODY_UNKNOWN
    if step == "body" and draft.get("whole_body") not in _codes("bodies"):
        return "whole_body", _BODY_MISSING
    return None


def shown(step: str, draft: Draft) -> Mapping[str, Any]:
    """What the page of a step shows of the lists. Raises Problem 503 when it cannot do without one that cannot be read."""
    for each in _LISTS.get(step, ()):
        names.of(each)
    asked = step == "check"
    wanted = {
        "rights": asked or step == "rights",
        "concerned": asked or step == "rights",
        "grounds": asked or step == "danger",
        # A person is found without the body, too: the page of the person does without the list.
        "bodies": step in ("person", "body") or (asked and bool(draft.accused())),
    }
    return {
        "abouts": ABOUT_NAMES,
        "againsts": AGAINST_NAMES,
        "asked": set(draft.steps({})),
        "no_danger": NO_DANGER,
        "in_danger": bool(draft.urgent()),
        "lists": {name: names.by_code(name) if wanted[name] else {} for name in wanted},
        "most_of_name": filing.longest_name(),
    }


def _codes(name: str) -> list[str]:
    return [row["code"] for row in names.of(name)]
