"""JSON lines on standard output: a constant event name and fields. No personal data, no exception texts, no
message bodies.

    log = logs.get()
    log.info("batch_handled", size=3)

Third-party loggers go through the same formatter, which prints their sentence with numbers filled in and
little else.
"""

import json
import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import structlog

from services.chassis import settings, tracing
from services.chassis.clock import new_id
from services.chassis.settings import setting

# The last net, not the rule: these keys must not be given to a logger in the first place.
PERSONAL_KEYS = frozenset(
    {"name", "full_name", "phone", "email", "address", "contact", "recipient", "sender", "national_id"}
    | {"text", "title", "body", "data", "payload", "content", "message", "sealed", "subject_line"}
    | {"password", "secret", "token", "authorization", "cookie", "key", "pepper"}
)

_SANE_ID = re.compile(r"\A[A-Za-z0-9._:-]{8,64}\Z")
_correlation: ContextVar[str | None] = ContextVar("correlation_id", default=None)
_service: ContextVar[str | None] = ContextVar("service", default=None)
_default_service = "process"
_verbose = False


@dataclass(frozen=True)
class Settings:
    """Settings of the logs."""

    level: str = setting(
        "LOG_LEVEL",
        "Lowest level that is written.",
        default="info",
        choices=("debug", "info", "warning", "error"),
    )


def get() -> Any:
    """A logger; call it as log.info("event_name", field=value). Cheap; usually kept in a module's `log`."""
    return structlog.get_logger()


def configure(service: str = "process", level: str | None = None) -> None:
    """Sets the process up to log JSON lines. `service` fills the field where nothing nearer says which
    service it is.
    """
    global _default_service, _verbose
    _default_service = service
    number = getattr(logging, (level or settings.load(Settings).level).upper())
    _verbose = number <= logging.DEBUG
    quiet_eventlet()
    structlog.configure(
        processors=[*_shared_processors(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _drop_personal, _render],
            foreign_pre_chain=[_own_words_only, *_shared_processors()],
            use_get_message=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for noisy in ("amqp", "kombu", "nameko", "urllib3", "alembic", "opentelemetry"):
        logging.getLogger(noisy).setLevel(
            max(number, logging.INFO if noisy == "alembic" else logging.WARNING)
        )


def verbose() -> bool:
    """Whether debug lines are written. On the hottest paths it is cheaper to ask than to build a line for
    nothing.
    """
    return _verbose


def quiet_eventlet() -> None:
    """Hides eventlet's advice to migrate, printed at import; docs/adr says what we do about it."""
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")


@contextmanager
def context(correlation_id: str | None = None, service: str | None = None) -> Iterator[str]:
    """Within the block every line carries this correlation id (a new one if None is given and none is set)
    and this service.
    """
    correlation_id = correlation_id or _correlation.get() or new_id()
    tokens = (_correlation.set(correlation_id), _service.set(service or _service.get()))
    try:
        yield correlation_id
    finally:
        _correlation.reset(tokens[0])
        _service.reset(tokens[1])


def correlation_id() -> str | None:
    """The id that joins all lines and facts with one cause; None outside of `context`."""
    return _correlation.get()


def sane_correlation_id(text: str | None) -> str | None:
    """An id from outside if it is harmless to repeat in headers, logs and facts; otherwise None."""
    return text if text and _SANE_ID.match(text) else None


class _Handler(logging.StreamHandler):
    """Writes to whatever standard output is now, and never lets a closed pipe end the work that wanted to
    log.
    """

    def __init__(self) -> None:
        super().__init__(sys.stdout)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout
        # structlog fills the arguments in and forgets them before a processor can look at them one by one.
        record.given_arguments = record.args
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's.
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            # The record itself may hold what must not be printed, so only the place of the faulty call is
            # named.
            os.write(
                2,
                f"a log line failed ({type(error).__name__}) at {record.pathname}:{record.lineno}\n".encode(),
            )


def _shared_processors() -> list[Any]:
    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _add_context,
        _exception_without_text,
    ]


def _add_context(_logger: Any, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    line.setdefault("service", _service.get() or _default_service)
    correlation = _correlation.get()
    if correlation:
        line.setdefault("correlation_id", correlation)
    trace = tracing.current_trace_id()
    if trace:
        line["trace_id"] = trace
    return line


def _exception_without_text(_logger: Any, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    info = line.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    elif isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[1] is not None:
        line["exception"] = describe_exception(info[1], info[2])
    line.pop("stack_info", None)
    return line


def describe_exception(error: BaseException, trace: TracebackType | None = None) -> list[dict[str, Any]]:
    """An exception and its causes as classes and places of code. Its text is left out: drivers put the
    refused row into it.
    """
    described: list[dict[str, Any]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(described) < 5:
        seen.add(id(current))
        frames = traceback.extract_tb(trace if current is error and trace else current.__traceback__)
        entry: dict[str, Any] = {
            "class": f"{type(current).__module__}.{type(current).__qualname__}",
            "at": [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames[-12:]],
        }
        state = getattr(current, "pgcode", None)
        if state:
            entry["sqlstate"] = state
        described.append(entry)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return described


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-3:])


def _own_words_only(_logger: Any, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    """Keeps of a third-party record its sentence and numbers. kombu, for one, prints the raw body of a
    message that it cannot decode.
    """
    record: logging.LogRecord | None = line.get("_record")
    if record is None:
        return line
    arguments = getattr(record, "given_arguments", ())
    if isinstance(arguments, dict):
        arguments = {key: _harmless(record.name, value) for key, value in arguments.items()}
    elif arguments:
        arguments = tuple(_harmless(record.name, value) for value in arguments)
    sentence = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    try:
        # Without arguments the sentence was put together by its author, from nobody knows what: only short
        # ones are kept.
        event = sentence % arguments if arguments else sentence[:200]
    except (TypeError, ValueError):
        event = sentence
    line["event"] = event[:500]
    line["logger"] = record.name
    return line


def _harmless(logger: str, value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, BaseException):
        return type(value).__name__
    if logger.split(".")[0] in ("kombu", "amqp", "nameko", "sqlalchemy", "smpplib"):
        return "…"
    return str(value)[:100]


def _drop_personal(_logger: Any, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    dropped = [key for key in line if key in PERSONAL_KEYS]
    for key in dropped:
        del line[key]
    for key, value in line.items():
        if isinstance(value, dict):
            line[key] = _drop_personal(None, "", dict(value))
    if dropped:
        line["dropped"] = dropped
    return line


def _render(_logger: Any, _method: str, line: dict[str, Any]) -> str:
    first = {key: line.pop(key) for key in ("time", "level", "event", "service") if key in line}
    return json.dumps({**first, **line}, ensure_ascii=False, default=_unknown)


def _unknown(value: Any) -> str:
    # Only types whose text is harmless; anything else might print its fields.
    kind = type(value)
    return str(value) if kind.__module__ in ("uuid", "datetime", "decimal") else f"<{kind.__name__}>"
