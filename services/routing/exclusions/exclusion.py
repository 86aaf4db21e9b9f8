"""Who must have nothing to do with a case: the accused, their unit, and the chain of command. Pure.

What a case is directed against is a set of subjects: `person:<officer id>`, `unit:<code>`, `body:<code>`. By post, an officer is tied to
subjects, and is excluded from every case that is directed against one of them:

- against a body: everybody of it;
- against a unit: its people and those of the units below and above it, and the heads of the body;
- against a person: that one, the people of the units above, the heads of the body; and those whom the person commands: everybody, under a
  head of the body; the people of the unit and of those below, under a head or main officer of a unit.

Who has left keeps the ties of the last post: what was done there is still theirs. Who was tied to a case and has another post since then
stays out of that case: it is directed against `kept:<officer id>`, too, which ties that one and nobody else.

Whoever acts for a body without a post in it that the directory knows (an account that is no officer's, or of one who is of another body by
now) might be anybody of it, and a head by role is in every chain of command: they are tied to all of its subjects.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

PERSON, UNIT, BODY, KEPT = "person", "unit", "body", "kept"
HEAD = "head"
_COMMANDS = (HEAD, "main")


@dataclass(frozen=True, slots=True)
class Post:
    """Where an officer stands. `unit` is None for who belongs to the body itself."""

    officer: str
    institution: str
    rank: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a body, below `parent` or directly below the body."""

    code: str
    institution: str
    parent: str | None = None


def person(officer_id: str) -> str:
    """The subject that is an officer."""
    return f"{PERSON}:{officer_id}"


def unit(code: str) -> str:
    """The subject that is a unit."""
    return f"{UNIT}:{code}"


def body(code: str) -> str:
    """The subject that is a body as a whole."""
    return f"{BODY}:{code}"


def kept(officer_id: str) -> str:
    """The subject that is an officer who was tied to a case by an earlier post."""
    return f"{KEPT}:{officer_id}"


def places(institution: str | None, unit_code: str | None, units: Mapping[str, str]) -> frozenset[str]:
    """The subjects of an accused place: the unit if there is one, else the body; both where the unit is of another body.

    `units`: unit → its body. A unit that is none of them is a subject all the same: it may become one.
    """
    if unit_code is None:
        return frozenset() if institution is None else frozenset({body(institution)})
    elsewhere = institution is not None and units.get(unit_code, institution) != institution
    return frozenset({unit(unit_code), *([body(str(institution))] if elsewhere else ())})


def unfound(subjects: Iterable[str], bodies: Collection[str], units: Collection[str]) -> bool:
    """Whether a body or a unit is among the subjects that the directory does not have."""
    return any(
        (kind == BODY and code not in bodies) or (kind == UNIT and code not in units)
        for kind, _, code in (each.partition(":") for each in subjects)
    )


def named(subjects: Iterable[str], kind: str) -> list[str]:
    """The ids or codes of those of the subjects that are of a kind."""
    return [each.removeprefix(f"{kind}:") for each in subjects if each.startswith(f"{kind}:")]


def tied(posts: Iterable[Post], units: Iterable[Unit]) -> dict[str, frozenset[str]]:
    """subject → the officers who are tied to it; every officer, unit and body of the directory is a subject."""
    known = {each.code: each for each in units}
    of_body: defaultdict[str, set[str]] = defaultdict(set)
    of_unit: defaultdict[str, set[str]] = defaultdict(set)
    heads: defaultdict[str, set[str]] = defaultdict(set)
    people = list(posts)
    for post in people:
        of_body[post.institution].add(post.officer)
        if post.unit is not None:
            of_unit[post.unit].add(post.officer)
        if post.rank == HEAD:
            heads[post.institution].add(post.officer)
    above = {code: _above(code, known) for code in known}
    within: defaultdict[str, set[str]] = defaultdict(set)
    for code in known:
        for each in (code, *above[code]):
            within[each] |= of_unit[code]
    over = {code: set().union(*(of_unit[each] for each in above[code])) for code in known}
    found: dict[str, frozenset[str]] = {}
    for code, members in of_body.items():
        found[body(code)] = frozenset(members)
    for code, each in known.items():
        found[unit(code)] = frozenset(within[code] | over[code] | heads[each.institution])
    for post in people:
        concerned = {post.officer} | heads[post.institution] | over.get(post.unit or "", set())
        if post.unit is None and post.rank == HEAD:
            concerned |= of_body[post.institution]
        elif post.unit is not None and post.rank in _COMMANDS:
            concerned |= within[post.unit]
        found[person(post.officer)] = frozenset(concerned)
        found[kept(post.officer)] = frozenset({post.officer})
    return found


def of_bodies(posts: Iterable[Post], units: Iterable[Unit]) -> dict[str, frozenset[str]]:
    """body → the subjects that are of it: itself, its units, its people."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for each in units:
        found[each.institution] |= {body(each.institution), unit(each.code)}
    for post in posts:
        found[post.institution] |= {body(post.institution), person(post.officer)}
    return {code: frozenset(subjects) for code, subjects in found.items()}


def ties(by_subject: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    """The same the other way round: officer → subjects, in order."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for subject in sorted(by_subject):
        for officer in by_subject[subject]:
            found[officer].append(subject)
    return dict(found)


def excluded(implicated: Iterable[str], by_subject: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The officers who must have nothing to do with a case that is directed against these subjects."""
    return frozenset().union(*(by_subject.get(each, frozenset()) for each in implicated))


def own(who: str, institution: str | None) -> list[str]:
    """What anybody is tied to, whether the directory knows them or not: themselves, and their body."""
    return [person(who), kept(who)] + ([body(institution)] if institution is not None else [])


def is_excluded(
    who: str,
    institution: str | None,
    implicated: Collection[str],
    by_subject: Mapping[str, frozenset[str]],
    office: Collection[str] = (),
) -> bool:
    """Whether somebody, with or without a post in the directory, must have nothing to do with the case.

    `office` are the subjects of the body, of who acts for it as a head or without a post there.
    """
    barred = {*own(who, institution), *office}
    return not barred.isdisjoint(implicated) or who in excluded(implicated, by_subject)


def _above(code: str, known: Mapping[str, Unit]) -> tuple[str, ...]:
    """The units above one, the nearest first. A circle, which the directory refuses, would end where it began."""
    found: list[str] = []
    parent = known[code].parent
    while parent is not None and parent in known and parent != code and parent not in found:
        found.append(parent)
        parent = known[parent].parent
    return tuple(found)
