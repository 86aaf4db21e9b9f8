"""Whom of the directory somebody means by a name in words, Arabic or English, with or without titles. Pure.

A complainant writes a name as it is heard: letters of one sound, a title before it, a father's name more or less. To take a namesake for
the accused costs little, since a colleague has the case then; to miss the accused costs everything. So what may be the same is the same.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_ARABIC = re.compile(r"[\u0621-\u064a]+")
_WORD = re.compile(r"[\u0621-\u064a]+|[a-z]+")
# Marks that are written above or below letters, and the stroke that stretches a word.
_MARKS = re.compile(r"[\u064b-\u065f\u0670\u06d6-\u06ed\u0640]")
# Stretches a word, or stands for a letter that Latin has not.
_UNHEARD = str.maketrans("", "", "\u0640'’‘`´ʿʾ")
_LETTERS = str.maketrans(
    {
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ؤ": "و",
        "ئ": "ي",
        "ى": "ي",
        "ة": "ه",
        "ء": None,
        "ک": "ك",
        "ی": "ي",
        "ھ": "ه",
    }
)
_JOINED = frozenset({"عبد", "ابو", "ام", "ال"})
_JOINED_LATIN = frozenset({"abd", "abu", "abou", "umm", "al", "el", "abdul", "abdel", "abdal"})
_SON_OF = frozenset({"ابن", "بن", "بنت", "ibn", "bin", "ben", "bint"})
_TITLES = frozenset(
    {
        *(
            "السيد",
            "السيده",
            "سيد",
            "الانسه",
            "الاستاذ",
            "الاستاذه",
            "استاذ",
            "الدكتور",
            "الدكتوره",
            "دكتور",
            "دكتوره",
            "د",
            "م",
            "ا",
        ),
        *(
            "المهندس",
            "المهندسه",
            "مهندس",
            "مهندسه",
            "الموظف",
            "الموظفه",
            "موظف",
            "المدير",
            "المديره",
            "مدير",
            "مديره",
            "الضابط",
            "ضابط",
        ),
        *(
            "معالي",
            "عطوفه",
            "سعاده",
            "دوله",
            "المحامي",
            "المحاميه",
            "الحاج",
            "الحاجه",
            "الشيخ",
            "القاضي",
            "العقيد",
            "الرائد",
            "النقيب",
        ),
        *(
            "الملازم",
            "العميد",
            "اللواء",
            "رئيس",
            "الرئيس",
            "قسم",
            "اسمه",
            "اسمها",
            "يدعي",
            "المدعو",
            "في",
            "من",
        ),
        *(
            "mr",
            "mrs",
            "ms",
            "miss",
            "dr",
            "doctor",
            "eng",
            "engineer",
            "prof",
            "professor",
            "sir",
            "madam",
            "director",
            "manager",
        ),
        *(
            "officer",
            "captain",
            "major",
            "colonel",
            "judge",
            "sheikh",
            "his",
            "her",
            "excellency",
            "the",
            "head",
            "of",
            "named",
            "called",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody of the directory with the words of the name in each language."""

    id: str
    institution: str
    names: tuple[tuple[str, ...], ...]


def named(identity: str, institution: str, *names: str) -> Named:
    """Somebody of the directory."""
    return Named(identity, institution, tuple(found for name in names if (found := words(name))))


def words(name: str) -> tuple[str, ...]:
    """The words of a name that tell one person from another, each in one spelling of the many that it has."""
    whole = unicodedata.normalize("NFKC", name).translate(_UNHEARD)
    plain = unicodedata.normalize("NFKD", whole).casefold()
    recomposed = unicodedata.normalize("NFC", plain)
    text = _MARKS.sub("", recomposed).translate(_LETTERS)
    stripped = "".join(
        each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each)
    )
    found = [each for each in _WORD.findall(stripped) if each not in _SON_OF]
    # Some titles are family names, too: only those before the name are titles.
    while found and found[0] in _TITLES:
        del found[0]
    return tuple(_spelled(each) for each in _together(found))


def find(spoken: str, people: Iterable[Named], institution: str | None = None) -> frozenset[str]:
    """The ids of all who may be meant, of a body if one is named."""
    wanted = words(spoken)
    return frozenset(
        each.id
        for each in people
        if institution in (None, each.institution)
        and any(same(wanted, name, institution) for name in each.names)
    )


def same(spoken: tuple[str, ...], name: tuple[str, ...], institution: str | None = None) -> bool:
    """Whether the words of a spoken name may mean the person with this name.

    First and last name are enough, whatever stands between. A single word means somebody only as a family name, and within a body.
    """
    if not spoken or not name:
        return False
    if len(spoken) == 1 or len(name) == 1:
        return institution is not None and spoken[-1] == name[-1]
    said, known = set(spoken), set(name)
    return {name[0], name[-1]} <= said or said <= known


def _together(found: list[str]) -> list[str]:
    """Words that are one name together: عبد and what follows, Abu and what follows, the article that was written apart."""
    joined: list[str] = []
    before = ""
    for each in found:
        if each in _JOINED or each in _JOINED_LATIN:
            before += each
            continue
        joined.append(before + each)
        before = ""
    return [*joined, before] if before else joined


def _spelled(word: str) -> str:
    if _ARABIC.fullmatch(word):
        return word.removeprefix("ال") if len(word) > 4 else word
    for prefix in ("al", "el"):
        if word.startswith(prefix) and len(word) > 5:
            word = word[2:]
            break
    # Vowels are heard in many ways and written in more: what is left of a name are its consonants.
    first, rest = word[0], re.sub(r"[aeiouy]", "", word[1:])
    letters = ("a" if first in "aeiou" else first) + rest
    for many, one in (
        ("kh", "k"),
        ("gh", "g"),
        ("dh", "d"),
        ("th", "t"),
        ("sh", "s"),
        ("q", "k"),
        ("ou", "u"),
        ("z", "d"),
    ):
        letters = letters.replace(many, one)
    return re.sub(r"(.)\1+", r"\1", letters)
