"""What an SMPP provider's answers mean to us: one table for command statuses (SMPP 3.4 §5.1.3), one for receipts (§5.2.28)."""

import re
from dataclasses import dataclass
from typing import Any

from smpplib import consts

from services.notification.message import DELIVERED, FAILED

_RECEIPT_BITS = 0x3C
_RECEIPT = 0x04


@dataclass(frozen=True)
class Status:
    """`permanent`: the provider will never take this message. `pause`: seconds for which to send it nothing at all.

    `counts`: whether a refusal uses up an attempt of the message; it does not when the provider is to blame.
    """

    reason: str
    permanent: bool = False
    pause: float = 0.0
    counts: bool = True


def _never(reason: str) -> Status:
    return Status(reason, permanent=True)


STATUSES: dict[int, Status] = {
    consts.SMPP_ESME_RTHROTTLED: Status("sms_throttled", pause=1.0, counts=False),
    consts.SMPP_ESME_RMSGQFUL: Status("sms_queue_full", pause=5.0, counts=False),
    consts.SMPP_ESME_RSYSERR: Status("sms_system_error"),
    consts.SMPP_ESME_RSUBMITFAIL: Status("sms_submit_failed"),
    consts.SMPP_ESME_RX_T_APPN: Status("sms_temporary_error"),
    consts.SMPP_ESME_RUNKNOWNERR: Status("sms_unknown_error"),
    consts.SMPP_ESME_RINVDSTADR: _never("sms_destination_invalid"),
    consts.SMPP_ESME_RINVDSTTON: _never("sms_destination_invalid"),
    consts.SMPP_ESME_RINVDSTNPI: _never("sms_destination_invalid"),
    consts.SMPP_ESME_RINVSRCADR: _never("sms_source_invalid"),
    consts.SMPP_ESME_RINVSRCTON: _never("sms_source_invalid"),
    consts.SMPP_ESME_RINVSRCNPI: _never("sms_source_invalid"),
    consts.SMPP_ESME_RINVMSGLEN: _never("sms_length_invalid"),
    consts.SMPP_ESME_RINVPARLEN: _never("sms_length_invalid"),
    consts.SMPP_ESME_RINVESMCLASS: _never("sms_parameter_invalid"),
    consts.SMPP_ESME_RINVOPTPARSTREAM: _never("sms_parameter_invalid"),
    consts.SMPP_ESME_ROPTPARNOTALLWD: _never("sms_parameter_invalid"),
    consts.SMPP_ESME_RX_P_APPN: _never("sms_rejected"),
    consts.SMPP_ESME_RX_R_APPN: _never("sms_rejected"),
}
# A provider's own codes and whatever else is not listed: tried again, so long as attempts are left.
OTHER = Status("sms_other_status")

# What a receipt says: the state that the part ends in, and the reason. States that are not listed are not final.
_STATES: dict[int, tuple[str, str | None]] = {
    consts.SMPP_MESSAGE_STATE_DELIVERED: (DELIVERED, None),
    consts.SMPP_MESSAGE_STATE_EXPIRED: (FAILED, "sms_expired"),
    consts.SMPP_MESSAGE_STATE_DELETED: (FAILED, "sms_deleted"),
    consts.SMPP_MESSAGE_STATE_UNDELIVERABLE: (FAILED, "sms_undeliverable"),
    consts.SMPP_MESSAGE_STATE_REJECTED: (FAILED, "sms_rejected"),
}
_WORDS = {
    b"DELIVRD": consts.SMPP_MESSAGE_STATE_DELIVERED,
    b"EXPIRED": consts.SMPP_MESSAGE_STATE_EXPIRED,
    b"DELETED": consts.SMPP_MESSAGE_STATE_DELETED,
    b"UNDELIV": consts.SMPP_MESSAGE_STATE_UNDELIVERABLE,
    b"REJECTD": consts.SMPP_MESSAGE_STATE_REJECTED,
}
_IDENTITY = re.compile(rb"[\x20-\x7e]{1,64}\Z")
_TEXT_ID = re.compile(rb"(?:^|\s)id:([^\s]{1,64})", re.IGNORECASE)
_TEXT_STATE = re.compile(rb"(?:^|\s)stat:([A-Z]{7})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The final fate of one part, by the id that the provider gave it. `state` is delivered or failed."""

    provider_id: str
    state: str
    reason: str | None


def status(code: int) -> Status:
    """What a command status other than 0 means."""
    return STATUSES.get(code, OTHER)


def identity(octets: bytes | None) -> str | None:
    """A provider's id of a part; None for none, and for what the protocol does not allow as one: the database might not hold it."""
    return octets.decode() if octets and _IDENTITY.match(octets) else None


def receipt(pdu: Any) -> Receipt | None:
    """The receipt that a deliver_sm carries; None when it is none, or not final, or makes no sense.

    The optional parameters are believed first; older centres say it in the text alone.
    """
    if (pdu.esm_class or 0) & _RECEIPT_BITS != _RECEIPT:
        return None
    text = pdu.short_message or b""
    named = _TEXT_ID.search(text)
    worded = _TEXT_STATE.search(text)
    provider_id = identity(pdu.receipted_message_id) or identity(named.group(1) if named else None)
    code = pdu.message_state or (_WORDS.get(worded.group(1).upper()) if worded else None)
    if not provider_id or code not in _STATES:
        return None
    state, reason = _STATES[code]
    return Receipt(provider_id, state, reason)
