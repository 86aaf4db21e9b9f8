"""The words that somebody typed into a form which is not likely to be taken any more, with their labels: shown to be copied."""

from gateway.web import case_words, render
from gateway.web.kept import Kept
from gateway.web.render import N_

#: field → label, in the order in which they are shown. What is chosen from a list is no words.
LABELS = {
    "name": N_("Name"),
    **{name: case_words.FIELDS[name][0] for name in case_words.MOST},
    "reference": N_("Number of the circular"),
    "note_ar": N_("Why, in Arabic"),
    "note_en": N_("Why, in English"),
    "name_ar": N_("Name in Arabic"),
    "name_en": N_("Name in English"),
    "issuer": N_("Issuer"),
    "client_id": N_("What the provider calls us (client id)"),
    "q": N_("Find a case"),
}


def of(typed: Kept) -> list[tuple[str, str]]:
    """(label, text) of all that holds words."""
    said = {name: value.strip() for name, value in typed.fields}
    return [(render.words()(label), said[name]) for name, label in LABELS.items() if said.get(name)]
