"""A case as a page shows it: what was said, what happened and by whom, what is proposed, what has to be true before it closes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.web import case_words, desk, names, render
from gateway.web.conversation import OUTCOMES, REFUSALS
from gateway.web.render import N_

#: A page stays below 60 KB also with a long complaint: older lines are shown when they are asked for.
MOST_LINES = 25
_COMPLAINANT = "complainant"
#: Codes of the record that have names.
_CODES = {
    "outcome": OUTCOMES,
    "reason_code": REFUSALS,
    "outside_body": case_words.OUTSIDE_BODIES,
    "decision": case_words.DECISIONS,
}
_ORDER_OF_PARTS = ("summary", "found", "remedy", "legal_basis", "reason", "next_steps", "question", "text")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history: what happened, who did it, details in words, what was written with it."""

    what: str
    who: str
    notes: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    at: str


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of the conversation."""

    what: str
    by_complainant: bool
    parts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    at: str


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of closing: whether it holds, and what it is about."""

    good: bool
    words: str


def person(case: Mapping[str, Any], identity: str) -> str:
    """What somebody in the records of a case is called."""
    return render.name_of(case["people"].get(identity)) or identity


def timeline(case: Mapping[str, Any], since: int = 0) -> list[Line]:
    """The history after line `since`, newest first."""
    notes = {each["number"]: each["texts"] for each in case["notes"]}
    lines = [each for each in case["history"] if each["number"] > since]
    return [_line(case, each, notes.get(each["number"], {})) for each in reversed(lines)]


def _line(case: Mapping[str, Any], entry: Mapping[str, Any], texts: Mapping[str, str]) -> Line:
    event = case_words.EVENTS.get(entry["action"])
    return Line(
        render.words()(event or N_("The case changed")),
        person(case, entry["actor"]),
        tuple(_notes(case, entry["details"])),
        tuple(parts(texts)),
        entry["at"],
    )


def _notes(case: Mapping[str, Any], details: Mapping[str, Any]) -> list[str]:
    say, found = render.words(), []
    if details.get("officer"):
        found.append(say(N_("to %(who)s")) % {"who": person(case, str(details["officer"]))})
    if details.get("receiver"):
        found.append(say(N_("to %(who)s")) % {"who": body_name(details["receiver"])})
    if details.get("due_at"):
        found.append(say(N_("by %(moment)s")) % {"moment": render.moment(details["due_at"])})
    if details.get("expected_at"):
        found.append(say(N_("by %(moment)s")) % {"moment": render.moment(details["expected_at"])})
    for name, known in _CODES.items():
        if details.get(name) in known:
            found.append(say(known[details[name]]))
    if details.get("score"):
        found.append(_score(details["score"]))
    return found


def _score(score: int) -> str:
    values = {"score": render.number(score), "most": render.number(5)}
    return render.words()(N_("%(score)s of %(most)s")) % values


