"""One bound SMPP 3.4 connection: many requests under way at once, answers matched by sequence number, a reader that never blocks.

smpplib packs and parses the PDUs; its own loop is not used, because it loses a PDU that a timeout cuts in two and knows only one
request at a time.
"""

import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from smpplib import consts, exceptions, smpp
from smpplib.client import Client
from smpplib.pdu import extract_command

from services.chassis import logs
from services.notification.senders.smpp_codes import Receipt, identity, receipt

log = logs.get()
_TICK_SECONDS = 0.5
_AT_ONCE = 64 * 1024
_LONGEST_PDU = 64 * 1024
_RESPONSE = 0x80000000
_BROKEN = (
    exceptions.ConnectionError,
    exceptions.PDUError,
    exceptions.UnknownCommandError,
    OSError,
    ValueError,
    LookupError,
)

# What smpplib raises where a PDU ends too early, or holds a parameter that its kind does not have.
_MALFORMED = (struct.error, ValueError, LookupError, TypeError)

Acknowledge = Callable[[Iterable[int]], None]
OnReceipt = Callable[[Receipt, int, Acknowledge], None]
"""Is given a receipt, its number, and the function that acknowledges receipts by their numbers, to be called once they are stored."""


class NotSent(Exception):
    """The request did not leave completely: the provider cannot have acted on it."""


class AnswerLost(Exception):
    """The request left and no answer came, in time or ever."""


@dataclass(frozen=True)
class Account:
    """Where to bind and as whom; times in seconds."""

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    connect_seconds: float = 5.0
    answer_seconds: float = 15.0
    enquire_seconds: float = 30.0


