"""HTTP resources of cases: read one, act on it. Schema in, one handler, schema out."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from services.chassis import database, settings
from services.chassis.clock import now
from services.chassis.web import Blueprint, Problem, current_actor, require
from services.routing import store
from services.routing.assigning import assignment, explaining
from services.routing.cases import actions, step
from services.routing.cases import schemas as schemas_cases
from services.routing.cases import store as store_cases
from services.routing.cases import transitions as t
from services.routing.desks import desk
from services.routing.desks import store as store_desk
from services.routing.desks.views import Reader
from services.routing.events import SOURCE
from services.routing.history import store as store_history
from services.routing.settings import Settings

#: The head of a body follows its cases, and acts on what was raised.
READERS = ("officer", "approver", "coordinator", "head")
_REFUSED = (
    actions.NoSuchCase,
    actions.VersionConflict,
    actions.NotAllowed,
    actions.WrongFields,
    step.Refused,
    step.NoOfficer,
)

_MAIN = "main_officer"

blueprint = Blueprint("cases", "cases", description="One case: what it holds, what may be done, by whom.")

_NOBODY = {
    assignment.NO_OFFICER: {
        "ar": "لا يوجد ضابط ارتباط متاح في الجهة الآن؛ حدّد ضابطًا بعينه.",
        "en": "No officer of the body is available now; name one.",
    },
    assignment.NOT_CERTIFIED: {
        "ar": "لا يوجد في الجهة الآن ضابط متاح يحمل شهادتي التدريب، والشكوى تمس حقًا.",
        "en": "It is about a right, and no officer of the body who is available now holds both certificates.",
    },
    assignment.BODY_IMPLICATED: {
        "ar": "الشكوى تعني كل ضباط الجهة؛ اختر جهة أخرى أو أحلها إلى المنسق.",
        "en": "It concerns every officer of the body; choose another body, or leave it to the coordinator.",
    },
}
_REFUSALS = {
    "too_far": {"ar": "يجب ألا يتجاوز الموعد سنة.", "en": "The time must not be more than a year away."},
    "in_the_past": {"ar": "يجب أن يكون الموعد في المستقبل.", "en": "The time must be in the future."},
    "officer_unknown": {
        "ar": "لا يوجد ضابط ارتباط بهذا المعرّف في الجهة.",
        "en": "The body has no officer with this id.",
    },
    "officer_implicated": {
        "ar": "الشكوى تعني هذا الضابط أو وحدته أو من يرأسه؛ اختر غيره.",
        "en": "It is directed against this officer, their unit or chain of command; choose another.",
    },
    "officer_not_certified": {
        "ar": "الشكوى تمس حقًا، ولا يحمل هذا الضابط شهادتي التدريب السارية؛ اختر غيره.",
        "en": "It is about a right, and this officer does not hold both certificates in force; choose another.",
    },
    "body_implicated": {
        "ar": "الشكوى موجهة ضد هذه الجهة كلها؛ اختر غيرها.",
        "en": "It is directed against this body as a whole; choose another.",
    },
    "unit_unknown": {"ar": "لا توجد وحدة بهذا الرمز في الجهة.", "en": "The body has no unit with this code."},
    "nobody_named": {
        "ar": "حدّد من تعنيه الشكوى: الجهة أو الوحدة أو الضابط.",
        "en": "Say whom it is about: the body, the unit or the officer.",
    },
    "officer_absent": {"ar": "ضابط الارتباط غائب الآن.", "en": "The officer is absent now."},
    "has_it_already": {"ar": "الطلب لدى هذا الضابط أصلًا.", "en": "This officer has the case already."},
    "answer_is_disputed": {
        "ar": "اعتُرض على رد هذا الضابط؛ اختر غيره.",
        "en": "This officer's answer is what is disputed; choose another.",
    },
    "holds_it_already": {"ar": "الطلب لدى هذه الجهة أصلًا.", "en": "This body holds the case already."},
    "institution_unknown": {"ar": "لا توجد جهة بهذا الرمز.", "en": "There is no body with this code."},
    "institution_over": {"ar": "لم تعد هذه الجهة قائمة.", "en": "This body does not exist any more."},
    "case_unknown": {
        "ar": "لا توجد لدى الجهة حالة أخرى بهذا المعرّف.",
        "en": "The body holds no other case with this id.",
    },
    "case_settled": {"ar": "انتهت تلك الحالة.", "en": "That case is settled."},
}


@blueprint.get("/staff/cases/<uuid:complaint_id>")
@require(*READERS)
@blueprint.response(200, schemas_cases.CaseDeskSchema)
def case(complaint_id: UUID) -> tuple[dict[str, Any], int, dict[str, str]]:
    """A case with its history, for the staff of the body that holds it or is to get it, and for the coordinator."""
    identity = str(complaint_id)
    with database.transaction(SOURCE) as connection:
        row = store.case_row(connection, identity)
        if row is None:
            raise no_case()
        try:
            standing = actions.standing(connection, row, who(), now())
        except actions.NoSuchCase:
            raise no_case() from None
        asking, moment = reader(connection), now()
        (seen,) = desk.shown(connection, [row], moment)
        beside = {
            "officer_name": seen["officer_name"],
            "progress": seen["progress"],
            "viewers": desk.viewers(connection, identity, asking, moment),
            "templates": store_desk.count_templates(connection, asking.institution, row.category),
        }
        found = {
            "history": store_history.history(connection, identity),
            "replies": store_cases.rows_of(connection, store_cases.reply, identity),
            "questions": store_cases.rows_of(connection, store_cases.question, identity),
            "transferred": store_cases.rows_of(connection, store_cases.transfer, identity),
            "notes": store_cases.rows_of(connection, store_cases.case_note, identity),
        }
        beside["people"] = desk.people_of(connection, found)
    lists = {name: [each._mapping for each in rows] for name, rows in found.items()}
    return _shown(standing) | lists | beside, 200, _tag(row.version)


@blueprint.get("/staff/cases/<uuid:complaint_id>/explanation")
@require("coordinator")
@blueprint.response(200, schemas_cases.ExplanationSchema)
def explanation(complaint_id: UUID) -> dict[str, Any]:
    """Why the officer who was chosen for a case, and why nobody else of the body; and whether the same would be chosen again."""
    identity = str(complaint_id)
    with database.transaction(SOURCE) as connection:
        row = store.case_row(connection, identity)
        if row is None or not actions.roles_of(connection, row, who()):
            raise no_case()
        found = explaining.explain(connection, identity)
    if found is None:
        message = {
            "ar": "لم يُحفظ كيف أُسندت هذه الحالة؛ أسندها شخص، أو أُسندت قبل أن يُحفظ ذلك.",
            "en": "Nothing is kept of how this case was assigned: somebody did it by hand, or it was before that was kept.",
        }
        raise Problem(404, "no_explanation", message)
    return found


@blueprint.post("/staff/cases/<uuid:complaint_id>/actions/<string:action>")
@require(*READERS)
@blueprint.arguments(schemas_cases.ActionSchema, example={"version": 3, "question": "ما رقم عداد المياه؟"})
@blueprint.response(200, schemas_cases.ActedSchema)
def act(body: dict[str, Any], complaint_id: UUID, action: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Takes an action. 409 names the actions that are allowed; 412 says that somebody was quicker, and the case's version now."""
    version = body.pop("version")
    try:
        # Two who merge two cases into each other wait for each other: one of them is asked again, and told that it is too late.
        standing = database.retrying(_take, str(complaint_id), action, body, version)
    except _REFUSED as error:
        raise _problem(error) from None
    return _shown(standing), 200, _tag(standing.case.version)


