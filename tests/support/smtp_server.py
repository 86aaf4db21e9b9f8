"""`python -m tests.support.smtp_server DIRECTORY MODE`: an SMTP server that is not ours, with the certificate of DIRECTORY.

MODE is "plain", "implicit" (TLS from the first byte) or "starttls" (which also asks for a login). It prints its port and runs until
its standard input ends.
"""

import asyncio
import ssl
import sys
from typing import Any

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult


def _login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.login == b"user" and data.password == b"p@ss", handled=False)


async def serve(directory: str, mode: str) -> None:
    """Serves until standard input ends."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{directory}/cert.pem", f"{directory}/key.pem")
    options: dict[str, Any] = {}
    if mode == "starttls":
        options = {
            "tls_context": tls,
            "require_starttls": True,
            "authenticator": _login,
            "auth_required": True,
        }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Sink(), hostname="localhost", **options),
        "127.0.0.1",
        0,
        ssl=tls if mode == "implicit" else None,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
