"""What filing asks beside the story: a service or a right, whether somebody is in danger, and whom it is directed against.

All of it may be passed over. What was passed over is kept as an empty answer, so that it is not asked again, and is not sent.
"""

import re
from collections.abc import Mapping
from typing import Any

from gateway.web import accused, filing, names, render
from gateway.web.filing import Draft
from gateway.web.render import N_
from services.chassis.problems import Problem

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
    "unit": (
        N_("Yes, a department or an office"),
        N_("The body goes on answering; that department or office is kept out of it."),
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
_WORKPLACE_UNKNOWN = N_("Choose a department or office of this body, or leave it open.")
_UNIT_BODY_MISSING = N_("Choose the body that it belongs to.")
_UNIT_MISSING = N_("Choose the department or office; or go back and choose a person, or the whole body.")
_NO_UNIT = N_("No department of this body is listed. Go back and choose a person there, or the whole body.")
#: Where a unit is chosen the form says whose units it showed.
UNITS_SHOWN = "units_shown"
_ACCUSED = re.compile(r"accused\.(\d+)(?:\.(\w+))?")
#: step → the lists that its page shows.
_LISTS = {
    "rights": ("rights", "concerned"),
    "danger": ("grounds",),
    "unit": ("bodies",),
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
        if draft.get("accused_unit") not in ("", *(units_of(draft.get("accused_body")) or ())):
            return "accused_unit", _WORKPLACE_UNKNOWN
    if step == "unit":
        return _wrong_unit(draft)
    if step == "body" and draft.get("whole_body") not in _codes("bodies"):
        return "whole_body", _BODY_MISSING
    return None


def _wrong_unit(draft: Draft) -> tuple[str, str] | None:
    body = draft.get("unit_of")
    if body not in _codes("bodies"):
        return "unit_of", _UNIT_BODY_MISSING
    units = names.units(body)
    if draft.get("unit") not in {row["code"] for row in units}:
        return ("unit", _UNIT_MISSING) if units else ("unit_of", _NO_UNIT)
    return None


def units_unseen(draft: Draft, form: Mapping[str, str]) -> bool:
    """Whether a body was chosen whose units the page has not shown yet: then it shows them, which is no error."""
    body = draft.get("unit_of")
    return body in _codes("bodies") and form.get(UNITS_SHOWN) != body and bool(names.units(body))


def units_of(body: str) -> dict[str, dict[str, str]] | None:
    """The units of a body as `names.by_code` gives a list; None when they cannot be read now."""
    try:
        return {row["code"]: row["name"] for row in names.units(body)} if body in _codes("bodies") else {}
    except Problem:
        return None


def settle_workplace(draft: Draft) -> None:
    """Forgets the unit that a person was said to work in where the body was changed to one that has none."""
    if draft.get("accused_unit") and units_of(draft.get("accused_body")) == {}:
        draft.values["accused_unit"] = ""


def changed(draft: Draft, go: str) -> str:
    """Does what a button beside those who were named says, and gives the page that follows; empty for any other button."""
    what, _, number = go.partition("-")
    index = int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else -1
    if go == "add" and len(draft.accused()) < filing.most_accused():
        accused.add(draft.values)
        return "accused"
    if what == "edit" and index >= 0:
        return accused.take_up(draft.values, index)
    if what == "remove" and index >= 0:
        accused.remove(draft.values, index)
        return "more" if draft.accused() else "accused"
    return ""


def names_a_body(draft: Draft) -> bool:
    """Whether a body as a whole is among those that it is directed against."""
    return any(each[accused.AGAINST] == "body" for each in draft.accused())


def place(name: str, draft: Draft) -> tuple[str, str] | None:
    """Where the pages ask for a field of intake's answer."""
    found = _ACCUSED.fullmatch(name)
    if found and int(found[1]) < len(draft.accused()):
        kind = draft.accused()[int(found[1])][accused.AGAINST]
        return kind, next(
            (field for field in accused.KINDS[kind] if accused.SENT[field] == found[2]),
            accused.KINDS[kind][0],
        )
    return filing.place(name)


def take_up_refused(draft: Draft, refused: list[str]) -> None:
    """Has the first of those who were named and are refused be changed."""
    found = next((match for each in refused if (match := _ACCUSED.fullmatch(each))), None)
    if found:
        accused.take_up(draft.values, int(found[1]))


def _described(draft: Draft) -> list[dict[str, str]]:
    """Those who were named, for a page: kind, name, and where."""
    bodies = names.by_code("bodies") if draft.accused() else {}
    found = []
    for each in draft.accused():
        said = accused.sent(each)
        body = said.get("institution", "")
        place = render.name_of(bodies.get(body)) or body
        unit = said.get("unit", "")
        unit = render.name_of(names.units_by_code(body).get(unit)) or unit
        name = said.get("person") or unit or place
        if unit and name != unit:
            place = f"{unit} · {place}"
        where = place if name != place else ""
        found.append({"kind": each[accused.AGAINST], "name": name, "place": where, "unit": unit})
    return found


def shown(step: str, draft: Draft) -> Mapping[str, Any]:
    """What the page of a step shows of the lists. Raises Problem 503 when it cannot do without one that cannot be read."""
    for each in _LISTS.get(step, ()):
        names.of(each)
    asked, body = step == "check", draft.get("unit_of")
    if step == "unit" and body in _codes("bodies"):
        # Without them the page could not go on.
        names.units(body)
    wanted = {
        "rights": asked or step == "rights",
        "concerned": asked or step == "rights",
        "grounds": asked or step == "danger",
        # A person is found without the body, too: the page of the person does without the list.
        "bodies": step in ("person", "unit", "body"),
    }
    return {
        "abouts": ABOUT_NAMES,
        "againsts": AGAINST_NAMES,
        "asked": set(draft.steps({})),
        "no_danger": NO_DANGER,
        "in_danger": bool(draft.urgent()),
        "lists": {name: names.by_code(name) if wanted[name] else {} for name in wanted},
        "units": names.units_by_code(body) if step == "unit" and body else {},
        # A person is found without them, too.
        "workplaces": units_of(draft.get("accused_body")) if step == "person" else {},
        "named": _described(draft) if asked or step in ("accused", "more") else [],
        "whole_body": names_a_body(draft),
        "room": len(draft.accused()) < filing.most_accused(),
        "most_of_name": filing.longest_name(),
    }


def _codes(name: str) -> list[str]:
    return [row["code"] for row in names.of(name)]
