"""The form of an action, made of the fields that routing says it takes: labels, hints, choices; and what was typed, as routing takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from gateway.web import case_words, conversation, desk, kept, names, render
from gateway.web.render import N_
from services.chassis.clock import AMMAN

#: The order in which people fill them in; routing's own order is by name.
ORDER = (
    "decision",
    "institution",
    "unit",
    "officer_id",
    "outcome",
    "reason_code",
    "outside_body",
    "into",
    "question",
    "found",
    "remedy",
    "legal_basis",
    "summary",
    "next_steps",
    "expected_at",
    "reason",
)
_CHOICES = {
    "outcome": conversation.OUTCOMES,
    "reason_code": conversation.REFUSALS,
    "outside_body": case_words.OUTSIDE_BODIES,
    "decision": case_words.DECISIONS,
}
_ROWS = {"found": 8, "remedy": 5, "summary": 5}
#: The parts of a reply that a template fills in.
TEMPLATED = ("outcome", "found", "remedy", "legal_basis", "summary")
#: Actions in which the officer may be of any body: the body is asked for first, to show its officers.
_ANY_BODY = frozenset({"assign", "decide_transfer", "implicate"})
#: A field of the page alone: whose officers are to be shown.
OF_BODY = "of_body"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `options` are (value, name, whether it can be chosen)."""

    name: str
    kind: str
    label: str
    hint: str
    value: str
    required: bool
    options: Sequence[tuple[str, str, bool]] = ()
    rows: int = 4
    most: int = 0
    #: A button beside it shows what follows from the choice.
    reloads: bool = False


@dataclass(slots=True)
class Form:
    """An action that may be taken now, with its fields. `aside`: not what most cases need next."""

    action: str
    name: str
    will: str
    fields: list[Field] = field(default_factory=list)
    aside: bool = False
    usual: bool = False


#: What most cases need next, the most usual first. What is not here is behind it.
_USUAL = (
    "accept",
    "assign",
    "approve_reply",
    "return_reply",
    "accept_transfer",
    "decide_transfer",
    "resolve_dispute",
    "propose_reply",
    "ask",
    "reassign",
    "send_back",
    "reject_escalation",
    "interim_reply",
    "object_to_transfer",
)
#: Actions that end a case or take it out of the body's hands stand aside.
_ASIDE = frozenset({"transfer", "refer", "declare_inadmissible", "merge"})


def _place(action: str) -> int:
    return _USUAL.index(action) if action in _USUAL else len(_USUAL) + (action in _ASIDE)


def offered(case: Mapping[str, Any]) -> list[Form]:
    """The actions that may be taken now, without their fields; what is usual first."""
    say = render.words()
    found = []
    for each in sorted(case["allowed_actions"], key=lambda each: _place(each["action"])):
        words = case_words.ACTIONS.get(each["action"])
        found.append(
            Form(
                each["action"],
                render.name_of(each["name"]),
                say(words[0]) if words else "",
                aside=each["action"] in _ASIDE,
                usual=each["action"] in _USUAL,
            )
        )
    return found


def form(case: Mapping[str, Any], action: str, typed: Mapping[str, str]) -> Form | None:
    """The form of an action with what was typed; None when it may not be taken now."""
    allowed = next((each for each in case["allowed_actions"] if each["action"] == action), None)
    if allowed is None:
        return None
    made = next(each for each in offered(case) if each.action == action)
    wanted = [*allowed["required"], *allowed["optional"]]
    if action in _ANY_BODY and "institution" not in wanted:
        # What nobody owns has often a body, of which nobody is there: then somebody of another takes it.
        shown = {OF_BODY: case.get("institution") or "", **typed}
        made.fields.append(_bodies(OF_BODY, action, shown, True, None))
    for name in sorted(wanted, key=lambda each: ORDER.index(each) if each in ORDER else len(ORDER)):
        shown = _field(name, case, action, typed, name in allowed["required"])
        if shown is not None:
            made.fields.append(shown)
    return made


def _field(
    name: str, case: Mapping[str, Any], action: str, typed: Mapping[str, str], required: bool
) -> Field | None:
    named, hint = label(action, name)
    value = typed.get(name, "")
    if name == "institution":
        return _bodies(name, action, typed, required, case.get("institution"))
    if name == "officer_id":
        return _officers(case, action, typed, required)
    if name == "unit":
        body = typed.get("institution") or case.get("institution")
        return Field(name, "select", named, hint, value, required, _units(body) if body else [])
    if name in _CHOICES:
        say = render.words()
        options = [(code, say(text), True) for code, text in _CHOICES[name].items()]
        return Field(name, "select", named, hint, value, required, options)
    if name == "expected_at":
        return Field(name, "date", named, hint, value, required)
    if name in case_words.MOST:
        return Field(
            name, "area", named, hint, value, required, rows=_ROWS.get(name, 4), most=case_words.MOST[name]
        )
    return Field(name, "text", named, hint, value, required)


