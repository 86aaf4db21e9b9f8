"""Providers of identity, spoken with: OpenID Connect by authorization code with PKCE (docs/adr/0026-openid-connect.md).

What a provider says of itself and its keys is kept for a while. What it signs is believed only as its row in routing says: this issuer, for
us, now, with these algorithms, in answer to this browser's question. Whom that lets in, routing decides.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from gateway import outgoing
from gateway.outgoing import NotReached
from gateway.provider import Known, NotProved, Provider, document_of, get, keys_of, reaching
from gateway.settings import IdentitySettings
from services.chassis import settings

#: Clocks differ.
LEEWAY_SECONDS = 60
#: How old a logout token may be.
LOGOUT_SECONDS = 3600
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LONGEST_TOKEN = 16_384
#: What reading a token may raise; a payload may be nested deeper than Python goes.
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, RecursionError)


def authorization_url(who: Provider, flow: Mapping[str, Any], back: str) -> str:
    """Where somebody is sent to sign in with a provider. Raises NotReached."""
    with reaching(who) as known:
        document = document_of(who, known)
        client = outgoing.Session(
            who.host,
            client_id=who.client_id,
            scope=" ".join(who.scopes),
            redirect_uri=back,
            code_challenge_method="S256",
        )
        more = {"acr_values": " ".join(who.acr_values)} if who.acr_values else {}
        url, _ = client.create_authorization_url(
            document["authorization_endpoint"],
            state=flow["state"],
            nonce=flow["nonce"],
            code_verifier=flow["verifier"],
            **more,
        )
    return url


def check_issuer(who: Provider, given: str | None) -> None:
    """That the answer is this provider's and not another's, as far as it says (RFC 9207). Raises NotProved, NotReached."""
    with reaching(who) as known:
        says = bool(document_of(who, known).get("authorization_response_iss_parameter_supported"))
        if given != who.issuer and (says or given is not None):
            raise NotProved("another_issuer")


def prove(who: Provider, code: str, flow: Mapping[str, Any], back: str) -> dict[str, Any]:
    """What a provider says of who comes back with a code: {issuer, subject, nonce, email, acr, amr, session}.

    Raises NotProved, NotReached.
    """
    with reaching(who) as known:
        document = document_of(who, known)
        client = outgoing.Session(
            who.host,
            client_id=who.client_id,
            client_secret=secret(who),
            token_endpoint_auth_method=who.client_auth,
            redirect_uri=back,
        )
        try:
            token = client.fetch_token(
                document["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=flow["verifier"],
            )
        except AuthlibBaseError:
            # A code that was used, has run out, or was given to somebody else.
            raise NotProved("code_refused") from None
        except (OSError, ValueError, RecursionError):
            raise NotReached("its answer is no token") from None
        signed = token.get("id_token")
        claims = _signed(who, known, signed, "sign in")
        options = _options(who)
        params = {
            "nonce": flow["nonce"],
            "client_id": who.client_id,
            "access_token": token.get("access_token"),
        }
        try:
            CodeIDToken(claims.claims, claims.header, options, params).validate(
                int(time.time()), LEEWAY_SECONDS
            )
        except (JoseError, AuthlibBaseError, ValueError, TypeError) as error:
            raise NotProved(f"claims_{_word(error)}") from None
        if claims.claims["nonce"] != flow["nonce"]:
            raise NotProved("nonce")
        return _said(who, claims.claims, _details(who, document, client, claims.claims))


def log_out(who: Provider, token: str) -> dict[str, Any]:
    """What a logout token asks: {token, subject, session} (OpenID Connect Back-Channel Logout). Raises NotProved, NotReached."""
    with reaching(who) as known:
        claims = _signed(who, known, token, "log out").claims
    try:
        jwt.JWTClaimsRegistry(
            int(time.time()),
            LEEWAY_SECONDS,
            **_options(who),
            iat={"essential": True},
            jti={"essential": True},
        ).validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise NotProved(f"claims_{_word(error)}") from None
    if claims["iat"] < time.time() - LOGOUT_SECONDS:
        # That it was said before is remembered for a day; a token may come without an end of its own.
        raise NotProved("claims_iat")
    events = claims.get("events")
    if not isinstance(events, dict) or _LOGOUT_EVENT not in events or "nonce" in claims:
        raise NotProved("no_logout_token")
    return {
        "token": _text(claims.get("jti")),
        "subject": _text(claims.get("sub")),
        "session": _text(claims.get("sid")),
    }


def end_session_url(who: Provider, back: str) -> str | None:
    """Where somebody signs out of the provider too, if it has such a page. Raises NotReached."""
    with reaching(who) as known:
        page = document_of(who, known).get("end_session_endpoint")
    if not isinstance(page, str):
        return None
    outgoing.check(page, who.host)
    joint = "&" if urlsplit(page).query else "?"
    return page + joint + urlencode({"client_id": who.client_id, "post_logout_redirect_uri": back})


def has_secret(code: str) -> bool:
    """Whether this process finds the secret of the provider of this code."""
    return bool(_secret(code))


def secret(who: Provider) -> str:
    """The secret that the provider gave us. Read each time, so that a new one needs no new start. Raises NotReached."""
    found = _secret(who.code)
    if not found:
        raise NotReached("its secret is missing in IDENTITY_PROVIDER_SECRETS")
    return found


def _secret(code: str) -> str:
    directory = settings.load(IdentitySettings).secrets
    try:
        return (Path(directory) / code).read_text().strip() if directory else ""
    except (OSError, ValueError):
        return ""


def _signed(who: Provider, known: Known, token: Any, purpose: str) -> jwt.Token:
    """The claims of a token that this provider signed. Looks once for a key that is not known yet."""
    if not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
        raise NotProved("no_token")
    try:
        return jwt.decode(token, keys_of(who, known), algorithms=list(who.algorithms))
    except InvalidKeyIdError:
        fresh = keys_of(who, known, search=purpose)
    except _UNREADABLE as error:
        raise NotProved(f"token_{_word(error)}") from None
    try:
        return jwt.decode(token, fresh, algorithms=list(who.algorithms))
    except _UNREADABLE as error:
        raise NotProved(f"token_{_word(error)}") from None


def _details(
    who: Provider, document: Mapping[str, Any], client: outgoing.Session, claims: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Where the address is told: in the token, else at the page for it, which must mean the same person."""
    page = document.get("userinfo_endpoint")
    if who.matching != "email" or "email" in claims or not isinstance(page, str):
        return claims
    found = get(who, page, str((client.token or {}).get("access_token", "")))
    if found.get("sub") != claims["sub"]:
        raise NotProved("another_person")
    return found


def _said(who: Provider, claims: Mapping[str, Any], details: Mapping[str, Any]) -> dict[str, Any]:
    amr = claims.get("amr")
    email = _text(details.get("email"))
    return {
        "issuer": claims["iss"],
        "subject": _text(claims["sub"]) or "",
        "nonce": claims["nonce"],
        # True and nothing like it: an address that anybody can write about themselves is nobody's.
        "email": email if details.get("email_verified") is True else None,
        "acr": _text(claims.get("acr")),
        "amr": [each for each in amr if _text(each)][:20] if isinstance(amr, list) else [],
        "session": _text(claims.get("sid")),
    }


def _options(who: Provider) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": who.issuer},
        "aud": {"essential": True, "value": who.client_id},
    }


def _text(value: Any) -> str | None:
    """A text as the standard has identifiers: in ASCII. An address with other letters may only look like somebody's."""
    return value if isinstance(value, str) and 0 < len(value) <= 255 and value.isascii() else None


def _word(error: Exception) -> str:
    return str(getattr(error, "claim", None) or getattr(error, "error", None) or type(error).__name__)[:40]
