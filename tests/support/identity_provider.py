"""A ministry's provider of identity, as a process of its own: OpenID Connect by Authlib's server, with a page to sign in on.

    python -m tests.support.identity_provider --port 9000 --redirect http://127.0.0.1:8000/staff/sign-in/with/mof/back

`POST /control` makes it misbehave: {"fault": "nonce"}, {"slow": 3}, {"rotate": true}; {"logout": {"sub": …}} answers with a logout token.
"""

import argparse
import html
import os
import secrets
import time
from typing import Any

import flask
import requests
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from tests.support.hostile_tokens import CLIENT, tampered
from tests.support.ministry_sign_in import PEOPLE, SECRET

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Client(ClientMixin):
    """The one that is registered: us."""

    def __init__(self, redirect: str, auth: str):
        self.redirect, self.auth = redirect, auth

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.redirect

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.auth

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class Code(AuthorizationCodeMixin):
    """A code that was given out, for one minute."""

    def __init__(self, request: Any, user: str, acr: str | None, amr: list[str] | None):
        payload = request.payload
        self.redirect_uri, self.scope = payload.redirect_uri, payload.scope
        self.nonce = payload.data.get("nonce")
        self.code_challenge = payload.data.get("code_challenge")
        self.code_challenge_method = payload.data.get("code_challenge_method")
        self.user, self.acr, self.amr, self.at = user, acr, amr, time.time()

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.at)

    def get_acr(self) -> str | None:
        return self.acr

    def get_amr(self) -> list[str] | None:
        return self.amr


class User:
    """Who signed in."""

    def __init__(self, sub: str):
        self.sub = sub


class State:
    """What the provider knows, and how it misbehaves."""

    def __init__(self, issuer: str, client: Client):
        self.issuer, self.client = issuer, client
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, str] = {}
        self.reset()
        self.key = self.new_key()

    def reset(self) -> None:
        self.fault: str | None = None
        self.slow = 0.0
        self.acr: str | None = None
        self.amr: list[str] | None = None
        self.asked: dict[str, int] = {}

    def new_key(self) -> RSAKey:
        return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"}, private=True)

    def claims(self) -> dict[str, Any]:
        moment = int(time.time())
        return {"iss": self.issuer, "aud": CLIENT, "iat": moment, "exp": moment + 300}