def label(action: str, name: str) -> tuple[str, str]:
    """What a field of an action is called, and the hint to it."""
    say = render.words()
    named, hint = case_words.FIELDS_OF.get((action, name)) or case_words.FIELDS.get(name) or (name, "")
    return say(named), say(hint) if hint else ""


def _bodies(name: str, action: str, typed: Mapping[str, str], required: bool, without: str | None) -> Field:
    named, hint = label(action, "institution" if name == OF_BODY else name)
    without = None if action in _ANY_BODY else without
    known = [(code, text, True) for code, text in names.choices("bodies") if code != without]
    return Field(
        name,
        "select",
        named,
        hint,
        typed.get(name, ""),
        required,
        known,
        reloads=action in _ANY_BODY,
    )


def _officers(case: Mapping[str, Any], action: str, typed: Mapping[str, str], required: bool) -> Field | None:
    if not desk.has("main_officer", "coordinator"):
        # Whoever else takes it for the body leaves the choice to the rules.
        return None
    chosen = typed.get("institution") or typed.get(OF_BODY)
    body = chosen if action in _ANY_BODY else None
    body = body or (case.get("receiver") if action == "accept_transfer" else case.get("institution"))
    named, hint = label(action, "officer_id")
    but = case.get("officer_id") if action == "reassign" else None
    options = officer_options(body, but, everybody=action == "implicate") if body else []
    return Field("officer_id", "select", named, hint, typed.get("officer_id", ""), required, options)


def _units(body: str) -> list[tuple[str, str, bool]]:
    """The units of a body. Empty when they cannot be had."""
    found = desk.items(desk.attempt("GET", desk.target("/staff/directory/units", institution=body)))
    return [
        (each["code"], render.name_of(each["name"]), True) for each in found if each["institution"] == body
    ]


def officer_options(
    body: str, but: str | None = None, *, everybody: bool = False
) -> list[tuple[str, str, bool]]:
    """The liaison officers of a body with what is on each desk; who is away can be read and not chosen. Empty when they cannot be had.

    With `everybody` it is whoever serves there, and all can be chosen.
    """
    found = []
    for each in desk.items(desk.attempt("GET", desk.target("/staff/team", institution=body))):
        if everybody:
            found.append((str(each["id"]), render.name_of(each["name"]), True))
            continue
        if each["rank"] not in ("main", "sub") or str(each["id"]) == str(but):
            continue
        parts = [
            render.name_of(each["name"]),
            render.ngettext("%(count)s open case", "%(count)s open cases", each["open"]),
        ]
        if not each["present"]:
            until = each.get("on_leave_until")
            away = (
                render.words()(_AWAY_UNTIL) % {"day": render.day(until, False)}
                if until
                else render.words()(_AWAY)
            )
            parts.append(away)
        found.append((str(each["id"]), " · ".join(parts), bool(each["present"])))
    return found


_AWAY = N_("away")
_AWAY_UNTIL = N_("away until %(day)s")


def typed_of(form_data: Mapping[str, str]) -> dict[str, str]:
    """What was typed, as it was typed."""
    return {
        name: value
        for name, value in form_data.items()
        if name not in ("version", "go", "template", kept.WHOSE)
    }


def body(allowed: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the action as routing takes them; what was left empty is left out."""
    found: dict[str, Any] = {}
    for name in (*allowed["required"], *allowed["optional"]):
        value = typed.get(name, "").strip()
        if value:
            found[name] = _end_of(value) if name == "expected_at" else value
    return found


def _end_of(day: str) -> str:
    """The last minute of a day in Amman; what is no day goes on as it is, and routing says that it is none."""
    try:
        return datetime.combine(date.fromisoformat(day), time(23, 59), AMMAN).isoformat()
    except ValueError:
        return day


def begun(case: Mapping[str, Any], action: str) -> dict[str, str]:
    """What a form begins with: a new reply with the one that was returned, to be mended and not written again."""
    newest = case["replies"][-1] if case["replies"] else None
    if action != "propose_reply" or newest is None or newest["state"] != "returned":
        return {}
    return {name: newest[name] for name in TEMPLATED}


def filled(typed: Mapping[str, str], template: Mapping[str, Any]) -> dict[str, str]:
    """What was typed with a reply template put in: into what is empty, and below what was written. Nothing is overwritten."""
    found = dict(typed)
    for name in TEMPLATED:
        text = str(template.get(name) or "")
        present = found.get(name, "").strip()
        if not text or text in present:
            continue
        if not present:
            found[name] = text
        elif name != "outcome":
            found[name] = f"{present}\n\n{text}"
    return found
