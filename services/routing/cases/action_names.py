"""What actions and the other lines of a history are called. Pure."""

from collections.abc import Mapping

#: What the buttons say.
ACTIONS: Mapping[str, Mapping[str, str]] = {
    "assign": {"ar": "إسناد إلى ضابط ارتباط", "en": "Assign to an officer"},
    "reassign": {"ar": "إعادة الإسناد داخل الجهة", "en": "Reassign within the body"},
    "accept": {"ar": "قبول", "en": "Accept"},
    "ask": {"ar": "سؤال مقدّم الطلب", "en": "Ask the complainant"},
    "answer_question": {"ar": "الإجابة عن السؤال", "en": "Answer the question"},
    "lapse_question": {"ar": "انقضاء مهلة السؤال", "en": "The time for the answer is over"},
    "interim_reply": {"ar": "رد مرحلي", "en": "Give an interim reply"},
    "propose_reply": {"ar": "اقتراح رد", "en": "Propose a reply"},
    "approve_reply": {"ar": "اعتماد الرد", "en": "Approve the reply"},
    "return_reply": {"ar": "إعادة الرد إلى كاتبه", "en": "Return the reply"},
    "rate": {"ar": "تقييم الرد", "en": "Rate the answer"},
    "remind_to_rate": {"ar": "تذكير مقدّم الطلب بالتقييم", "en": "Remind the complainant to rate"},
    "close_unconfirmed": {"ar": "إغلاق دون تأكيد", "en": "Close as not confirmed"},
    "dispute": {"ar": "اعتراض على الرد", "en": "Dispute the answer"},
    "resolve_dispute": {"ar": "البت في الاعتراض", "en": "Decide the dispute"},
    "transfer": {"ar": "إحالة إلى جهة أخرى", "en": "Transfer to another body"},
    "accept_transfer": {"ar": "قبول الإحالة", "en": "Accept the transfer"},
    "object_to_transfer": {"ar": "الاعتراض على الإحالة", "en": "Object to the transfer"},
    "decide_transfer": {"ar": "البت في الإحالة", "en": "Decide the transfer"},
    "send_back": {"ar": "إعادة الطلب إلى ضابطه", "en": "Send back to the officer"},
    "reject_escalation": {"ar": "رفض التصعيد", "en": "Reject the escalation"},
    "refer": {"ar": "إحالة إلى جهة خارجية", "en": "Refer to an outside authority"},
    "declare_inadmissible": {"ar": "عدم القبول", "en": "Declare inadmissible"},
    "merge": {"ar": "ضم إلى طلب آخر", "en": "Merge into another case"},
    "withdraw": {"ar": "سحب الطلب", "en": "Withdraw"},
    "implicate": {"ar": "إبعاد من تعنيه الشكوى", "en": "Keep out whom it is about"},
    "keep_out": {"ar": "أُبعد من تعنيه الشكوى", "en": "Somebody it is about was kept out"},
    "succeed": {"ar": "انتقل إلى الجهة الخلف", "en": "Passed to the body that goes on"},
    "take_away": {"ar": "سُحب ممن تعنيه الشكوى", "en": "Taken away from whom it is about"},
}

#: What happens to a case beside what somebody does: lines of its history that no row of the table writes.
EVENTS: Mapping[str, Mapping[str, str]] = {
    "assigned": {"ar": "أُسند تلقائيًا", "en": "Assigned"},
    "assignment_failed": {"ar": "لم يوجد ضابط ارتباط", "en": "No officer was found"},
    "promised": {"ar": "حُدد موعد الرد", "en": "An answer was promised"},
    "promise_moved": {"ar": "تغيّر موعد الرد", "en": "The promise moved"},
    "said_too_late": {"ar": "كتب مقدّم الطلب بعد فوات الأوان", "en": "The complainant spoke too late"},
}