class _Waiter:
    """One request whose answer is awaited."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.answer: Any = None


class Session:
    """Connects and binds when made; raises what smpplib raises. Once `lost`, it is of no further use."""

    def __init__(self, account: Account, on_receipt: OnReceipt, clock: Callable[[], float] = time.monotonic):
        self._account = account
        self._on_receipt = on_receipt
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[int, _Waiter] = {}
        self.lost = False
        self._arrived = bytearray()
        self._heard = clock()
        self._enquired: float | None = None
        self._client = Client(
            account.host,
            account.port,
            timeout=account.connect_seconds,
            # Under this name the chassis keeps PDUs, which hold personal data, out of the logs.
            logger_name="smpplib.client",
            allow_unknown_opt_params=True,
        )
        try:
            self._client.connect()
            self._client.bind_transceiver(
                system_id=account.system_id, password=account.password, system_type=account.system_type
            )
        except BaseException:
            self._hang_up()
            raise
        self._reader = threading.Thread(target=self._read, name="smpp-reader", daemon=True)
        self._reader.start()

    def submit(self, **fields: Any) -> tuple[int, str | None]:
        """(command status, provider's message id) of one submit_sm. Raises NotSent or AnswerLost."""
        waiter = _Waiter()
        with self._lock:
            if self.lost:
                raise NotSent
            pdu = smpp.make_pdu("submit_sm", client=self._client, **fields)
            self._waiting[pdu.sequence] = waiter
            try:
                self._client.send_pdu(pdu)
            except _BROKEN:
                # sendall failed, so at least the end of the PDU never left; the stream is broken for what would follow.
                del self._waiting[pdu.sequence]
                self._lose()
                raise NotSent from None
        if not waiter.done.wait(self._account.answer_seconds):
            with self._lock:
                self._waiting.pop(pdu.sequence, None)
        if waiter.answer is None:
            raise AnswerLost
        return waiter.answer

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Tells the provider that the receipts with these numbers need not come again."""
        self._answer("deliver_sm_resp", *numbers)

    def close(self) -> None:
        """Unbinds, waits shortly for the provider's answer, and hangs up."""
        with self._lock:
            if not self.lost:
                with suppress(*_BROKEN):
                    self._client.send_pdu(smpp.make_pdu("unbind", client=self._client))
        self._reader.join(timeout=1.0)
        with self._lock:
            self._lose()

    # --- the reader ---------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            while not self.lost and self._listen():
                pass
        except Exception as error:
            if not self.lost:
                log.warning("smpp_connection_lost", error=type(error).__name__)
        finally:
            with self._lock:
                self._lose()
                self._hang_up()

    def _listen(self) -> bool:
        """Waits a moment for what the provider says, and acts on it. Whether to go on."""
        readable, _, _ = select.select([self._client._socket], [], [], _TICK_SECONDS)
        if not readable:
            self._keep_alive()
            return True
        self._heard = self._clock()
        self._enquired = None
        octets = self._client._socket.recv(_AT_ONCE)
        if not octets:
            raise exceptions.ConnectionError("the provider hung up")
        self._arrived += octets
        return all(self._act_on(each) for each in self._whole())

    def _whole(self) -> Iterator[bytes]:
        """The PDUs that have arrived to their end. Raises PDUError where nobody can tell any more which octets are one."""
        while len(self._arrived) >= 4:
            (length,) = struct.unpack_from(">L", self._arrived)
            if not 16 <= length <= _LONGEST_PDU:
                raise exceptions.PDUError("command_length")
            if len(self._arrived) < length:
                return
            octets = bytes(self._arrived[:length])
            del self._arrived[:length]
            yield octets

    def _act_on(self, octets: bytes) -> bool:
        """Whether to go on reading. Nonsense in one PDU is no reason to end the session: what is under way would be lost."""
        try:
            pdu = _parsed(octets)
        except exceptions.UnknownCommandError:
            _, command, _, sequence = struct.unpack_from(">4L", octets)
            if not command & _RESPONSE:
                self._refuse(sequence)
            return True
        if pdu.command in ("submit_sm_resp", "generic_nack"):
            with self._lock:
                waiter = self._waiting.pop(pdu.sequence, None)
            if waiter is not None:
                waiter.answer = (pdu.status, identity(getattr(pdu, "message_id", None)))
                waiter.done.set()
        elif pdu.command == "deliver_sm":
            found = receipt(pdu)
            if found is None:
                self._answer("deliver_sm_resp", pdu.sequence)
            else:
                self._on_receipt(found, pdu.sequence, self.acknowledge)
        elif pdu.command == "enquire_link":
            self._answer("enquire_link_resp", pdu.sequence)
        elif pdu.command == "unbind":
            self._answer("unbind_resp", pdu.sequence)
            return False
        elif pdu.command == "unbind_resp":
            return False
        elif pdu.is_request():
            self._refuse(pdu.sequence)
        return True

    def _refuse(self, sequence: int) -> None:
        self._answer("generic_nack", sequence, status=consts.SMPP_ESME_RINVCMDID)

    def _answer(self, command: str, *sequences: int, **fields: Any) -> None:
        """One answer to each of the requests with these numbers, in one write."""
        octets = bytearray()
        for sequence in sequences:
            pdu = smpp.make_pdu(command, client=self._client, **fields)
            pdu.sequence = sequence
            octets += pdu.generate()
        with self._lock:
            if self.lost:
                return
            try:
                self._client._socket.sendall(octets)
            except _BROKEN:
                self._lose()

    def _keep_alive(self) -> None:
        """Asks a silent provider whether it is there; hangs up on one that does not answer."""
        now = self._clock()
        if self._enquired is not None:
            if now - self._enquired > self._account.answer_seconds:
                raise exceptions.ConnectionError("no answer to enquire_link")
        elif now - self._heard > self._account.enquire_seconds:
            self._enquired = now
            with self._lock:
                self._client.send_pdu(smpp.make_pdu("enquire_link", client=self._client))

    def _lose(self) -> None:
        """Ends the conversation and tells all who wait that no answer will come. The lock is held.

        The socket itself is closed by the reader alone, which may be waiting on it.
        """
        if self.lost:
            return
        self.lost = True
        with suppress(OSError):
            self._client._socket.shutdown(socket.SHUT_RDWR)
        waiting, self._waiting = self._waiting, {}
        for waiter in waiting.values():
            waiter.done.set()

    def _hang_up(self) -> None:
        # smpplib warns about a bound state on disconnect; for us that is how it ends when the other side is gone.
        self._client.state = consts.SMPP_CLIENT_STATE_OPEN
        with suppress(*_BROKEN):
            self._client.disconnect()


def _parsed(octets: bytes) -> Any:
    """A PDU as far as it makes sense: of a malformed one, what stands before the fault. Raises UnknownCommandError."""
    # With a number given, it takes none from those of our requests.
    pdu = smpp.make_pdu(extract_command(octets), sequence=0, allow_unknown_opt_params=True)
    with suppress(*_MALFORMED):
        pdu.parse(octets)
    return pdu
