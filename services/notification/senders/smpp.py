"""SMS by SMPP 3.4: long messages in parts, receipts asked for, and no part submitted twice.

SMPP_URL: `smpp://system_id:password@host:2775`.
"""

import threading
from collections.abc import Callable
from urllib.parse import unquote, urlsplit
from uuid import UUID

from smpplib import consts

from services.chassis import logs
from services.notification import sms
from services.notification.outcome import Accepted, Later, Lost, Outcome, Refused
from services.notification.senders.base import BackOff, Letter, Pace
from services.notification.senders.smpp_codes import status
from services.notification.senders.smpp_session import Account, AnswerLost, NotSent, OnReceipt, Session

log = logs.get()


def account(url: str, answer_seconds: float = 15.0) -> Account:
    """address of an SMPP server: smpp://system_id:password@host[:port]"""
    parts = urlsplit(url)
    system_id, password = unquote(parts.username or ""), unquote(parts.password or "")
    # Longer ones would be cut off by the protocol's field and then be wrong.
    if parts.scheme != "smpp" or not parts.hostname or not 1 <= len(system_id) <= 15 or len(password) > 8:
        raise ValueError("address")
    return Account(parts.hostname, parts.port or 2775, system_id, password, answer_seconds=answer_seconds)


class SmppSender:
    """One bound session, made anew with back-off when it is lost."""

    def __init__(
        self,
        where: Account,
        source: str,
        *,
        on_receipt: OnReceipt,
        jitter: Callable[[], float],
        per_second: float = 100.0,
        window: int = 10,
    ) -> None:
        """`source` is the sender that people see; `window` is how many requests may be unanswered at once."""
        self._where = where
        self._source = source
        self._on_receipt = on_receipt
        self._pace = Pace(per_second)
        self._window = threading.BoundedSemaphore(window)
        self._back_off = BackOff(jitter)
        self._session: Session | None = None
        self._connecting = threading.Lock()
        self._closed = False

    def ready(self) -> bool:
        """Whether the session is bound and the provider has not asked for a pause; binds if it is time to."""
        return self._back_off.may_try() and self._bound() is not None

    def send(self, letter: Letter) -> Outcome:
        """Submits the parts that are not through yet, in order. See `Sender.send`."""
        try:
            parts = sms.split(letter.text, letter.reference)
        except sms.TooLong:
            return Refused("sms_too_long")
        got = dict(letter.accepted)
        total = len(parts)
        for part in parts:
            if part.number in got:
                continue
            session = self._bound()
            if session is None:
                return Later("sms_provider_away", counts=False, provider_ids=got, total=total)
            try:
                self._pace.wait()
                with self._window:
                    code, provider_id = session.submit(**self._fields(letter, part))
            except NotSent:
                return Later("sms_connection_lost", counts=False, delay=1.0, provider_ids=got, total=total)
            except AnswerLost:
                return Lost("sms_answer_lost", provider_ids=got, total=total)
            if code != consts.SMPP_ESME_ROK:
                return self._refusal(code, got, total)
            got[part.number] = provider_id or ""
        return Accepted(got, total)

    def close(self) -> None:
        """Unbinds."""
        self._closed = True
        with self._connecting:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _refusal(self, code: int, got: dict[int, str], total: int) -> Outcome:
        meaning = status(code)
        if meaning.permanent:
            return Refused(meaning.reason, provider_ids=got, total=total)
        if meaning.pause:
            self._back_off.pause(meaning.pause)
        return Later(
            meaning.reason,
            counts=meaning.counts,
            delay=meaning.pause or None,
            provider_ids=got,
            total=total,
        )

    def _bound(self) -> Session | None:
        session = self._session
        if session is not None and not session.lost:
            return session
        with self._connecting:
            if self._closed or (self._session is not None and not self._session.lost):
                return self._session
            if not self._back_off.may_try():
                return None
            try:
                self._session = Session(self._where, self._on_receipt)
            except Exception as error:
                # Whatever it is that the provider answered to a bind: it is away, and no message is to blame.
                self._session = None
                self._back_off.failed()
                log.warning("smpp_bind_failed", error=type(error).__name__)
                return None
            self._back_off.succeeded()
            log.info("smpp_bound")
            return self._session

    def _fields(self, letter: Letter, part: sms.Part) -> dict[str, object]:
        ton, npi = _source_type(self._source)
        return {
            "source_addr_ton": ton,
            "source_addr_npi": npi,
            "source_addr": self._source.lstrip("+"),
            "dest_addr_ton": consts.SMPP_TON_INTL,
            "dest_addr_npi": consts.SMPP_NPI_ISDN,
            "destination_addr": letter.to.lstrip("+"),
            "esm_class": consts.SMPP_GSMFEAT_UDHI if part.has_header else consts.SMPP_MSGMODE_DEFAULT,
            "registered_delivery": consts.SMPP_SMSC_DELIVERY_RECEIPT_BOTH,
            "data_coding": part.coding,
            "short_message": part.octets,
            "user_message_reference": UUID(letter.message_id).int & 0xFFFF,
        }


def _source_type(source: str) -> tuple[int, int]:
    """Type of number and numbering plan of a sender: a word, an international number, or a short code."""
    if source.startswith("+"):
        return consts.SMPP_TON_INTL, consts.SMPP_NPI_ISDN
    if source.isdigit():
        return consts.SMPP_TON_NWSPEC, consts.SMPP_NPI_UNK
    return consts.SMPP_TON_ALNUM, consts.SMPP_NPI_UNK
