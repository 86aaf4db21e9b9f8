"""Why a change of the directory is refused: a code, and what people are told in Arabic and English. For a line of a file and for a request
alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

CONFLICT, NOT_FOUND, INVALID = 409, 404, 422


@dataclass(frozen=True, slots=True)
class Text:
    """What a code means. `status` is that of HTTP; a line of a file has none."""

    ar: str
    en: str
    status: int = INVALID

    def as_dict(self) -> dict[str, str]:
        """{"ar": …, "en": …}."""
        return {"ar": self.ar, "en": self.en}


class Refused(Exception):
    """The change is refused for the reason `code`; `field` names what was wrong, in the words of a file or a request.

    `among` are the codes of all entries that are wrong together, such as those of a circle.
    """

    def __init__(self, code: str, field: str | None = None, among: Sequence[str] = ()):
        super().__init__(code)
        self.code = code
        self.field = field
        self.among = tuple(among)

    @property
    def text(self) -> Text:
        """What people are told."""
        return TEXTS[self.code]


TEXTS: dict[str, Text] = {
    # A file as a whole.
    "encoding": Text(
        "الملف ليس نصًا بترميز UTF-8؛ احفظه بصيغة «CSV UTF-8».",
        "The file is not UTF-8 text; save it as “CSV UTF-8”.",
    ),
    "not_csv": Text("الملف ليس CSV سليمًا.", "The file is not well-formed CSV."),
    "not_xlsx": Text("الملف ليس XLSX سليمًا.", "The file is not a well-formed XLSX workbook."),
    "empty_file": Text("لا صفوف في الملف.", "The file has no rows."),
    "file_too_large": Text("الملف أكبر من المسموح.", "The file is larger than allowed."),
    "too_many_rows": Text("في الملف أكثر من 5000 صف؛ قسّمه.", "The file has more than 5000 rows; divide it."),
    "unknown_column": Text("هذا العمود غير معروف.", "This column is not known."),
    "duplicate_column": Text("ورد هذا العمود أكثر من مرة.", "This column appears more than once."),
    "missing_column": Text("هذا العمود ناقص.", "This column is missing."),
    # A line or a field.
    "too_many_cells": Text(
        "في الصف خلايا أكثر من الأعمدة.", "The row has more cells than there are columns."
    ),
    "required": Text("هذه الخلية مطلوبة.", "This cell must be filled in."),
    "too_long": Text("النص أطول من المسموح.", "The text is longer than allowed."),
    "forbidden_character": Text(
        "في النص حرف لا يمكن حفظه.", "The text holds a character that cannot be stored."
    ),
    "formula": Text("لا يجوز أن يبدأ النص بأحد الرموز = + - @.", "A text must not begin with = + - or @."),
    "not_date": Text("ليس تاريخًا بصيغة YYYY-MM-DD.", "Not a date of the form YYYY-MM-DD."),
    "not_moment": Text(
        "ليس تاريخًا ولا وقتًا بصيغة ISO 8601 مع منطقته.", "Neither a date nor an ISO 8601 time with its zone."
    ),
    "not_number": Text("ليس عددًا ضمن المدى المسموح.", "Not a number in the allowed range."),
    "not_id": Text("ليس معرّفًا بصيغة UUID.", "Not an id of the form UUID."),
    "not_code": Text("ليس رمزًا صحيحًا.", "Not a well-formed code."),
    "not_email": Text("ليس بريدًا إلكترونيًا صحيحًا.", "Not a well-formed mail address."),
    "not_phone": Text("ليس رقم هاتف دوليًا مثل ‎+962….", "Not an international phone number such as +962…."),
    "not_language": Text(
        "اللغات رموز مثل ar en، وأولها ar أو en.",
        "Languages are codes such as ar en, of which the first is ar or en.",
    ),
    "not_rank": Text(
        "الرتبة إحدى: main، sub، approver، head.", "The rank is one of main, sub, approver, head."
    ),
    "not_kind": Text("نوع الجهة غير معروف.", "This kind of body is not known."),
    "not_part": Text("الجزء technical أو rights.", "The part is technical or rights."),
    "unknown_governorate": Text("لا توجد محافظة بهذا الرمز.", "There is no governorate with this code."),
    "unknown_institution": Text("لا توجد جهة بهذا الرمز.", "There is no body with this code."),
    "unknown_unit": Text("لا توجد وحدة بهذا الرمز.", "There is no unit with this code."),
    "unknown_officer": Text("لا يوجد ضابط ارتباط كهذا.", "There is no such officer."),
    "unknown_duty": Text("لا توجد مناوبة بهذا المعرّف.", "There is no duty with this id."),
    "unknown_rule": Text("لا توجد قاعدة بهذا المعرّف.", "There is no rule with this id."),
    "duplicate_row": Text("ورد هذا السجل في صف سابق.", "An earlier row is about the same thing."),
    "duplicate_email": Text(
        "هذا البريد لضابط ارتباط آخر على رأس عمله.", "Another serving officer has this mail address."
    ),
    "ends_before_it_begins": Text("النهاية ليست بعد البداية.", "The end does not come after the beginning."),
    # What contradicts the directory.
    "unit_elsewhere": Text("الوحدة تتبع جهة أخرى.", "The unit belongs to another body."),
    "unit_cycle": Text("تصبح الوحدة بهذا فوق نفسها.", "The unit would come to stand above itself."),
    "unit_too_deep": Text(
        "فوق الوحدة أكثر من عشرين وحدة.", "More than twenty units would stand above one another."
    ),
    "unit_moves": Text(
        "لا تنتقل وحدة من جهة إلى أخرى؛ أنهِها وأدخل وحدة جديدة.",
        "A unit does not move to another body; end it and enter a new one.",
    ),
    "successor_cycle": Text("تصبح الجهة بهذا خلفًا لنفسها.", "The body would come to be its own successor."),
    "successor_over": Text(
        "تنتهي الجهة الخلف قبل ذلك أو معه.", "The successor ends before that, or on the same day."
    ),
    "institution_has_cases": Text(
        "لدى الجهة طلبات مفتوحة؛ سمِّ الجهة التي تخلفها.",
        "The body has open cases; name the body that succeeds it.",
        CONFLICT,
    ),
    "officer_moves": Text(
        "لا ينتقل السجل من جهة إلى أخرى؛ أنهِه هناك ثم أدخل سجلًا جديدًا.",
        "A record does not move to another body; end it there, then enter a new one.",
    ),
    "officer_elsewhere": Text("يتبع الضابط جهة أخرى.", "The officer belongs to another body."),
    "cover_is_self": Text("لا ينوب أحد عن نفسه.", "Nobody covers for themselves."),
    "cover_elsewhere": Text("يجب أن يكون النائب من الجهة نفسها.", "The cover must be of the same body."),
    "leave_overlaps": Text(
        "لضابط الارتباط إجازة أخرى في هذه الأيام.", "The officer has another leave on these days.", CONFLICT
    ),
    "leave_too_long": Text("الإجازة أطول من سنة.", "The leave is longer than a year."),
    "duty_taken": Text(
        "هذا الترتيب محجوز في جزء من هذه المدة.", "This position is taken for a part of this time.", CONFLICT
    ),
    "in_the_past": Text(
        "لا يتغير ما مضى: يبدأ التغيير اليوم أو بعده.",
        "The past does not change: it must begin today or later.",
    ),
    "in_the_future": Text("التاريخ في المستقبل.", "The date is in the future."),
    "rule_fixed": Text(
        "لا يُعاد كتابة قاعدة؛ أنهِها وأدخل قاعدة جديدة.",
        "A rule is not rewritten; end it and enter a new one.",
        CONFLICT,
    ),
    "rule_over": Text("انتهت القاعدة المستبدلة قبل ذلك.", "The rule to replace has ended before.", CONFLICT),
    "rule_of_another_category": Text(
        "القاعدة المستبدلة لفئة أخرى.", "The rule to replace is for another category."
    ),
    "directory_changed": Text(
        "تغيّر الدليل بعد التجربة؛ جرّب الملف من جديد.",
        "The directory has changed since the dry run; try the file again.",
        CONFLICT,
    ),
    "import_refused": Text(
        "في الملف أخطاء ولم يتغير شيء؛ التفاصيل في errors.",
        "The file has errors and nothing has changed; see errors.",
    ),
    "officer_not_found": Text(
        "لا يوجد ضابط ارتباط بهذا المعرّف.", "There is no officer with this id.", NOT_FOUND
    ),
    "leave_not_found": Text("لا توجد إجازة بهذا المعرّف.", "There is no leave with this id.", NOT_FOUND),
    "duty_not_found": Text("لا توجد مناوبة بهذا المعرّف.", "There is no duty with this id.", NOT_FOUND),
}
