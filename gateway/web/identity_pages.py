"""Providers of identity, for operations: whose sign-in is believed and for whom; a new one, a change, and believing no more.

No secret is here: each is a file of the gateway, and the page only says whether it is there.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import flask
from werkzeug.wrappers import Response

from gateway import identity, provider
from gateway.admission import limited
from gateway.api import contracts
from gateway.outgoing import NotReached
from gateway.settings import Settings
from gateway.web import desk, kept, names, offered, render
from gateway.web.render import N_
from services.chassis import settings
from services.chassis.actor import require
from services.chassis.problems import Problem

PATH = "/staff/identity-providers"
EDIT = f"{PATH}/edit"
KEEPERS = ("operations",)
_TEXTS = (
    "code",
    "name_ar",
    "name_en",
    "issuer",
    "client_id",
    "matching",
    "second_factor",
    "client_auth",
    "version",
)
#: Several words in one field, with spaces between them.
_WORDS = ("acr_values", "amr_values", "scopes")
_SEVERAL = ("institutions", "algorithms")
_LONGEST = 500
DONE = {
    "added": N_("The provider is entered. Once its secret is in its file, people can sign in with it."),
    "changed": N_("The provider is changed."),
    "ended": N_("The provider is changed. Who had signed in with it signs in again."),
    "disabled": N_("Nobody signs in with it any more, and what it opened has ended."),
    "active": N_("People can sign in with it again."),
}
CHANGES = {
    "added": N_("Entered"),
    "changed": N_("Was changed"),
    "disabled": N_("Taken off"),
    "active": N_("Let in again"),
}
MATCHINGS = (
    ("email", N_("By its address, if the provider has verified it")),
    ("subject", N_("Only by a link that operations made")),
)
FACTORS = (
    ("provider", N_("The provider's, recognised by the values below")),
    ("ours", N_("Our own code, in addition")),
)
AUTHS = (
    ("client_secret_basic", N_("In the header of the request (usual)")),
    ("client_secret_post", N_("In the body of the request")),
)
_MISSING = {
    "name_ar": N_("Write the name in Arabic."),
    "name_en": N_("Write the name in English."),
    "code": N_("Write a code."),
    "issuer": N_("Write the issuer."),
    "client_id": N_("Write what the provider calls us."),
    "institutions": N_("Choose the bodies whose accounts it signs in."),
    "second_factor": N_("Choose whose second factor counts."),
}
_NATIONAL = {"coordinator": N_("Government coordinator"), "operations": N_("Operations team")}
_QUICKER = N_(
    "Somebody was quicker. What you typed is still here; compare it with the list, then send it again."
)
_REACHED = N_("The provider answers as it should: its document and its keys can be read.")
#: What stands in the way of reaching a provider → what to look at.
_FAULTS = {
    "it calls itself otherwise than its row": N_(
        "It answers, but calls itself otherwise. Write the issuer exactly as its document has it, a final slash included."
    ),
    "it took too long": N_("It does not answer in time."),
    "it redirects": N_("It sends us on to another address. Write the address that it ends at."),
    "its answer is no document": N_("What it answers is no discovery document."),
    "its keys cannot be read": N_("Its keys cannot be read."),
    "it has no keys": N_("It names no keys to check its signatures by."),
    "it does not know PKCE with S256": N_("It does not know PKCE with S256, which we need."),
    "it names an address without encryption": N_("It names an address that is not encrypted."),
    "it names an address of the inner network": N_("It names an address inside the network on another host."),
    "a name is unknown": N_("A name in its addresses is unknown."),
    "ConnectionError": N_("It cannot be reached at this address."),
    "SSLError": N_("Its certificate is not believed."),
}
_FAULT = N_("It gives no answer that can be used. Check the address.")

Errors = list[dict[str, str]]
Typed = dict[str, Any]


@limited("staff")
@require(*KEEPERS)
def show() -> flask.Response:
    """The providers, with what a ministry must know of us."""
    done = flask.request.args.get("done")
    return desk.page(
        "staff/providers.html",
        rows=[_row(each) for each in _all()],
        done=render.words()(DONE[done]) if done in DONE else "",
    )


@limited("staff")
@require(*KEEPERS)
def form() -> flask.Response:
    """The form of a new provider, or of the one that is to be changed."""
    code = flask.request.args.get("code")
    if not code:
        usual = {"matching": "email", "client_auth": "client_secret_basic", "scopes": "openid email"}
        return _form({**usual, "algorithms": list(_USUAL)}, [])
    return _form(_typed_of(_one(code)), [])


@kept.comes_back
@limited("staff")
@require(*KEEPERS)
def write() -> Response:
    """Enters or changes a provider, tries its address, or has it believed no more or again."""
    given = flask.request.form
    go, code = given.get("go", ""), given.get("code", "").strip()[:_LONGEST]
    if go in ("disabled", "active"):
        return _answered(desk.ask("POST", f"{PATH}/{quote(code, safe='')}/state", {"state": go}), {}, go)
    typed = _typed()
    if kept.restored():
        return _form(typed, [])
    if go == "try":
        return _form(typed, *_tried(typed))
    errors = _missing(typed, _MISSING)
    if errors:
        return _form(typed, errors)
    if typed["version"]:
        reply = desk.ask(
            "PUT", f"{PATH}/{quote(code, safe='')}", {**_body(typed), "version": typed["version"]}
        )
        return _answered(reply, typed, "changed")
    new = {**_body(typed), "code": code, "issuer": typed["issuer"]}
    return _answered(desk.ask("POST", PATH, new), typed, "added")


def _missing(typed: Typed, wanted: Iterable[str]) -> Errors:
    """What was left empty. A row for the whole country has no bodies, and whoever changes it need choose none."""
    say = render.words()
    changes = bool(typed["version"])
    return [
        {"field": name, "message": say(_MISSING[name])}
        for name in wanted
        if not typed[name] and not (changes and name == "institutions")
    ]


def _answered(reply: desk.Reply, typed: Typed, done: str) -> Response:
    if reply.status in (200, 201):
        # The page of signing in is not to wait until it asks again.
        offered.forget()
        ended = done == "changed" and bool(reply.data["ended"])
        query = urlencode({"done": "ended" if ended else done})
        return flask.redirect(render.url(PATH) + "?" + query, 303)
    if reply.status == 422 and typed:
        found = reply.data.get("errors") or [{"field": "code", "message": reply.data.get("detail", "")}]
        errors = [{"field": _place(each["field"]), "message": each["message"]} for each in found]
        return _form(typed, errors, status=422)
    if reply.status == 412 and typed:
        typed["version"] = _one(typed["code"])["version"]
        return _form(typed, [{"field": "name_ar", "message": render.words()(_QUICKER)}], status=412)
    raise desk.refused(reply)


def _place(field: str) -> str:
    """The field of the page for one of routing's: `name.ar`, and `acr_values.0` for a part of a list."""
    first, _, rest = field.partition(".")
    return (
        f"name_{rest}"
        if first == "name" and rest in ("ar", "en")
        else "name_ar"
        if first == "name"
        else first
    )


