"""What stands against the row of a provider of identity, and which of its changes touch whom it lets in. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services.routing.staff import federation

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: What may be changed of a row. Its code and its issuer may not: with another issuer it is another provider, and our secret would go there.
CHANGEABLE = (
    "name_ar",
    "name_en",
    "client_id",
    "client_auth",
    "scopes",
    "algorithms",
    "matching",
    "second_factor",
    "acr_values",
    "amr_values",
)
#: With these it is decided who comes in: whoever came in under others does so anew.
DECISIVE = ("client_id", "algorithms", "matching", "second_factor", "acr_values", "amr_values")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a field, in both languages."""

    field: str
    code: str
    ar: str
    en: str


TAKEN = Fault("code", "code_taken", "هناك مزود هوية بهذا الرمز.", "there is a provider of this code")
USED_BEFORE = Fault(
    "code",
    "code_used_before",
    "كان هذا الرمز لمزود هوية سابق. اختر رمزًا آخر، فلا يصل سرّ السابق إلى غيره.",
    "the code was another provider's before; choose another one, so that the secret of that one reaches nobody else",
)
_NO_ADDRESS = Fault(
    "issuer",
    "issuer_malformed",
    "عنوان المُصدِر بلا استعلام ولا جزء ولا مستخدم.",
    "the issuer is an address without query, fragment or user",
)
_NOT_ENCRYPTED = Fault(
    "issuer",
    "issuer_not_encrypted",
    "يجب أن يبدأ عنوان المُصدِر بـ https://.",
    "the issuer must be an https:// address",
)
_NOBODY = Fault(
    "institutions",
    "institutions_missing",
    "اختر الجهات التي يُدخل المزود حساباتها.",
    "name the institutions whose accounts it signs in",
)
_ALGORITHM = Fault(
    "algorithms",
    "algorithm_without_key_pair",
    "إحدى الخوارزميات لا تقوم على زوج مفاتيح.",
    "an algorithm is none with a key pair",
)
_FACTOR = Fault(
    "second_factor",
    "second_factor_unrecognised",
    "اذكر قيم acr أو amr التي تدل على العامل الثاني، أو اطلب رمزنا معه.",
    "say by which acr or amr its second factor is recognised, or have ours asked for",
)


def fault(row: Mapping[str, Any], *, bodies: bool) -> Fault | None:
    """What stands against a row by itself; None when nothing does. `bodies`: whether it is for any body."""
    return fault_of_issuer(row["issuer"]) or _fault_of_rules(row, bodies)


def fault_of_issuer(text: str) -> Fault | None:
    """What stands against an issuer."""
    try:
        issuer = urlsplit(text)
        host = issuer.hostname
    except ValueError:
        return _NO_ADDRESS
    if issuer.query or issuer.fragment or issuer.username or not host:
        return _NO_ADDRESS
    # In clear text only within this machine, as browsers have it too.
    if issuer.scheme != "https" and not (issuer.scheme == "http" and host in _LOOPBACK):
        return _NOT_ENCRYPTED
    return None


def _fault_of_rules(row: Mapping[str, Any], bodies: bool) -> Fault | None:
    if not bodies and not row["national_roles"]:
        return _NOBODY
    if not row["algorithms"] or not set(row["algorithms"]) <= set(federation.ALGORITHMS):
        return _ALGORITHM
    if row["second_factor"] == federation.PROVIDER and not (row["acr_values"] or row["amr_values"]):
        return _FACTOR
    return None


def no_institution(code: str) -> Fault:
    """A body that is not there."""
    return Fault(
        "institutions", "institution_unknown", f"لا توجد جهة رمزها {code}.", f"there is no institution {code}"
    )


def version(row: Mapping[str, Any]) -> str:
    """What tells a row from what it was before: two who change it at once are told apart by it."""
    said = {name: row[name] for name in (*CHANGEABLE, "state")} | {
        "institutions": sorted(row["institutions"])
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def decides_anew(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether somebody might come in under the one row and not under the other."""
    return set(before["institutions"]) != set(after["institutions"]) or any(
        before[name] != after[name] for name in DECISIVE
    )
