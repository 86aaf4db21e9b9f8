"""What people type, made safe to keep and to show, without changing a word of it."""

import re
import unicodedata

# Embeddings, overrides and isolates make a text show other than it is stored. They are taken out and not
# refused, because telephones put them around every name and number that is copied from the address book. The
# marks LRM, RLM and ALM cannot reorder what stands around them and stay, as do the joiners that Arabic and
# Persian spelling needs.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")
_LINE_ENDS = re.compile("\r\n|\r|\u2028|\u2029|\x85")
# Lone surrogates are no text at all: no encoding can hold them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# White space, and what takes no room at all.
_EDGES = (
    " \t\n\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    "\u200b\u200c\u200d\u200e\u200f\u061c\u2060"
)


class PlainTextError(ValueError):
    """The text holds control characters or broken ones. Never quotes them."""


def clean(typed: str) -> str:
    """A text of several lines: NFC, line ends as \\n, no reordering characters, nothing invisible at its
    ends.

    Raises PlainTextError.
    """
    text = _LINE_ENDS.sub("\n", _REORDERING.sub("", typed))
    if _CONTROL.search(text):
        raise PlainTextError
    return unicodedata.normalize("NFC", text).strip(_EDGES)


def clean_line(typed: str) -> str:
    """The same for one line, such as a name: a line end is a control character too, so no header can be
    smuggled in with it.

    Raises PlainTextError.
    """
    text = _REORDERING.sub("", typed).strip(_EDGES)
    if _CONTROL_IN_LINE.search(text):
        raise PlainTextError
    return unicodedata.normalize("NFC", text).strip(_EDGES)
