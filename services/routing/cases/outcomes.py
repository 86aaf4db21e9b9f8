"""Codes that officers choose from: how a case ended, why it cannot be taken up, where it can be referred. With their public names."""

from collections.abc import Mapping

Names = Mapping[str, Mapping[str, str]]

#: How an answered case ended: the outcomes that the national centre for human rights counts by, so that figures can be compared.
OUTCOMES: Names = {
    "satisfactory": {"ar": "انتهت بنتيجة مُرضية", "en": "Ended satisfactorily"},
    "unsatisfactory": {"ar": "انتهت بنتيجة غير مُرضية", "en": "Ended unsatisfactorily"},
    "outside_mandate": {"ar": "خارج الاختصاص", "en": "Outside the mandate"},
    "no_violation": {"ar": "لم يثبت وجود مخالفة", "en": "No violation proven"},
    "complainant_did_not_cooperate": {
        "ar": "لم يتعاون مقدّم الطلب",
        "en": "The complainant did not cooperate",
    },
    "closed_at_complainants_wish": {
        "ar": "أُغلقت برغبة مقدّم الطلب",
        "en": "Closed at the complainant's wish",
    },
    "shelved": {"ar": "حُفظت", "en": "Shelved"},
}

#: "Not ours" is no reason: what is out of remit is transferred.
INADMISSIBLE: Names = {
    "before_court": {"ar": "منظورة أمام القضاء", "en": "Before a court"},
    "decided_by_court": {"ar": "صدر فيها حكم قضائي", "en": "Decided by a court"},
    "duplicate": {"ar": "مكررة", "en": "Filed before"},
    "no_facts": {"ar": "لا تتضمن وقائع", "en": "States no facts"},
}

#: Authorities outside of the platform.
OUTSIDE_BODIES: Names = {
    "national_centre": {
        "ar": "المركز الوطني لحقوق الإنسان",
        "en": "National Centre for Human Rights",
    },
    "court": {"ar": "القضاء", "en": "The courts"},
    "integrity_commission": {
        "ar": "هيئة النزاهة ومكافحة الفساد",
        "en": "Integrity and Anti-Corruption Commission",
    },
}

REOPENED = "reopened"
REJECTED = "rejected"
DECISIONS = (REOPENED, REJECTED)
"""How a dispute is decided."""
