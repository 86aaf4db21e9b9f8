"""Reads what a caller sends, strictly: two readers of the same bytes must never understand two different
things.

Refused as not well-formed (400): a repeated key, NaN and Infinity, numbers that other programs would round,
nesting without end, broken UTF-8.
Refused in the field (422): characters that PostgreSQL cannot store.
"""

import json
import math
from collections.abc import Iterator
from typing import Any, ClassVar, NoReturn

import flask
import flask_smorest
import marshmallow
from webargs import core, missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import ClientDisconnected

from services.chassis import messages
from services.chassis.problems import ClientGone, Problem
from services.chassis.storable import storable

MAX_DEPTH = 32
# Beyond 2^53 JavaScript and jq read another number than was written; 19 digits are what a bigint holds.
_MAX_DIGITS = 19


class _Refused(ValueError):
    """The JSON is refused for the reason `args[0]`, a code of problems.DETAILS."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("duplicate_key")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS + 1:
        raise _Refused("number_out_of_range")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number) or len(digits) > 40:
        raise _Refused("number_out_of_range")
    return number


def _constant(_name: str) -> NoReturn:
    raise _Refused("malformed_json")


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def parse(raw: bytes) -> Any:
    """The value of a JSON text. Raises Problem 400 when it is not well-formed, 422 when a text in it cannot
    be stored.
    """
    try:
        value = _decoder.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise Problem(400, "broken_utf8") from None
    except _Refused as error:
        raise Problem(400, error.args[0]) from None
    except RecursionError:
        raise Problem(400, "nesting_too_deep") from None
    except ValueError:
        raise Problem(400, "malformed_json") from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise Problem(400, "nesting_too_deep")
    # Raw control characters are refused by the decoder and raw surrogates by UTF-8, so only an escape can
    # bring them in.
    if b"\\u" in raw:
        bad = [".".join(path) or "body" for path in _unstorable(value, ())]
        if bad:
            raise _forbidden(bad)
    return value


def _forbidden(fields: list[str]) -> Problem:
    message = messages.FORBIDDEN_CHARACTER
    errors = [
        {
            "field": field.encode("utf-8", "replace").decode().replace("\x00", "?")[:200],
            "code": message.code,
            "message": message.as_dict(),
        }
        for field in fields[:50]
    ]
    return Problem(422, "validation", errors=errors)


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        current, depth = waiting.pop()
        if isinstance(current, dict | list):
            deepest = max(deepest, depth)
            inner = current.values() if isinstance(current, dict) else current
            waiting.extend((each, depth + 1) for each in inner)
    return deepest


def _unstorable(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, str):
        if not storable(value):
            yield path
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _unstorable(each, (*path, str(index)))
    elif isinstance(value, dict):
        for key, each in value.items():
            if storable(key):
                yield from _unstorable(each, (*path, key))
            else:
                yield (*path, key)


class StrictParser(FlaskParser):
    """Takes arguments out of a request for marshmallow; answers with our problems."""

    # An unknown query parameter is a mistyped one more often than not: refused like an unknown field.
    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": marshmallow.RAISE,
    }

    def _raw_load_json(self, req: flask.Request) -> Any:
        if not core.is_json(req.mimetype):
            if req.mimetype or req.content_length or "HTTP_TRANSFER_ENCODING" in req.environ:
                raise Problem(415, "unsupported_media_type")
            return missing
        if req.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
            raise Problem(415, "unsupported_media_type")
        try:
            raw = req.get_data(cache=False)
        except (ClientDisconnected, ValueError, OSError):
            raise ClientGone from None
        return parse(raw)

    def load_querystring(self, req: flask.Request, schema: marshmallow.Schema) -> Any:
        """The query, each text checked like those of a body."""
        bad = [key for key, values in req.args.lists() if not all(map(storable, (key, *values)))]
        if bad:
            raise _forbidden(bad)
        return super().load_querystring(req, schema)

    def handle_error(self, error: marshmallow.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Raises the Problem that names the fields."""
        inner = error.messages
        # webargs puts the name of the location around the messages.
        if isinstance(inner, dict) and len(inner) == 1:
            inner = next(iter(inner.values()))
        raise Problem(422, "validation", errors=messages.errors_of(inner))


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's blueprint with the strict parser; create_app takes no other that reads arguments."""

    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: Any, **kwargs: Any) -> Any:
        """As flask-smorest's, with one instance of the schema for all requests: webargs makes a new one for
        each (150 µs).
        """
        return super().arguments(schema() if isinstance(schema, type) else schema, **kwargs)
