"""The files that pages refer to: held in memory, named by their content, so that browsers may keep them for ever."""

import functools
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

import flask

from services.chassis.problems import Problem

_PLACE = Path(__file__).parent / "static"
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    content_type: str


@functools.cache
def _assets() -> tuple[dict[str, str], dict[str, _Asset]]:
    addresses, assets = {}, {}
    for place in sorted(_PLACE.iterdir()):
        content = place.read_bytes()
        name = f"{place.stem}.{hashlib.sha256(content).hexdigest()[:12]}{place.suffix}"
        kind = mimetypes.guess_type(place.name)[0] or "application/octet-stream"
        addresses[place.name] = f"/static/{name}"
        assets[name] = _Asset(content, kind + "; charset=utf-8")
    return addresses, assets


def address(name: str) -> str:
    """Where the file `name` of the directory `static` is served. Raises KeyError for one that is not there."""
    return _assets()[0][name]


def serve(name: str) -> flask.Response:
    """The file with a hashed name."""
    asset = _assets()[1].get(name)
    if asset is None:
        raise Problem(404, "not_found")
    return flask.Response(
        asset.content, content_type=asset.content_type, headers={"Cache-Control": _FOR_EVER}
    )
