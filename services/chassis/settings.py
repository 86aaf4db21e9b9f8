"""Environment → frozen settings, checked at start. A wrong setting is named, a secret one is never shown.

@dataclass(frozen=True)
class Settings:
    retries: int = setting("SMS_RETRIES", "How often a text message is tried.", default=5, kind=int)
    key: str = setting("ACTOR_VERIFY_KEY", "Public key that actor tokens are verified with.", kind=key32)

settings.load(Settings).retries
"""

import base64
import binascii
import dataclasses
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

REQUIRED: Any = object()
"""The default of a setting that has none: the process does not start without it."""

EXIT_WRONG_SETTING = 78
"""EX_CONFIG of sysexits.h: supervisors know it as "do not restart, somebody must mend the configuration"."""

_METADATA = "bekhedmetkom.setting"
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_KINDS: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false"}


class SettingError(Exception):
    """One or more settings are missing or wrong. The text names each of them on one line, and never the value
    of a secret.
    """

    def __init__(self, problems: Sequence[str]):
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclasses.dataclass(frozen=True)
class Spec:
    """What one setting is: the row of the table in docs/settings.md."""

    name: str
    doc: str
    default: Any
    kind: Callable[[str], Any]
    secret: bool
    choices: tuple[Any, ...] | None
    least: float | None
    most: float | None

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def kind_name(self) -> str:
        """What a value must look like, in words."""
        if self.choices:
            return "one of " + ", ".join(str(choice) for choice in self.choices)
        words = _KINDS.get(self.kind) or (self.kind.__doc__ or self.kind.__name__).strip().splitlines()[
            0
        ].rstrip(".")
        if self.least is not None and self.most is not None:
            return f"{words} from {self.least} to {self.most}"
        if self.least is not None:
            return f"{words}, {self.least} or more"
        return words if self.most is None else f"{words}, {self.most} or less"


def setting(
    name: str,
    doc: str,
    default: Any = REQUIRED,
    kind: Callable[[str], Any] = str,
    secret: bool = False,
    choices: Sequence[Any] | None = None,
    least: float | None = None,
    most: float | None = None,
) -> Any:
    """A field of a frozen dataclass that is read from the environment variable `name`.

    `{SERVICE}` in the name is replaced by the upper-case service given to `load`. `kind` is str, int, float,
    bool or a function from
    text to value that raises ValueError; the first line of its docstring says what it wants. `secret` keeps
    the value out of every repr and error and lets
    it be given as `NAME_FILE`, the path of a file that holds it.
    """
    spec = Spec(name, doc, default, kind, secret, tuple(choices) if choices else None, least, most)
    return dataclasses.field(repr=not secret, kw_only=True, metadata={_METADATA: spec})


def key32(text: str) -> str:
    """base64 of 32 bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError from None
    if len(raw) != 32:
        raise ValueError
    return text


def describe(cls: type) -> list[Spec]:
    """The settings of a class in the order of its fields, for the generated page and its guard."""
    return [field.metadata[_METADATA] for field in dataclasses.fields(cls) if _METADATA in field.metadata]


_loaded: dict[tuple[type, str], Any] = {}


def load(cls: type[T], environ: Mapping[str, str] | None = None, service: str = "") -> T:
    """The settings of `cls`, read once per process and service. Raises SettingError that names every missing
    or wrong setting.

    An explicit `environ` is read afresh and not remembered. An empty variable counts as absent.
    """
    if environ is not None:
        return _read(cls, environ, service)
    key = (cls, service)
    if key not in _loaded:
        _loaded[key] = _read(cls, os.environ, service)
    return _loaded[key]


def forget() -> None:
    """Makes the next `load` read the environment again. For tests that change it."""
    _loaded.clear()


@contextmanager
def fail_at_start() -> Iterator[None]:
    """Around the start of a process: a wrong setting ends it with one line on standard error and exit code
    78, not with a traceback.
    """
    try:
        yield
    except SettingError as error:
        print(f"settings: {error}", file=sys.stderr)  # noqa: T201 - logs are not configured yet.
        sys.exit(EXIT_WRONG_SETTING)


def _read(cls: type[T], environ: Mapping[str, str], service: str) -> T:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        spec: Spec | None = field.metadata.get(_METADATA)
        if spec is None:
            continue
        name = spec.name.replace("{SERVICE}", service.upper())
        try:
            values[field.name] = _value(spec, name, environ)
        except SettingError as error:
            problems.extend(error.problems)
    if problems:
        raise SettingError(problems)
    return cls(**values)


def _value(spec: Spec, name: str, environ: Mapping[str, str]) -> Any:
    text = environ.get(name, "")
    if spec.secret:
        text = _secret(name, text, environ)
    if not text:
        if spec.required:
            how = f" (or {name}_FILE)" if spec.secret else ""
            raise SettingError([f"{name}{how} is missing: {spec.doc}"])
        return spec.default
    try:
        value = _parse(spec, text)
    except (ValueError, TypeError):
        shown = "" if spec.secret else f", not {text[:80]!r}"
        raise SettingError([f"{name} must be {spec.kind_name}{shown}"]) from None
    return value


def _secret(name: str, text: str, environ: Mapping[str, str]) -> str:
    path = environ.get(f"{name}_FILE", "")
    if not path:
        return text
    if text:
        raise SettingError([f"{name} and {name}_FILE are both set; keep one"])
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError([f"{name}_FILE cannot be read ({type(error).__name__})"]) from None


def _parse(spec: Spec, text: str) -> Any:
    if spec.kind is bool:
        lowered = text.strip().lower()
        if lowered not in _TRUE | _FALSE:
            raise ValueError
        return lowered in _TRUE
    value = spec.kind(text)
    if spec.choices and value not in spec.choices:
        raise ValueError
    # Written so that "nan", which compares false with everything, is refused too.
    if spec.least is not None and not value >= spec.least:
        raise ValueError
    if spec.most is not None and not value <= spec.most:
        raise ValueError
    return value
