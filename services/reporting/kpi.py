"""The figures of the dashboard as rules: what each one means, which period it covers, what it is compared with.

A figure without its definition is a rumour, so the definitions travel with every answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

AMMAN = ZoneInfo("Asia/Amman")

#: The statuses in which nothing is owed any more; a promise on a complaint in any other status is open.
SETTLED = ("answered", "closed", "withdrawn", "inadmissible", "referred", "merged")

#: Status codes in the order of a complaint's life, with the public names.
STATUSES = {
    "received": {"ar": "مستلمة", "en": "Received"},
    "assigned": {"ar": "محالة إلى الجهة", "en": "Assigned"},
    "accepted": {"ar": "قيد المعالجة", "en": "Being worked on"},
    "awaiting_complainant": {"ar": "بانتظار مقدّم الطلب", "en": "Waiting for the complainant"},
    "in_transfer": {"ar": "قيد الإحالة", "en": "In transfer"},
    "reply_proposed": {"ar": "الرد قيد الاعتماد", "en": "Reply to be approved"},
    "disputed": {"ar": "معترض عليها", "en": "Disputed"},
    "answered": {"ar": "أُجيب عنها", "en": "Answered"},
    "closed": {"ar": "مغلقة", "en": "Closed"},
    "referred": {"ar": "محالة إلى جهة خارجية", "en": "Referred outside"},
    "withdrawn": {"ar": "مسحوبة", "en": "Withdrawn"},
    "inadmissible": {"ar": "غير مقبولة", "en": "Inadmissible"},
    "merged": {"ar": "مضمومة", "en": "Merged"},
}

KINDS = {
    "complaint": {"ar": "شكوى", "en": "Complaint"},
    "question": {"ar": "سؤال", "en": "Question"},
    "suggestion": {"ar": "اقتراح", "en": "Suggestion"},
    "praise": {"ar": "ثناء", "en": "Praise"},
    "report": {"ar": "إبلاغ", "en": "Report"},
}

CHANNELS = {
    "web": {"ar": "الموقع", "en": "Website"},
    "mobile": {"ar": "تطبيق الهاتف", "en": "Mobile app"},
    "call_centre": {"ar": "مركز الاتصال", "en": "Call centre"},
    "service_centre": {"ar": "مركز الخدمة", "en": "Service centre"},
    "api": {"ar": "نظام آخر", "en": "Another system"},
}

#: What a complaint may be: either, both, or neither.
FLAGS = {
    "service": {"ar": "خدمة", "en": "Service"},
    "rights": {"ar": "حقوق", "en": "Rights"},
}
YES, NO = "yes", "no"

NOT_ASSIGNED = {"ar": "لم تُحدَّد جهة بعد", "en": "No institution yet"}

USUAL_DAYS = 30


#: Stands for the missing value of a dimension.
NONE = "-"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure counts, in both languages. `of` is the figure that it is a part of, None for the whole."""

    code: str
    name: Mapping[str, str]
    definition: Mapping[str, str]
    of: str | None = None
    unit: str = "complaints"


