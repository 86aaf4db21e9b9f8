"""Email by SMTP (RFC 5321): a message is Lost only between the end of its data and the server's answer.

SMTP_URL: `smtp://host:25` (no encryption), `smtp+starttls://user:pw@host:587` (STARTTLS is required), `smtps://user:pw@host:465`.
"""

import email.policy
import email.utils
import re
import smtplib
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.base64mime import body_encode
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from services.notification.outcome import Accepted, Later, Lost, Outcome, Refused
from services.notification.senders.base import BackOff, Letter, Pace

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_CRLF = "\r\n"
_AWAY = (OSError, smtplib.SMTPException)
_LINE_START_DOT = re.compile(rb"(?m)^\.")
_GO_ON, _LEAVES = 354, 421
#: smtplib's word for an answer that has no code.
_NO_ANSWER = -1
#: The codes by which MAIL, RCPT and DATA succeed.
_GOOD = ((250,), (250, 251), (_GO_ON,))
_PER_CONNECTION = 100
#: A connection that was used within this time (s) is used again without asking the server whether it is still there.
_FRESH = 2.0
#: The connection broke before the mail had left.
_GONE = Later("email_connection_lost", counts=False, delay=1.0)


@dataclass(frozen=True)
class Server:
    """Where and how to connect."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None


def server(url: str) -> Server:
    """address of an SMTP server: smtp://, smtp+starttls:// or smtps://[user:password@]host[:port]"""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("address")
    return Server(
        parts.scheme,
        parts.hostname,
        parts.port or _PORTS[parts.scheme],
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


class SmtpSender:
    """Keeps connections open between messages; each is used by one thread at a time."""

    def __init__(
        self,
        where: Server,
        mail_from: str,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        timeout: float = 20.0,
        per_second: float = 50.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`mail_from` is a bare address or `Name <address>`; `timeout` in seconds, for each step of the dialogue."""
        self._where = where
        name, self._from = email.utils.parseaddr(mail_from)
        self._head = _head(Address(name, addr_spec=self._from))
        self._domain = self._from.rpartition("@")[2]
        self._clock = clock
        self._timeout = timeout
        self._tls = tls
        self._back_off = BackOff(jitter)
        self._pace = Pace(per_second)
        # Connection, how many mails it has carried, and when (monotonic) it carried the last.
        self._idle: list[tuple[smtplib.SMTP, int, float]] = []
        self._lock = threading.Lock()
        self._closed = False

    def ready(self) -> bool:
        """Whether the server answered last time, or it is time to try again."""
        return not self._closed and self._back_off.may_try()

    def send(self, letter: Letter) -> Outcome:
        """Sends one mail. See `Sender.send`."""
        try:
            # Addresses beyond ASCII need SMTPUTF8, which few servers of the public offer.
            letter.to.encode("ascii")
            content = self.compose(letter)
        except (ValueError, IndexError, UnicodeError, email.errors.MessageError):
            # The headers are ours or checked; what the email package refuses is the recipient's address.
            return Refused("email_address_invalid")
        self._pace.wait()
        return self._send(letter, content)

    def _send(self, letter: Letter, content: bytes, *, fresh: bool = False) -> Outcome:
        try:
            connection, used = (self._connect(), 0) if fresh else self._take()
        except smtplib.SMTPAuthenticationError:
            self._back_off.failed()
            return Later("email_login_refused", counts=False)
        except _AWAY:
            self._back_off.failed()
            return Later("email_server_away", counts=False)
        self._back_off.succeeded()
        outcome, reusable = self._dialogue(connection, letter.to, content)
        if outcome == _GONE and used:
            # It was kept, and the server had left in the meantime; nothing of this mail was sent.
            _leave(connection, politely=False)
            return self._send(letter, content, fresh=True)
        if reusable and used + 1 < _PER_CONNECTION and not self._closed:
            with self._lock:
                self._idle.append((connection, used + 1, time.monotonic()))
        else:
            _leave(connection, politely=reusable)
        return outcome

    def close(self) -> None:
        """Ends the idle connections."""
        self._closed = True
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _, _ in idle:
            _leave(connection, politely=True)

    def compose(self, letter: Letter) -> bytes:
        """The mail on the wire. The Message-ID comes from the message's row, so that a mail server can drop a second copy.

        Written line by line: the email package would spend more on it than all else does that a message costs.
        """
        # A line break in a header would start another one; the template's own last one is stripped, others are not ours.
        subject = Header(" ".join((letter.subject or "").split()), header_name="Subject")
        # A mark of direction first: readers take the direction of a plain text from its first strong character.
        mark = "\u200f" if letter.language == "ar" else ""
        text = b"\r\n".join([*(mark + letter.text + "\n").encode().splitlines(), b""])
        return (
            f"{self._head}"
            f"To: {Address(addr_spec=letter.to)}\r\n"
            f"Subject: {subject.encode(linesep=_CRLF)}\r\n"
            f"Date: {email.utils.format_datetime(self._clock())}\r\n"
            f"Message-ID: <{letter.message_id}@{self._domain}>\r\n"
            f"Content-Language: {letter.language}\r\n"
            "\r\n"
            f"{body_encode(text, eol=_CRLF)}"
        ).encode("ascii")

    def _dialogue(self, connection: smtplib.SMTP, to: str, content: bytes) -> tuple[Outcome, bool]:
        """The outcome, and whether the connection can be used again."""
        try:
            codes = self._envelope(connection, to)
        except _AWAY:
            return _GONE, False
        refused = [code for code, good in zip(codes, _GOOD, strict=False) if code not in good]
        if refused:
            return self._refusal(connection, refused[0], waits=codes[-1] == _GO_ON)
        try:
            connection.send(_LINE_START_DOT.sub(b"..", content) + b".\r\n")
        except _AWAY:
            # sendall failed, so at least the last line never left, and without it the mail is not accepted.
            return _GONE, False
        try:
            code, _ = connection.getreply()
        except _AWAY:
            return Lost("email_answer_lost"), False
        if 200 <= code < 300:
            return Accepted(), True
        if 400 <= code < 600:
            return self._refusal(connection, code)
        # Neither yes nor no. It has the mail, and nobody knows what it does with it.
        return Lost("email_answer_lost"), False

    def _envelope(self, connection: smtplib.SMTP, to: str) -> list[int]:
        """What the server answers to MAIL, RCPT and DATA: up to the first refusal, or, where they went out together, to all (RFC 2920)."""
        commands = (f"MAIL FROM:{smtplib.quoteaddr(self._from)}", f"RCPT TO:{smtplib.quoteaddr(to)}", "DATA")
        together = connection.has_extn("pipelining")
        if together:
            connection.send("".join(f"{each}\r\n" for each in commands))
        codes: list[int] = []
        for command, good in zip(commands, _GOOD, strict=True):
            codes.append(connection.getreply()[0] if together else connection.docmd(command)[0])
            if codes[-1] in (_LEAVES, _NO_ANSWER) or not (together or codes[-1] in good):
                break
        return codes

    def _refusal(self, connection: smtplib.SMTP, code: int, *, waits: bool = False) -> tuple[Outcome, bool]:
        """What a reply other than success means: 4xx later, 5xx never (RFC 5321 §4.2.1). 421 also says that the server leaves.

        `waits`: the server waits for a mail all the same. It is left without one.
        """
        if code == _NO_ANSWER:
            return _GONE, False
        if code == _LEAVES:
            self._back_off.failed()
            return Later("smtp_421", counts=False), False
        outcome = Later(f"smtp_{code}") if code < 500 else Refused(f"smtp_{code}")
        try:
            return outcome, not waits and connection.rset()[0] == 250
        except _AWAY:
            return outcome, False

    def _take(self) -> tuple[smtplib.SMTP, int]:
        while True:
            with self._lock:
                if not self._idle:
                    break
                connection, used, since = self._idle.pop()
            try:
                # A server may have left an idle connection; better to know before the envelope.
                if time.monotonic() - since < _FRESH or connection.noop()[0] == 250:
                    return connection, used
            except _AWAY:
                pass
            _leave(connection, politely=False)
        return self._connect(), 0

    def _connect(self) -> smtplib.SMTP:
        where = self._where
        if where.scheme == "smtps":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                where.host, where.port, timeout=self._timeout, context=self._context()
            )
        else:
            connection = smtplib.SMTP(where.host, where.port, timeout=self._timeout)
        try:
            if where.scheme == "smtp+starttls":
                # Raises when the server does not offer it: we do not fall back to an open line.
                connection.starttls(context=self._context())
            connection.ehlo_or_helo_if_needed()
            if where.user:
                connection.login(where.user, where.password or "")
        except BaseException:
            _leave(connection, politely=False)
            raise
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def _head(sender: Address) -> str:
    """The headers that are the same in every mail."""
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = sender
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content("", charset="utf-8", cte="base64")
    return "".join(mail.policy.fold(name, value) for name, value in mail.items())


def _leave(connection: smtplib.SMTP, *, politely: bool) -> None:
    with suppress(*_AWAY):
        if politely:
            connection.quit()
    connection.close()