def answers(complaint: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """(what was asked, what was chosen) beside the text: which rights and groups, what danger, and whom it is directed against."""
    danger = [complaint["urgent"]] if complaint["urgent"] else []
    found = (
        (N_("Rights that it touches"), _named("rights", complaint["rights_codes"])),
        (N_("Groups concerned"), _named("concerned", complaint["groups"])),
        (N_("In danger now"), _named("grounds", danger)),
        (N_("Directed against"), [_accused(each) for each in complaint["accused"]]),
    )
    return [(render.words()(asked), chosen) for asked, chosen in found if chosen]


def _named(of: str, codes: Sequence[str]) -> list[str]:
    known = names.by_code(of)
    return [render.name_of(known.get(code)) or code for code in codes]


def _accused(said: Mapping[str, Any]) -> str:
    """A person in the complainant's words, at the department and the body that were named."""
    body, unit = said["institution"], said["unit"]
    units = names.units_by_code(body) if body and unit else {}
    at_unit = render.name_of(units.get(unit or "")) or unit
    return " · ".join(part for part in (said["person"], at_unit, body_name(body)) if part)


def conversation(complaint: Mapping[str, Any]) -> list[Said]:
    """What was said since the complaint, oldest first."""
    say, found = render.words(), []
    for each in sorted(complaint["conversation"], key=lambda each: each["at"]):
        title = case_words.UTTERANCES.get(each["kind"])
        notes = []
        if each["facts"].get("score"):
            notes.append(_score(each["facts"]["score"]))
        found.append(
            Said(
                say(title) if title else each["kind"],
                each["author"] == _COMPLAINANT,
                tuple(parts(each["words"])),
                tuple(notes),
                each["at"],
            )
        )
    return found


def parts(words: Mapping[str, str]) -> list[tuple[str, str]]:
    """(name or nothing, text) of what was written, in the order of reading."""
    say = render.words()
    known = [name for name in _ORDER_OF_PARTS if words.get(name)]
    rest = [name for name in words if name not in _ORDER_OF_PARTS and words[name]]
    return [
        (say(case_words.PARTS[name]) if name in case_words.PARTS else "", words[name])
        for name in (*known, *rest)
    ]


def reply(case: Mapping[str, Any]) -> dict[str, Any] | None:
    """The newest reply of a case, with its author and, if it was returned, the reason."""
    if not case["replies"]:
        return None
    newest = case["replies"][-1]
    outcome = OUTCOMES.get(newest["outcome"])
    return {
        **newest,
        "outcome_name": render.words()(outcome) if outcome else newest["outcome"],
        "author_name": person(case, newest["author"]),
        "approver_name": person(case, newest["approver"]) if newest["approver"] else "",
        "parts": parts({name: newest[name] for name in ("summary", "found", "remedy", "legal_basis")}),
    }


def checks(case: Mapping[str, Any], complaint: Mapping[str, Any]) -> list[Check]:
    """The closing gate, as far as a page can see it: what an approver makes sure of before the complainant reads the reply."""
    newest, say = case["replies"][-1], render.words()
    asked = [each for each in case["questions"] if each["ended"] == "answered"]
    author_is_other = any(each["action"] == "approve_reply" for each in case["allowed_actions"])
    found = [
        Check(bool(newest["outcome"]), say(N_("An outcome is stated"))),
        Check(bool(newest["found"].strip()), say(N_("What was found is stated"))),
        Check(bool(newest["remedy"].strip()), say(N_("What was done about it is stated"))),
        Check(bool(newest["legal_basis"].strip()), say(N_("The legal basis is stated"))),
        Check(bool(newest["summary"].strip()), say(N_("There is a summary for the complainant"))),
        Check(author_is_other, say(N_("You did not write it yourself"))),
    ]
    if asked:
        found.append(Check(True, say(N_("The complainant answered what was asked"))))
    elif case["questions"]:
        found.append(Check(False, say(N_("The complainant did not answer what was asked"))))
    if complaint["language"] == "ar":
        found.append(
            Check(_is_arabic(newest["summary"]), say(N_("The summary is in the complainant's language")))
        )
    return found


def _is_arabic(text: str) -> bool:
    letters = [each for each in text if each.isalpha()]
    return sum("\u0600" <= each <= "\u06ff" for each in letters) * 2 > len(letters)


def quicker(case: Mapping[str, Any], since: int) -> list[str]:
    """What others did to a case since its line `since`, newest last, each in a sentence."""
    say = render.words()
    return [
        say(N_("%(who)s: %(what)s, %(ago)s")) % {"who": each.who, "what": each.what, "ago": desk.ago(each.at)}
        for each in reversed(timeline(case, since))
    ]


def described(case: Mapping[str, Any]) -> dict[str, Any]:
    """The names of what a case or a line of a worklist is about."""
    say = render.words()
    state = case_words.STATES.get(case["status"])
    return {
        "category": render.name_of(names.by_code("categories").get(case["category"])) or case["category"],
        "governorate": render.name_of(names.by_code("governorates").get(case["governorate"]))
        or case["governorate"],
        "state": say(state) if state else case["status"],
        "body": body_name(case.get("institution")),
        "officer": render.name_of(case.get("officer_name")),
        "due": desk.due(case),
        "address": render.url(desk.case_path(case["complaint_id"])),
    }


def body_name(code: str | None) -> str:
    """The name of a body."""
    return render.name_of(names.by_code("bodies").get(code or "")) or code or ""


def rows(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a worklist."""
    return [{**each, **described(each)} for each in items]