def _take(complaint_id: str, action: str, fields: dict[str, Any], version: int) -> actions.Standing:
    wanted = settings.load(Settings)
    with database.transaction(SOURCE) as connection:
        return actions.act(
            connection,
            complaint_id,
            action,
            fields,
            who(),
            version=version,
            now=now(),
            keys=step.Keys(wanted.seal_key, wanted.intake_seal_key, wanted.names_key),
        )


def who() -> step.Who:
    """The member of staff who asks."""
    actor = current_actor()
    institution = actor.attributes.get("institution")
    # An account of an officer acts as the officer of the directory, whose rank and desk count.
    identity = str(actor.attributes.get("officer_id") or actor.id)
    return step.Who(identity, actor.roles & frozenset(READERS), str(institution) if institution else None)


def reader(connection: Connection) -> Reader:
    """The member of staff who asks, as the owner of a desk."""
    return desk.reader(connection, who(), leads=_MAIN in current_actor().roles)


def _shown(standing: actions.Standing) -> dict[str, Any]:
    rows: dict[str, list[t.Row]] = {}
    for row in standing.allowed:
        rows.setdefault(row.action, []).append(row)
    allowed = [
        {
            "action": action,
            "name": t.ACTIONS[action],
            "required": list(same[0].required),
            "optional": sorted({name for each in same for name in each.optional}),
        }
        for action, same in rows.items()
    ]
    return {**standing.case._mapping, "allowed_actions": allowed}


