"""Rendering: files `<name>.<ar|en>.<subject|text|sms>.txt` in this directory, in a sandbox that refuses what has no value.

All templates are read and checked when the process starts: a missing file or a token that its template may not hold stops it.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_date
from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment

from services.chassis.clock import in_amman
from services.notification.template import LANGUAGES, PIECES, TEMPLATES, TemplateRefused, TemplateUnknown

DIRECTORY = Path(__file__).resolve().parent
_LOCALES = {"ar": "ar_JO", "en": "en_GB"}
_LONGEST_VALUE = 200
# Control characters, line and paragraph separators, and marks that turn the direction of what follows: a value that
# a person typed must not break out of its place, neither into a header nor over the rest of the line.
_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def load(directory: Path = DIRECTORY) -> dict[tuple[str, str, str], Template]:
    """All pieces by (template, language, piece). Raises TemplateRefused for a missing file, a bad one, or an unknown token."""
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.filters["ltr"] = _isolated
    loaded = {}
    for template in TEMPLATES.values():
        for language in LANGUAGES:
            for piece in (piece for channel in template.channels for piece in PIECES[channel]):
                path = directory / f"{template.name}.{language}.{piece}.txt"
                source = _read(path)
                try:
                    used = meta.find_undeclared_variables(environment.parse(source))
                    loaded[template.name, language, piece] = environment.from_string(source)
                except TemplateError:
                    raise TemplateRefused("template_malformed") from None
                if not used <= template.allowed(piece):
                    raise TemplateRefused("token_unknown")
    return loaded


@lru_cache(maxsize=1)
def loaded() -> dict[tuple[str, str, str], Template]:
    """The templates of this process."""
    return load()


def render(name: str, language: str, piece: str, values: Mapping[str, Any]) -> str:
    """The text of one piece, without a final line break. Raises TemplateUnknown, and TemplateRefused when a value is missing.

    Of `values` only what the piece may hold is seen by it; None counts as missing. A datetime becomes a date in Amman, in words; a
    mapping {ar, en} becomes its text in `language`; control characters in a value become spaces.
    """
    template = loaded().get((name, language, piece))
    if template is None:
        raise TemplateUnknown
    allowed = TEMPLATES[name].allowed(piece)
    shown = {
        token: _shown(value, language)
        for token, value in values.items()
        if token in allowed and value is not None and value != ""
    }
    try:
        text = template.render(shown)
    except TemplateError:
        raise TemplateRefused("token_missing") from None
    return text.rstrip("\n")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise TemplateRefused("template_missing") from None


def _shown(value: Any, language: str) -> str:
    if isinstance(value, datetime):
        return format_date(in_amman(value), "EEEE d MMMM y", locale=_LOCALES[language])
    if isinstance(value, Mapping):
        value = value[language]
    return _BREAKING.sub(" ", str(value)).strip()[:_LONGEST_VALUE]


def _isolated(value: str) -> str:
    """A number or address that reads from left to right inside an Arabic line."""
    return f"\u2066{value}\u2069"
