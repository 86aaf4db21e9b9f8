"""A small SMTP server (RFC 5321) that keeps the mail it is given, and misbehaves on request."""

import email
import email.policy
import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from services.notification.sinks.received import Received, digest
from services.notification.sinks.server import Server

_PATH = re.compile(r"\A(?:FROM|TO):\s*<([^>]*)>", re.IGNORECASE)
_LONGEST_LINE = 2000
_MOST_BYTES = 10 * 1024 * 1024


@dataclass
class Faults:
    """How the server misbehaves. Numbers are how many of the next mails it happens to; 0 is never.

    `refuse_code` (4xx or 5xx) answers every RCPT. `later_next` answers RCPT with 451. `drop_next` accepts and keeps a mail and then
    cuts the connection instead of answering. `late_seconds` delays the answer to the data.
    """

    refuse_code: int = 0
    later_next: int = 0
    drop_next: int = 0
    late_seconds: float = 0.0


class SmtpSink(Server):
    """`received` lists each mail with its Message-ID as key."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        received: Received | None = None,
        faults: Faults | None = None,
    ) -> None:
        super().__init__(host, port)
        self.received = received or Received()
        self.faults = faults or Faults()
        self._state = threading.Lock()

    def serve(self, connection: socket.socket) -> None:
        """One session, from the greeting to QUIT."""
        stream = connection.makefile("rb")

        def say(line: str) -> None:
            connection.sendall(line.encode() + b"\r\n")

        say("220 sink ESMTP")
        sender: str | None = None
        recipients: list[str] = []
        while line := stream.readline(_LONGEST_LINE):
            if not line.endswith(b"\n"):
                while line and not line.endswith(b"\n"):
                    line = stream.readline(_LONGEST_LINE)
                say("500 line too long")
                continue
            verb, _, argument = line.decode("utf-8", "replace").strip().partition(" ")
            match verb.upper():
                case "EHLO":
                    say("250-sink\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SIZE " + str(_MOST_BYTES))
                case "HELO":
                    say("250 sink")
                case "MAIL":
                    sender, recipients = _path(argument), []
                    say("250 OK" if sender is not None else "501 syntax")
                case "RCPT":
                    say(self._rcpt(sender, recipients, _path(argument)))
                case "DATA" if recipients:
                    say("354 end with a single dot")
                    answer = self._data(stream, sender or "", recipients)
                    if answer is None:
                        return
                    say(answer)
                    sender, recipients = None, []
                case "DATA":
                    say("503 RCPT first")
                case "RSET":
                    sender, recipients = None, []
                    say("250 OK")
                case "NOOP":
                    say("250 OK")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("502 not implemented")

    def _rcpt(self, sender: str | None, recipients: list[str], path: str | None) -> str:
        if sender is None:
            return "503 MAIL first"
        if not path:
            return "501 syntax"
        if self.faults.refuse_code:
            return f"{self.faults.refuse_code} no"
        if self._take("later_next"):
            return "451 later"
        recipients.append(path)
        return "250 OK"

    def _data(self, stream, sender: str, recipients: list[str]) -> str | None:
        """The answer; None to cut the connection."""
        lines: list[bytes] = []
        size, begins = 0, True
        while (line := stream.readline(_LONGEST_LINE)) != b".\r\n" or not begins:
            if not line:
                raise EOFError
            size += len(line)
            if size <= _MOST_BYTES:
                lines.append(line[1:] if begins and line.startswith(b".") else line)
            # Of a line that is too long to be read at once, what follows is no beginning.
            begins = line.endswith(b"\n")
        if size > _MOST_BYTES:
            return "552 too much"
        self._keep(b"".join(lines), sender, recipients)
        if self.faults.late_seconds:
            time.sleep(self.faults.late_seconds)
        return None if self._take("drop_next") else "250 OK"

    def _keep(self, raw: bytes, sender: str, recipients: list[str]) -> None:
        content = _content(raw)
        for recipient in recipients:
            key = content["message_id"] or digest(recipient, raw.decode("latin-1"))
            self.received.add(key, {"from": sender, "to": recipient, **content})

    def _take(self, name: str) -> bool:
        with self._state:
            left = getattr(self.faults, name)
            if left:
                setattr(self.faults, name, left - 1)
            return bool(left)


def _content(raw: bytes) -> dict[str, Any]:
    """What a mail says. One that the email package cannot make out is kept as it came."""
    try:
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        body = mail.get_body(preferencelist=("plain",))
        return {
            "subject": str(mail["Subject"] or ""),
            "text": body.get_content().replace("\r\n", "\n") if body is not None else "",
            "message_id": str(mail["Message-ID"] or "").strip(),
            "headers": {name: str(value) for name, value in mail.items()},
        }
    except Exception:
        # It trips over a character set that it does not know, and over headers in more ways than it says.
        return {"subject": "", "text": raw.decode("latin-1"), "message_id": "", "headers": {}}


def _path(argument: str) -> str | None:
    match = _PATH.match(argument)
    return match.group(1) if match else None