DEFINITIONS = (
    Definition(
        "received",
        {"ar": "الواردة", "en": "Received"},
        {
            "ar": "عدد ما ورد من شكاوى وأسئلة واقتراحات وثناء وإبلاغات خلال الفترة، بيوم ورودها بتوقيت عمّان.",
            "en": "Complaints, questions, suggestions, praise and reports received in the period, by the day of"
            " receipt in Amman.",
        },
    ),
    Definition(
        "assigned",
        {"ar": "المحالة", "en": "Assigned"},
        {
            "ar": "ما ورد في الفترة ولدى ضابط ارتباط الآن ولم ينته.",
            "en": "Of those received in the period: those that an officer holds now and which are not settled.",
        },
        of="received",
    ),
    Definition(
        "unowned",
        {"ar": "بلا مسؤول", "en": "Unowned"},
        {
            "ar": "ما ورد في الفترة وتعذّر إسناده إلى ضابط ارتباط ولم يُسند ولم ينته بعد.",
            "en": "Of those received in the period: those for which no officer could be found, and none has been"
            " since, and which are not settled.",
        },
        of="received",
    ),
    Definition(
        "promised",
        {"ar": "لها موعد", "en": "Promised"},
        {
            "ar": "ما ورد في الفترة وحُدِّد لصاحبه موعد للرد.",
            "en": "Of those received in the period: those whose complainant was given a due time for the answer.",
        },
        of="received",
    ),
    Definition(
        "overdue",
        {"ar": "المتأخرة", "en": "Overdue"},
        {
            "ar": "ما ورد في الفترة ومضى موعد الرد عليه حتى لحظة العرض ولم يُجَب عنه بعد.",
            "en": "Of those received in the period: those whose due time has passed at the moment of this answer"
            " and which are not settled.",
        },
        of="promised",
    ),
    Definition(
        "escalated",
        {"ar": "المصعَّدة", "en": "Escalated"},
        {
            "ar": "ما ورد في الفترة ورُفع مرة على الأقل إلى مستوى أعلى بمضي الوقت، سواء أُجيب عنه بعد ذلك أم لا.",
            "en": "Of those received in the period: those that were raised at least once to somebody higher because time"
            " had passed, whether or not they have been answered since.",
        },
        of="received",
    ),
    Definition(
        "notices_delivered",
        {"ar": "الإشعارات الواصلة", "en": "Notices delivered"},
        {
            "ar": "الإشعارات التي أُكِّد تسليمها بشأن ما ورد في الفترة، بكل القنوات ولكل المعنيين.",
            "en": "Notices about those received in the period whose delivery was confirmed, by every channel and"
            " to every audience.",
        },
        unit="notices",
    ),
    Definition(
        "notices_failed",
        {"ar": "الإشعارات المتعذّرة", "en": "Notices failed"},
        {
            "ar": "الإشعارات التي تعذّر تسليمها نهائياً بشأن ما ورد في الفترة.",
            "en": "Notices about those received in the period which could not be delivered for good.",
        },
        unit="notices",
    ),
)

FIGURES = tuple(definition.code for definition in DEFINITIONS)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in Amman, first and last included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def previous(self) -> "Period":
        """The period of the same length that ends the day before this one begins."""
        last = self.first - timedelta(days=1)
        return Period(last - timedelta(days=self.days - 1), last)

    def each_day(self) -> Iterable[date]:
        return (self.first + timedelta(days=n) for n in range(self.days))


def period(first: date | None, last: date | None, today: date) -> Period:
    """What is asked for: a side that is not given is the 30 days that the other one bounds, or those up to `today`."""
    if last is None:
        last = today if first is None or first <= today else first
        if first is not None:
            last = min(last, first + timedelta(days=USUAL_DAYS - 1))
    return Period(last - timedelta(days=USUAL_DAYS - 1) if first is None else first, last)


def whole_months(period: Period) -> tuple[Period, Period | None]:
    """The period, and the calendar months that lie in it as a whole; None when there are none."""
    first = period.first if period.first.day == 1 else _next_month(period.first)
    after = (
        _next_month(period.last) if (period.last + timedelta(days=1)).day == 1 else period.last.replace(day=1)
    )
    return period, Period(first, after - timedelta(days=1)) if first < after else None


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def today(now: datetime) -> date:
    """The day in Amman at `now` (aware)."""
    return now.astimezone(AMMAN).date()


def compared(current: Mapping[str, int], previous: Mapping[str, int]) -> dict[str, dict]:
    """Each figure as {value, previous, change}; `change` is the ratio of growth, None when there was nothing before."""
    return {
        code: {
            "value": current[code],
            "previous": previous[code],
            "change": round((current[code] - previous[code]) / previous[code], 4) if previous[code] else None,
        }
        for code in FIGURES
    }


def table(
    rows: Mapping[str, Mapping[str, int]],
    names: Mapping[str, Mapping[str, str]],
    none: Mapping[str, str] | None,
) -> list[dict]:
    """The rows of a breakdown that count anything, most received first.

    `names` are the public names known here; `none` names the row `-`.
    """
    counting = [(code, counts) for code, counts in rows.items() if any(counts.values())]
    listed = sorted(counting, key=lambda row: (-row[1]["received"], row[0]))
    return [
        {"code": None, "name": none, **counts}
        if code == NONE
        else {"code": code, "name": names.get(code), **counts}
        for code, counts in listed
    ]


def every_day(period: Period, rows: Mapping[date, Mapping[str, int]]) -> list[dict]:
    """One row for each day of the period, in order; a day on which nothing came in counts nothing."""
    nothing = dict.fromkeys(FIGURES, 0)
    return [{"day": day, **nothing, **rows.get(day, {})} for day in period.each_day()]
