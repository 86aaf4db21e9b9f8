"""Reaches a provider of identity as the gateway's process does: patched for eventlet before anything else is imported, as services/cli is.

    python -m tests.support.reach_provider https://127.0.0.1:9000

Prints the address that people would be sent to, or why it was not reached. (In a test run urllib3 is there before the patch, and TLS is not
what it is in a process.)
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402 - the patch comes first.

from gateway import identity, provider  # noqa: E402
from gateway.outgoing import NotReached  # noqa: E402


def main(issuer: str) -> None:
    lists = {"scopes": ["openid"], "algorithms": ["RS256"], "acr_values": []}
    texts = {"code": "mwi", "client_id": "us", "client_auth": "client_secret_basic", "matching": "email"}
    who = provider.of({**lists, **texts, "issuer": issuer, "name": {"ar": "", "en": ""}})
    flow = {"state": "s", "nonce": "n", "verifier": "v" * 64}
    try:
        print(identity.authorization_url(who, flow, "https://bekhedmetkom.example/back"))
    except NotReached as failure:
        print(f"not reached: {failure}")


if __name__ == "__main__":
    main(sys.argv[1])
