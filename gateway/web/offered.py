"""The providers of ministries that the page of signing in offers, and what it says of who comes back from one without having come in."""

import time
from typing import Any

from gateway import provider, sessions
from gateway.web.render import N_
from services.chassis.problems import Problem

_KEPT_SECONDS, _RETRY_SECONDS = 30.0, 5.0

#: By the word in the address of the page.
FAULTS = {
    "away": N_("It cannot be reached just now. Sign in with your password, or try again in a minute."),
    "again": N_("That took too long, or was begun in another browser. Start again."),
    "declined": N_("You did not sign in there. Start again, or use your password."),
    "account": N_("You signed in there, but no account here may be opened with it. Ask operations."),
    "factor": N_(
        "You signed in there without a second factor, such as a code of your phone. Sign in there with one, or use your password here."
    ),
}

_known: tuple[float, list[dict[str, Any]]] = (0.0, [])


def forget() -> None:
    """Asks routing and the providers anew."""
    global _known
    _known = (0.0, [])
    provider.forget()


def providers() -> list[dict[str, Any]]:
    """The providers by code and name. While routing is away, those that were known: the page is there all the same."""
    global _known
    moment = time.monotonic()
    if moment >= _known[0]:
        try:
            found = sessions.say("/accounts/providers")
            _known = (moment + _KEPT_SECONDS, found["items"] if found else [])
        except Problem:
            _known = (moment + _RETRY_SECONDS, _known[1])
    return _known[1]