def _tag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def _problem(error: Exception) -> Problem:
    """What the caller is told when an action is refused."""
    if isinstance(error, actions.NoSuchCase):
        return no_case()
    if isinstance(error, actions.VersionConflict):
        return _conflict(error)
    if isinstance(error, actions.NotAllowed):
        return _not_allowed(error.allowed)
    if isinstance(error, actions.WrongFields):
        return _wrong_fields(error)
    if isinstance(error, step.Refused):
        sentence = _REFUSALS[error.code]
        return wrong(error.field, error.code, sentence["ar"], sentence["en"])
    assert isinstance(error, step.NoOfficer)
    return Problem(409, error.reason, _NOBODY[error.reason])


def _conflict(error: actions.VersionConflict) -> Problem:
    line = error.line
    message = {
        "ar": f"سبقك غيرك إلى هذه الحالة؛ أصبح إصدارها {error.current}. أعد تحميلها ثم قرّر.",
        "en": f"Somebody was quicker; the case is at version {error.current} now. Load it again, then decide.",
    }
    more = {}
    if line is not None:
        with database.transaction(SOURCE) as connection:
            name = desk.people(connection, [line.actor])[line.actor]
        done = t.name_of(line.action)
        message = {
            "ar": f"سبقك {name['ar']} إلى هذه الحالة ({done['ar']})؛ أصبح إصدارها {error.current}. أعد تحميلها ثم قرّر.",
            "en": f"{name['en']} was quicker ({done['en']}); the case is at version {error.current} now. Load it again, then decide.",
        }
        more["last"] = {
            "action": line.action,
            "action_name": done,
            "actor_name": name,
            "at": line.at.isoformat(),
        }
    errors = [{"field": "version", "code": "version_conflict", "message": message}]
    tag = _tag(error.current)
    return Problem(412, "version_conflict", message, errors=errors, headers=tag, more=more)


def _not_allowed(allowed: list[str]) -> Problem:
    names = {language: "، ".join(t.ACTIONS[each]["ar"] for each in allowed) for language in ("ar",)}
    names["en"] = ", ".join(t.ACTIONS[each]["en"] for each in allowed)
    message = (
        {
            "ar": f"هذا الإجراء غير مسموح لك الآن. المسموح: {names['ar']}.",
            "en": f"You may not do this now. Allowed: {names['en']}.",
        }
        if allowed
        else {
            "ar": "هذا الإجراء غير مسموح لك الآن، ولا إجراء غيره.",
            "en": "You may not do this now, nor anything else.",
        }
    )
    errors = [{"field": "action", "code": each, "message": t.ACTIONS[each]} for each in allowed]
    return Problem(409, "action_not_allowed", message, errors=errors)


def _wrong_fields(error: actions.WrongFields) -> Problem:
    sentences = {
        "required": ("هذا الحقل مطلوب لهذا الإجراء.", "This action needs this field."),
        "not_of_this_action": ("لا يأخذ هذا الإجراء هذا الحقل.", "This action does not take this field."),
        "unknown_value": ("قيمة غير معروفة.", "Not one of the known values."),
    }
    named = [
        ("required", error.missing),
        ("not_of_this_action", error.unknown),
        ("unknown_value", error.choice),
    ]
    errors = [
        {"field": name, "code": code, "message": dict(zip(("ar", "en"), sentences[code], strict=True))}
        for code, names in named
        for name in names
    ]
    return Problem(422, "validation", errors=errors)


def wrong(field: str, code: str, ar: str, en: str) -> Problem:
    """A refusal of one field of what was asked."""
    return Problem(
        422, "validation", errors=[{"field": field, "code": code, "message": {"ar": ar, "en": en}}]
    )


def no_case() -> Problem:
    """Somebody else's case and no case at all are answered alike."""
    message = {"ar": "لا توجد حالة بهذا المعرّف.", "en": "There is no case with this id."}
    return Problem(404, "case_not_found", message)