def create_app(issuer: str, redirect: str, auth: str = "client_secret_basic") -> flask.Flask:
    """The provider's app."""
    app = flask.Flask("identity_provider")
    state = State(issuer, Client(redirect, auth))
    server = AuthorizationServer(
        app,
        query_client=lambda client_id: state.client if client_id == CLIENT else None,
        save_token=lambda token, request: state.tokens.update({token["access_token"]: request.user.sub}),
    )

    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]  # noqa: RUF012

        def save_authorization_code(self, code: str, request: Any) -> None:
            state.codes[code] = Code(request, request.user.sub, state.acr, state.amr)

        def query_authorization_code(self, code: str, client: Any) -> Code | None:
            found = state.codes.get(code)
            return found if found is not None and time.time() < found.at + 60 else None

        def delete_authorization_code(self, authorization_code: Code) -> None:
            state.codes = {key: each for key, each in state.codes.items() if each is not authorization_code}

        def authenticate_user(self, authorization_code: Code) -> User:
            return User(authorization_code.user)

    class SignedToken(OpenIDCode):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(each.nonce == nonce for each in state.codes.values())

        def resolve_client_private_key(self, client: Any) -> RSAKey:
            return state.key

        def get_client_algorithm(self, client: Any) -> str:
            return "RS256"

        def get_encode_header(self, client: Any) -> dict[str, Any]:
            return {"alg": "RS256", "kid": state.key.kid}

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            return state.claims()

        def generate_user_info(self, user: User, scope: str) -> dict[str, Any]:
            told = {} if state.fault in ("email_at_userinfo", "other_userinfo") else PEOPLE[user.sub]
            named = {} if state.fault == "no_session" else {"sid": f"session of {user.sub}"}
            return {"sub": user.sub, **named, **told}

        def encode_id_token(self, token: Any, request: Any) -> str:
            good = super().encode_id_token(token, request)
            return tampered(state.fault, state.key, good) if state.fault else good

    server.register_grant(CodeGrant, [SignedToken(require_nonce=True), CodeChallenge(required=True)])

    @app.before_request
    def count() -> Any:
        path = flask.request.path
        state.asked[path] = state.asked.get(path, 0) + 1
        if path != "/control" and state.slow:
            time.sleep(state.slow)  # a fault
        if path != "/control" and state.fault == "broken":
            return "no", 500
        return None

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Any:
        fault = state.fault
        if fault == "redirects":
            return flask.redirect("http://169.254.169.254/latest")
        if fault == "large":
            return flask.Response("x" * (1024 * 1024), content_type="application/json")
        if fault == "nested":
            return flask.Response("[" * 100_000, content_type="application/json")
        document = {
            "issuer": issuer + "/other" if fault == "other_issuer" else issuer,
            "authorization_endpoint": issuer + "/authorize",
            "token_endpoint": "https://10.0.0.1/token" if fault == "inner_address" else issuer + "/token",
            "jwks_uri": "http://example.org/jwks" if fault == "in_clear" else issuer + "/jwks",
            "userinfo_endpoint": issuer + "/userinfo",
            "end_session_endpoint": issuer + "/end-session",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["plain"] if fault == "no_pkce" else ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
        }
        return flask.jsonify(document)

    @app.get("/jwks")
    def jwks() -> Any:
        return flask.jsonify(keys=[state.key.as_dict(private=False)])

    @app.get("/authorize")
    def ask() -> Any:
        grant = server.get_consent_grant(end_user=None)
        people = "".join(
            f'<p><button name="sub" value="{html.escape(sub)}">{html.escape(sub)}</button></p>'
            for sub in PEOPLE
        )
        return (
            f"<!doctype html><title>Ministry</title><h1>Sign in at the ministry</h1><p>for"
            f" {html.escape(grant.client.get_client_id())}</p><form method=post>{people}</form>"
        )

    @app.post("/authorize")
    def approve() -> Any:
        sub = flask.request.form.get("sub")
        grant = server.get_consent_grant(end_user=None)
        response = server.create_authorization_response(
            grant=grant, grant_user=User(sub) if sub in PEOPLE else None
        )
        iss = "http://another.example" if state.fault == "mix_up" else issuer
        if state.fault != "no_iss":
            response.headers["Location"] += "&" + requests.compat.urlencode({"iss": iss})
        return response

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    @app.get("/userinfo")
    def userinfo() -> Any:
        given = flask.request.headers.get("Authorization", "").removeprefix("Bearer ")
        sub = state.tokens.get(given)
        if sub is None:
            return "", 401
        return flask.jsonify({"sub": "p-salma" if state.fault == "other_userinfo" else sub, **PEOPLE[sub]})

    @app.get("/end-session")
    def end_session() -> Any:
        target = html.escape(flask.request.args["post_logout_redirect_uri"])
        return f'<!doctype html><title>Ministry</title><h1>Signed out</h1><a href="{target}">back</a>'

    @app.post("/control")
    def control() -> Any:
        wanted = flask.request.get_json()
        if wanted.get("reset"):
            state.reset()
        for name in ("fault", "slow", "acr", "amr"):
            if name in wanted:
                setattr(state, name, wanted[name])
        if wanted.get("rotate"):
            state.key = state.new_key()
        token = None
        if "logout" in wanted:
            claims = {
                **state.claims(),
                "jti": secrets.token_hex(8),
                "events": {EVENT: {}},
                **wanted["logout"],
            }
            header = {"alg": "RS256", "kid": state.key.kid, "typ": "logout+jwt"}
            token = jwt.encode(header, {k: v for k, v in claims.items() if v is not None}, state.key)
        return flask.jsonify(asked=state.asked, logout_token=token)

    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redirect", required=True)
    parser.add_argument("--auth", default="client_secret_basic")
    parser.add_argument("--certificate")
    # Another name of this machine makes it another site, as it is to browsers.
    parser.add_argument("--name", default="127.0.0.1")
    given = parser.parse_args()
    # Authlib's server wants https; this one also runs within one machine.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    issuer = f"http{'s' if given.certificate else ''}://{given.name}:{given.port}"
    app = create_app(issuer, given.redirect, given.auth)
    context = (given.certificate, given.certificate) if given.certificate else None
    make_server("127.0.0.1", given.port, app, threaded=True, ssl_context=context).serve_forever()


if __name__ == "__main__":
    main()
