"""Templates to answers: language, words, numbers and dates, and the headers that every page carries.

The English text is the key of the catalogue; Arabic is in locale/ar/LC_MESSAGES/messages.po, which is read as it is at
start (some 20 ms), so there is no compiled copy that could be out of date.
"""

import functools
import gettext
import io
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import flask
import jinja2
from babel import dates, numbers
from babel.messages import mofile, pofile

from gateway import sessions
from gateway.web import static
from services.chassis.clock import AMMAN, in_amman

HERE = Path(__file__).parent
LANGUAGES = ("ar", "en")
LOCALES = {"ar": "ar_JO", "en": "en_GB"}
LANGUAGE_NAMES = {"ar": "العربية", "en": "English"}
DIRECTIONS = {"ar": "rtl", "en": "ltr"}
_ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self';"
    " frame-ancestors 'none'",
    # Not "no-referrer": with it browsers hide the origin of our own forms too, and _refuse_other_sites would refuse them.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    # Nothing of a page stays on a shared computer.
    "Cache-Control": "no-store",
    "Vary": "Cookie",
}


# A year. For this host alone: what other hosts of the name do is not ours to say.
_TRANSPORT = f"max-age={365 * 24 * 3600}"


def N_(text: str) -> str:  # noqa: N802 - gettext's name for a text that is translated where it is shown.
    """Marks a text for the catalogue."""
    return text


def page(
    template: str, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
) -> flask.Response:
    """The page in the language of this request."""
    lang = language()
    content = (
        _environment(lang)
        .get_template(template)
        .render(
            lang=lang,
            dir=DIRECTIONS[lang],
            other="en" if lang == "ar" else "ar",
            path=bare_path(),
            digits=digits(),
            **context,
        )
    )
    response = flask.Response(content, status, content_type="text/html; charset=utf-8")
    response.headers.update(HEADERS)
    if sessions.secure():
        response.headers["Strict-Transport-Security"] = _TRANSPORT
    response.headers["Content-Language"] = lang
    response.headers.update(headers or {})
    return response


def language() -> str:
    """The language of this request: the address says it, unless a view found that it was begun in the other."""
    chosen = flask.g.get("language")
    if chosen:
        return chosen
    path = flask.request.path
    return "en" if path == "/en" or path.startswith("/en/") else "ar"


def bare_path() -> str:
    """The path of this request without its language."""
    path = flask.request.path
    return (path.removeprefix("/en") or "/") if path == "/en" or path.startswith("/en/") else path


def url(path: str, lang: str | None = None) -> str:
    """The address of a page in a language; default that of this request."""
    return ("/en" + path if path != "/" else "/en/") if (lang or language()) == "en" else path


def words(lang: str | None = None) -> Callable[[str], str]:
    """The function that translates a text of the catalogue."""
    return catalogue(lang or language()).gettext


def ngettext(singular: str, plural: str, count: int) -> str:
    """A text with a number in it, in the form that the language has for that number."""
    return catalogue(language()).ngettext(singular, plural, count) % {"count": number(count)}


def digits() -> str:
    """Which digits the reader chose: "latn" or, in Arabic only, "arab". Where nobody reads, nobody chose."""
    if not flask.has_request_context():
        return "latn"
    return "arab" if language() == "ar" and flask.request.cookies.get("digits") == "arab" else "latn"


@functools.cache
def catalogue(lang: str) -> gettext.NullTranslations:
    """The texts of a language. English is the key itself."""
    if lang == "en":
        return gettext.NullTranslations()
    with (HERE / "locale" / lang / "LC_MESSAGES" / "messages.po").open("rb") as source:
        read = pofile.read_po(source, locale=lang, abort_invalid=True)
    compiled = io.BytesIO()
    mofile.write_mo(compiled, read)
    compiled.seek(0)
    return _Texts(compiled)


class _Texts(gettext.GNUTranslations):
    """Arabic texts, in which what numbers they state themselves are in the digits that the reader chose, too."""

    def gettext(self, message: str) -> str:
        return said(super().gettext(message))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return said(super().ngettext(msgid1, msgid2, n))


@functools.cache
def _environment(lang: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_translations(catalogue(lang), newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(url=url, asset=static.address, language_names=LANGUAGE_NAMES)
    filters = {
        **{"number": number, "percent": percent, "day": day, "moment": moment},
        **{"machine": machine, "name_of": name_of, "said": said},
    }
    environment.filters.update({name: _for_each_reader(each) for name, each in filters.items()})
    return environment


def _for_each_reader(shown: Callable[..., str]) -> Callable[..., str]:
    """A filter that is asked each time. Jinja would work out `0|number` once, while the first reader is served, for all who come after."""

    @jinja2.pass_context
    def ask(_: jinja2.runtime.Context, *arguments: Any, **more: Any) -> str:
        return shown(*arguments, **more)

    return ask


def said(text: str) -> str:
    """A number or a date in the digits that the reader chose."""
    return text.translate(_ARABIC_INDIC) if digits() == "arab" else text


def number(value: float) -> str:
    """1234 as 1,234."""
    return said(numbers.format_decimal(value, locale=LOCALES[language()], numbering_system="latn"))


def percent(value: float, signed: bool = False) -> str:
    """0.125 as 12.5%; `signed` with a plus."""
    text = numbers.format_percent(abs(value), "#,##0.#%", locale="en")
    sign = "−" if value < 0 else "+" if signed and value > 0 else ""
    return said(sign + text)


def day(value: str | date | datetime, weekday: bool = True) -> str:
    """A date in words, as Amman's calendar has it. Takes ISO 8601 texts too."""
    parsed = _local(value)
    pattern = "EEEE d MMMM y" if weekday else "d MMMM y"
    return said(dates.format_date(parsed, pattern, locale=LOCALES[language()]))


def moment(value: str | datetime) -> str:
    """A date and time in words, by the clock in Amman."""
    parsed = _local(value)
    pattern = "d MMMM y، h:mm a" if language() == "ar" else "d MMMM y, h:mm a"
    return said(dates.format_datetime(parsed, pattern, tzinfo=AMMAN, locale=LOCALES[language()]))


def machine(value: str | datetime) -> str:
    """The same for the datetime attribute."""
    return _local(value).isoformat()


def span(length: timedelta) -> str:
    """A length of time in words: whole days, below two days whole hours."""
    granularity = "day" if length >= timedelta(days=2) else "hour"
    # The threshold keeps Babel from rounding days up to weeks and months.
    return said(
        dates.format_timedelta(length, granularity=granularity, threshold=1e9, locale=LOCALES[language()])
    )


def short_span(length: timedelta) -> str:
    """A short wait in words: seconds, from two minutes on whole minutes."""
    seconds = int(length.total_seconds())
    if seconds >= 120:
        length = timedelta(minutes=-(-seconds // 60))
    granularity = "minute" if seconds >= 120 else "second"
    return said(
        dates.format_timedelta(length, granularity=granularity, threshold=120, locale=LOCALES[language()])
    )


def name_of(names: Mapping[str, str] | None) -> str:
    """The name of {ar, en} in the language of the page."""
    return (names or {}).get(language()) or (names or {}).get("ar") or ""


def _local(value: str | date | datetime) -> Any:
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    return in_amman(value) if isinstance(value, datetime) else value
