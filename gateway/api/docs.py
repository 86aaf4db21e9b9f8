"""The OpenAPI 3.1 document of the public API, composed from those of the services: no schema is written twice (docs/adr/0020)."""

import copy
import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import flask

from gateway.api import contracts, desk, identity, public, staff
from gateway.api.routes import Route

ROUTES: tuple[Route, ...] = (*public.ROUTES, *staff.ROUTES, *desk.ROUTES, *identity.ROUTES)
_PREFIX = "#/components/"
_PARAMETER = re.compile(r"\{([^}]+)\}")
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_STAFF_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A staff token. What it may do depends on its roles.",
}
_STAFF_REFUSALS = {"401": "Without a good staff token.", "403": "The token lacks the role."}
_DESCRIPTION = (
    "Complaints, questions, suggestions, praise and reports about public services and human rights in Jordan."
    " Texts for people come in Arabic, or in English by Accept-Language."
    " Every refusal is application/problem+json (RFC 9457) with a stable `code`."
)
#: What the gateway itself may answer, beside what the service answers.
_OWN_REFUSALS = {
    "429": "Too many requests; see Retry-After.",
    "503": "The service is not available; see Retry-After.",
    "504": "The service did not answer in time; see Retry-After.",
}


class NotInContract(Exception):
    """A route points to an operation that its service does not have."""


def compose(routes: Iterable[Route], documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The public document. `documents` are the services' own, by service. Raises NotInContract.

    Operations keep everything but their address and their actor token. Components keep their names; where two services give one name to
    different shapes, that of the later route is called Service + Name.
    """
    paths: dict[str, dict[str, Any]] = {}
    components = _Components()
    for route in routes:
        document = documents[route.service]
        operation = _operation(route, document)
        operation = components.take(operation, document, route.service)
        paths.setdefault(route.path, {})[route.method.lower()] = _adapted(operation, route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bekhedmetkom", "version": "1", "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "public", "description": "For everybody."},
            {"name": "staff", "description": "With a staff token."},
        ],
        "paths": paths,
        "components": {**components.taken, "securitySchemes": {"staff": _STAFF_SCHEME}},
    }


def _operation(route: Route, document: Mapping[str, Any]) -> dict[str, Any]:
    """The service's operation at the route's target, with the parameters of its path under the gateway's names."""
    method = route.method.lower()
    for path, item in document["paths"].items():
        if _shape(path) != _shape(route.target) or method not in item:
            continue
        operation = copy.deepcopy(item[method])
        parameters = copy.deepcopy([*item.get("parameters", []), *operation.get("parameters", [])])
        ours = dict(zip(_PARAMETER.findall(path), _PARAMETER.findall(route.target), strict=True))
        for parameter in parameters:
            if parameter.get("in") == "path":
                parameter["name"] = ours[parameter["name"]]
        operation["parameters"] = parameters
        return operation
    raise NotInContract(f"{route.service} has no {route.method} {route.target}")


def _shape(path: str) -> str:
    return _PARAMETER.sub("{}", path)


def _adapted(operation: dict[str, Any], route: Route) -> dict[str, Any]:
    operation["tags"] = ["public" if "public" in route.roles else "staff"]
    operation["operationId"] = re.sub(r"[^a-z0-9]+", "_", f"{route.method} {route.path}".lower()).strip("_")
    operation["security"] = [] if "public" in route.roles else [{"staff": []}]
    if not operation["parameters"]:
        del operation["parameters"]
    default = operation["responses"].get("default")
    if default is not None:
        refusals = _OWN_REFUSALS if "public" in route.roles else {**_STAFF_REFUSALS, **_OWN_REFUSALS}
        for status, description in refusals.items():
            # The same body as any refusal of the service; only the status is the gateway's own.
            operation["responses"].setdefault(status, {"description": description, "content": _PROBLEM})
    return operation


class _Components:
    """What operations refer to, gathered from several documents under names that do not clash."""

    def __init__(self) -> None:
        self.taken: dict[str, dict[str, Any]] = {}
        self._shapes: dict[str, str] = {}

    def take(self, value: Any, document: Mapping[str, Any], service: str) -> Any:
        """`value` with its references pointing to components that were taken along."""
        if isinstance(value, dict):
            return {
                key: self._reference(inner, document, service)
                if key == "$ref"
                else self.take(inner, document, service)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self.take(inner, document, service) for inner in value]
        return value

    def _reference(self, reference: str, document: Mapping[str, Any], service: str) -> str:
        kind, name = reference.removeprefix(_PREFIX).split("/", 1)
        shape = _inlined(document["components"][kind][name], document)
        clashes = self._shapes.get(f"{kind}/{name}", shape) != shape
        name_here = service.capitalize() + name if clashes else name
        place = f"{kind}/{name_here}"
        if place not in self._shapes:
            # Noted before its own references are followed, so that a schema that refers to itself ends.
            self._shapes[place] = shape
            self.taken.setdefault(kind, {})[name_here] = {}
            self.taken[kind][name_here] = self.take(document["components"][kind][name], document, service)
        return _PREFIX + place


def _inlined(value: Any, document: Mapping[str, Any]) -> str:
    """The whole shape of a component as text, what it refers to included."""
    followed: set[str] = set()

    def follow(inner: Any) -> Any:
        if isinstance(inner, dict):
            reference = inner.get("$ref")
            if not isinstance(reference, str):
                return {key: follow(each) for key, each in inner.items()}
            if reference in followed:
                return reference
            followed.add(reference)
            kind, name = reference.removeprefix(_PREFIX).split("/", 1)
            return {reference: follow(document["components"][kind][name])}
        return [follow(each) for each in inner] if isinstance(inner, list) else inner

    return json.dumps(follow(value), sort_keys=True)


@functools.cache
def document() -> dict[str, Any]:
    """The document of this version. Raises FileNotFoundError when a service's contract was not generated."""
    return compose(ROUTES, {service: contracts.document(service) for service in {r.service for r in ROUTES}})


@functools.cache
def _encoded() -> bytes:
    return json.dumps(document(), ensure_ascii=False, indent=2).encode()


def serve() -> flask.Response:
    """GET /openapi.json."""
    return flask.Response(
        _encoded(), content_type="application/json", headers={"Cache-Control": "public, max-age=300"}
    )