def _typed() -> Typed:
    given = flask.request.form
    several = {name: [each[:_LONGEST] for each in given.getlist(name) if each] for name in _SEVERAL}
    return {name: given.get(name, "").strip()[:_LONGEST] for name in (*_TEXTS, *_WORDS)} | several


def _typed_of(row: Mapping[str, Any]) -> Typed:
    return {
        **{name: row[name] for name in _TEXTS if name in row},
        **{f"name_{lang}": row["name"][lang] for lang in render.LANGUAGES},
        **{name: " ".join(row[name]) for name in _WORDS},
        **{name: row[name] for name in _SEVERAL},
    }


def _body(typed: Typed) -> dict[str, Any]:
    return {
        "name": {lang: typed[f"name_{lang}"] for lang in render.LANGUAGES},
        **{name: typed[name] for name in ("client_id", "matching", "second_factor", "client_auth")},
        **{name: typed[name].split() for name in _WORDS},
        **{name: typed[name] for name in _SEVERAL},
    }


def _tried(typed: Typed) -> tuple[Errors, str]:
    """What stands in the way of speaking with a provider, or that nothing does."""
    say = render.words()
    errors = _missing(typed, ("issuer",))
    if errors:
        return errors, ""
    who = provider.of(
        {
            **{name: typed[name] for name in ("code", "issuer", "client_id", "client_auth", "matching")},
            **{name: () for name in ("scopes", "algorithms", "acr_values")},
            "name": {},
        }
    )
    try:
        provider.tried(who)
    except NotReached as failure:
        return [{"field": "issuer", "message": say(_FAULTS.get(str(failure), _FAULT))}], ""
    except ValueError:
        # An address that nothing can be made of.
        return [{"field": "issuer", "message": say(_FAULT)}], ""
    return [], say(_REACHED)


def _all() -> list[dict[str, Any]]:
    return desk.items(desk.get(PATH))


def _one(code: str) -> dict[str, Any]:
    found = next((each for each in _all() if each["code"] == code), None)
    if found is None:
        raise Problem(404, "not_found")
    return found


def _row(each: dict[str, Any]) -> dict[str, Any]:
    say, bodies, last = render.words(), names.by_code("bodies"), each["last_change"]
    base = (settings.load(Settings).public_url or flask.request.host_url).rstrip("/")
    ours = f"{base}/staff/sign-in/with/{quote(each['code'], safe='')}"
    return {
        **each,
        "name": render.name_of(each["name"]),
        "bodies": [render.name_of(bodies.get(code)) or code for code in each["institutions"]],
        "national": [say(_NATIONAL[role]) if role in _NATIONAL else role for role in each["national_roles"]],
        "factor": say(dict(FACTORS)[each["second_factor"]]),
        "match": say(dict(MATCHINGS)[each["matching"]]),
        "recognised": [*each["acr_values"], *each["amr_values"]],
        "last": {**last, "what": say(CHANGES.get(last["what"], N_("Was changed")))} if last else None,
        "has_secret": identity.has_secret(each["code"]),
        "back": f"{ours}/back",
        "log_out": f"{ours}/logout",
        "out": [f"{base}/", f"{base}/en/"],
    }


def _form(typed: Typed, errors: Errors, reached: str = "", status: int = 200) -> flask.Response:
    say, bodies = render.words(), names.by_code("bodies")
    return desk.page(
        "staff/provider.html",
        422 if errors and status == 200 else status,
        errors=errors,
        typed=typed,
        reached=reached,
        # Those that are chosen first: among sixty they would be hard to find.
        bodies=dict(sorted(bodies.items(), key=lambda each: each[0] not in typed.get("institutions", ()))),
        matchings=[(code, say(text)) for code, text in MATCHINGS],
        factors=[(code, say(text)) for code, text in FACTORS],
        auths=[(code, say(text)) for code, text in AUTHS],
        algorithms=_algorithms(),
    )


_USUAL = ("RS256", "PS256", "ES256")


def _algorithms() -> list[str]:
    """The signatures that routing may be told to believe."""
    schema = contracts.schema("routing", "NewProvider")["properties"]["algorithms"]
    return list(schema["items"]["enum"])
