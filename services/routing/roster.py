"""The demonstration roster: 300 invented liaison officers, and an approver and a head of each body; the same ones for the same seed.

Nobody in it exists. Mail addresses are under example.org, which is reserved (RFC 2606); the numbers are in +962 773, a block that Jordan's
numbering plan leaves unassigned, so that no message of a demonstration can reach a person.
"""

import random
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

SIZE = 300
SEED = 1921
LEAST_PER_BODY = 2
_CERTIFIED = timedelta(days=730)
_NAMESPACE = uuid.UUID("6f2b7c3e-0a54-5d0f-9a55-1f6c2a9c0d11")


@dataclass(frozen=True, slots=True)
class OfficerRecord:
    """One row of the roster. `rank` is one of presence.RANKS; `languages` starts with the one that the officer is written to in."""

    id: str
    institution: str
    name_ar: str
    name_en: str
    rank: str
    email: str
    phone: str
    languages: tuple[str, ...]


def generate(
    institutions: Sequence[str],
    given: Sequence[tuple[str, str]],
    family: Sequence[tuple[str, str]],
    need: Mapping[str, int],
    *,
    size: int = SIZE,
    seed: int = SEED,
) -> list[OfficerRecord]:
    """`size` officers over the institution codes: two for each body, the rest by `need` (weights; a body without one weighs 1).

    The first of each body is its main officer, and always speaks English too, so that no body lacks the language.
    Raises ValueError when there are too few officers or too few names.
    """
    choice, names = _names(given, family, size, seed)
    roster: list[OfficerRecord] = []
    for institution, count in _spread(institutions, need, size).items():
        for number in range(1, count + 1):
            (given_ar, given_en), (family_ar, family_en) = names[len(roster)]
            english = number == 1 or choice.random() < 0.4
            roster.append(
                OfficerRecord(
                    id=str(uuid.uuid5(_NAMESPACE, f"{seed}/{institution}/{number}")),
                    institution=institution,
                    name_ar=f"{given_ar} {family_ar}",
                    name_en=f"{given_en} {family_en}",
                    rank="main" if number == 1 else "sub",
                    email=f"{institution.lower()}.{number:02d}@officers.example.org",
                    phone=f"+96277300{len(roster) + 1:04d}",
                    languages=("ar", "en") if english else ("ar",),
                )
            )
    return roster


def leaders(
    institutions: Sequence[str],
    given: Sequence[tuple[str, str]],
    family: Sequence[tuple[str, str]],
    *,
    taken: int = SIZE,
    seed: int = SEED,
) -> list[OfficerRecord]:
    """An approver and a head for each institution code. `taken` names and numbers belong to the liaison officers.

    Raises ValueError when there are too few names.
    """
    places = [(code, rank) for code in institutions for rank in ("approver", "head")]
    _, names = _names(given, family, taken + len(places), seed)
    found = []
    for number, (institution, rank) in enumerate(places, taken):
        (given_ar, given_en), (family_ar, family_en) = names[number]
        found.append(
            OfficerRecord(
                id=str(uuid.uuid5(_NAMESPACE, f"{seed}/{institution}/{rank}")),
                institution=institution,
                name_ar=f"{given_ar} {family_ar}",
                name_en=f"{given_en} {family_en}",
                rank=rank,
                email=f"{institution.lower()}.{rank}@officers.example.org",
                phone=f"+96277300{number + 1:04d}",
                languages=("ar", "en"),
            )
        )
    return found


def certificates(
    roster: Iterable[OfficerRecord], day: date, *, seed: int = SEED
) -> list[tuple[str, str, date, date]]:
    """(officer, part, issued on, expires on) of both parts for every main officer and for three of four of the others, in force on `day`.

    So about 80 % of the liaison officers are certified, and every body has one who is.
    """
    choice = random.Random(seed)  # noqa: S311 - invented people, no secret.
    found = []
    for each in roster:
        # Drawn for everybody, so that one more officer changes nobody else's certificate.
        passed, days = choice.random() < 0.75, choice.randint(30, 600)
        if passed or each.rank == "main":
            for part, after in (("technical", 0), ("rights", 1)):
                issued = day - timedelta(days=days - after)
                found.append((each.id, part, issued, issued + _CERTIFIED))
    return found


def _names(
    given: Sequence[tuple[str, str]], family: Sequence[tuple[str, str]], size: int, seed: int
) -> tuple[random.Random, list[tuple[tuple[str, str], tuple[str, str]]]]:
    """The generator after it has shuffled the names, and these."""
    choice = random.Random(seed)  # noqa: S311 - invented people, no secret.
    names = [(g, f) for f in family for g in given]
    if size > len(names):
        raise ValueError(f"{len(names)} names for {size} officers")
    choice.shuffle(names)
    return choice, names


def _spread(institutions: Sequence[str], need: Mapping[str, int], size: int) -> dict[str, int]:
    spare = size - LEAST_PER_BODY * len(institutions)
    if spare < 0:
        raise ValueError(f"{size} officers are too few for {len(institutions)} bodies")
    total = sum(need.get(code, 1) for code in institutions)
    shares = {code: spare * need.get(code, 1) / total for code in institutions}
    counts = {code: int(share) for code, share in shares.items()}
    # Largest remainders take what rounding down left over; the code settles ties.
    by_remainder = sorted(institutions, key=lambda code: (counts[code] - shares[code], code))
    for code in by_remainder[: spare - sum(counts.values())]:
        counts[code] += 1
    return {code: LEAST_PER_BODY + counts[code] for code in institutions}
