"""What the desks show of a case, and that their words keep step with routing's tables. The browser has its turn in tests/e2e."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.web import case_forms, case_view, case_words, conversation, desk, officer_pages, render
from services.routing.assigning import assignment
from services.routing.cases import outcomes
from services.routing.cases import schemas as schemas_cases
from services.routing.cases import transitions as t
from services.routing.desks import views
from tests.unit.gateway.conftest import BODIES, UNITS

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
#: Who takes actions by a page; the complainant and the clock have none.
STAFF = {t.OFFICER, t.MAIN, t.APPROVER, t.HEAD, t.HOLDER, t.RECEIVER, t.COORDINATOR}


def case(**changes):
    usual = {
        "status": "accepted",
        "due_at": (NOW + timedelta(days=3)).isoformat(),
        "working_days": 10,
        "progress": {"share": 0.5, "minutes_left": 2100, "by_the_clock": False},
    }
    return {**usual, **changes}


def progress(share: float, minutes_left: int, by_the_clock: bool = False):
    return {"share": share, "minutes_left": minutes_left, "by_the_clock": by_the_clock}


@pytest.fixture
def english(pages):
    with pages.application.test_request_context("/en/staff/desk"):
        yield


@pytest.fixture
def arabic(pages):
    with pages.application.test_request_context("/staff/desk"):
        yield


def test_every_action_of_staff_has_its_words():
    by_page = {row.action for row in t.TABLE if STAFF & set(row.by)}
    assert by_page - set(case_words.ACTIONS) == set()
    assert {*t.ACTIONS, *t.EVENTS} - set(case_words.EVENTS) == set()
    fields = {name for row in t.TABLE if STAFF & set(row.by) for name in (*row.required, *row.optional)}
    assert fields - set(case_words.FIELDS) == set()
    assert fields - set(case_forms.ORDER) == set()


def test_every_state_code_and_view_has_its_name():
    assert set(case_words.STATES) == set(t.STATES)
    assert set(conversation.OUTCOMES) == set(outcomes.OUTCOMES)
    assert set(conversation.REFUSALS) == set(outcomes.INADMISSIBLE)
    assert set(case_words.OUTSIDE_BODIES) == set(outcomes.OUTSIDE_BODIES)
    assert set(case_words.DECISIONS) == set(outcomes.DECISIONS)
    assert set(case_words.UNOWNED_BECAUSE) == set(assignment.FAILURES)
    assert set(officer_pages.VIEWS) == set(views.VIEWS)


def test_a_field_takes_as_much_as_routing_does():
    taken = schemas_cases.ActionSchema().fields
    assert {
        name: field.validate.max for name, field in taken.items() if isinstance(field, schemas_cases.Words)
    } == case_words.MOST


@pytest.mark.parametrize(
    ("changes", "mood", "words", "used"),
    [
        ({}, "fine", "5 working days left", 50),
        ({"progress": progress(0.96, 240)}, "soon", "4 working hours left", 96),
        ({"progress": progress(0.99, 60)}, "soon", "1 working hour left", 99),
        ({"progress": progress(0.999, 20)}, "soon", "20 working minutes left", 100),
        ({"progress": progress(0.1, 1300, True)}, "fine", "21 hours left", 10),
        ({"progress": progress(0.98, 30, True)}, "soon", "30 minutes left", 98),
        (
            {"progress": progress(1.2, -840), "due_at": (NOW - timedelta(days=2)).isoformat()},
            "late",
            "by 2 days",
            100,
        ),
        (
            {"progress": progress(1.0, -1), "due_at": (NOW - timedelta(minutes=1)).isoformat()},
            "late",
            "by 1 hour",
            100,
        ),
        (
            {"status": "awaiting_complainant"},
            "waiting",
            "The clock stands until the complainant answers.",
            50,
        ),
    ],
)
def test_a_promise_in_words(english, changes, mood, words, used):
    found = desk.due(case(**changes), NOW)
    assert (found.mood, found.words, found.used) == (mood, words, used)
    assert found.sign


def test_nothing_promised_is_no_promise(english):
    assert desk.due(case(progress=None, due_at=None), NOW) is None
    assert desk.due(case(progress=None, status="closed"), NOW) is None


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (1, "بقيت ساعة عمل واحدة"),
        (2, "بقيت ساعتا عمل"),
        (4, "بقيت 4 ساعات عمل"),
        (11, "بقيت 11 ساعة عمل"),
        (100, "بقيت 100 ساعة عمل"),
    ],
)
def test_arabic_counts_as_arabic_does(arabic, hours, words):
    found = desk.due(case(working_days=None, progress=progress(0.9, hours * 60)), NOW)
    assert found.words == words


def test_who_looks_is_said_in_one_sentence(english):
    people = [{"name": {"ar": each, "en": each}} for each in ("Rana", "Omar", "Dana")]
    assert desk.looking([]) == ""
    assert desk.looking(people[:1]).startswith("Rana has")
    assert desk.looking(people).startswith("Rana, Omar and Dana have")


def test_a_count_that_is_not_the_whole_says_so(english):
    standing = {"counts": {"mine": 1000, "overdue": 3, "urgent": 0}, "more": ["mine"]}
    assert desk.counted(standing) == {"mine": "1,000+", "overdue": "3"}
    assert desk.counted({}) == {}


@pytest.mark.parametrize(
    ("passed", "words"),
    [(20, "just now"), (150, "3 minutes ago"), (4 * 3600, "4 hours ago"), (3 * 86400, "3 days ago")],
)
def test_how_long_ago(english, passed, words):
    assert desk.ago((NOW - timedelta(seconds=passed)).isoformat(), NOW) == words


def test_a_template_overwrites_nothing():
    template = {
        "outcome": "satisfactory",
        "found": "Checked.",
        "remedy": "Mended.",
        "legal_basis": "",
        "summary": None,
    }
    typed = {"outcome": "no_violation", "found": "I went there.", "remedy": " "}
    found = case_forms.filled(typed, template)
    assert found["outcome"] == "no_violation"
    assert found["found"] == "I went there.\n\nChecked."
    assert found["remedy"] == "Mended."
    assert "legal_basis" not in found
    assert case_forms.filled(found, template) == found


def test_what_is_typed_goes_on_as_routing_takes_it():
    allowed = {"required": ["summary", "expected_at"], "optional": ["officer_id"]}
    typed = {"summary": " x ", "expected_at": "2026-12-10", "officer_id": "", "other": "y"}
    sent = case_forms.body(allowed, typed)
    assert sent == {"summary": "x", "expected_at": "2026-12-10T23:59:00+03:00"}
    assert case_forms.body(allowed, {"expected_at": "soon"}) == {"expected_at": "soon"}


def test_what_is_usual_comes_first_and_what_ends_a_case_stands_aside(english):
    names = ("transfer", "ask", "unheard_of", "propose_reply", "merge")
    allowed = [
        {"action": name, "name": {"ar": name, "en": name}, "required": [], "optional": []} for name in names
    ]
    found = case_forms.offered({"allowed_actions": allowed})
    assert [each.action for each in found] == ["propose_reply", "ask", "unheard_of", "transfer", "merge"]
    assert [each.action for each in found if each.aside] == ["transfer", "merge"]
    assert found[2].will == ""


def test_a_history_is_told_newest_first_with_names_and_what_was_written(english):
    people = {"a": {"ar": "رنا", "en": "Rana"}, "system": {"ar": "النظام", "en": "The system"}}
    history = [
        {"number": 1, "action": "assigned", "actor": "system", "details": {"officer": "a"}},
        {
            "number": 2,
            "action": "refer",
            "actor": "a",
            "details": {"to": "referred", "outside_body": "court"},
        },
        {"number": 3, "action": "sung", "actor": "a", "details": {}},
    ]
    told = case_view.timeline(
        {
            "people": people,
            "history": [{**each, "at": NOW.isoformat()} for each in history],
            "notes": [{"number": 2, "texts": {"reason": "It is before a judge."}}],
        }
    )
    assert [each.what for each in told] == [
        "The case changed",
        "Referred to an authority outside",
        "Given to an officer by the rules",
    ]
    assert told[1].notes == ("The courts",)
    assert told[1].texts == (("Reason", "It is before a judge."),)
    assert (told[2].who, told[2].notes) == ("The system", ("to Rana",))


def test_a_reply_that_was_returned_is_mended_and_not_written_again():
    reply = {name: f"{name} as it was" for name in case_forms.TEMPLATED}
    returned = {"replies": [{**reply, "state": "approved"}, {**reply, "found": "again", "state": "returned"}]}
    assert case_forms.begun(returned, "propose_reply") == {**reply, "found": "again"}
    assert case_forms.begun(returned, "ask") == {}
    assert case_forms.begun({"replies": [{**reply, "state": "approved"}]}, "propose_reply") == {}
    assert case_forms.begun({"replies": []}, "propose_reply") == {}


def test_the_words_of_a_number_are_said_in_the_digits_that_were_chosen(pages):
    with pages.application.test_request_context("/staff/desk", headers={"Cookie": "digits=arab"}):
        assert render.ngettext("%(count)s hour left", "%(count)s hours left", 7) == "بقيت ٧ ساعات"
        # Also what a text says itself.
        assert "٩١١" in render.words()("In danger of life call 911 first.")
    with pages.application.test_request_context("/staff/desk"):
        assert "911" in render.words()("In danger of life call 911 first.")


def test_the_first_reader_does_not_choose_the_digits_of_all(pages):
    shown = None
    for chosen, zero in (("latn", "0"), ("arab", "٠")):
        with pages.application.test_request_context("/", headers={"Cookie": f"digits={chosen}"}):
            # Compiled for the first, as a page is.
            shown = shown or render._environment("ar").from_string("{{ 0|number }}")
            assert shown.render() == zero


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        (
            "/en/staff/desk",
            [
                ("Rights that it touches", ["Equality and non-discrimination", "NEW"]),
                ("Groups concerned", ["Persons with disabilities"]),
                ("In danger now", ["Somebody is in medical danger"]),
                ("Directed against", ["أبو سليم · {unit} · {body}", "MOLA"]),
            ],
        ),
        (
            "/staff/desk",
            [
                ("الحقوق التي تمسّها", ["المساواة وعدم التمييز", "NEW"]),
                ("الفئات المعنية", ["الأشخاص ذوو الإعاقة"]),
                ("في خطر الآن", ["خطر على حياة مريض"]),
                ("المشكو منه", ["أبو سليم · {unit} · {body}", "MOLA"]),
            ],
        ),
    ],
)
def test_what_was_chosen_beside_the_text_is_shown_by_name(behind, path, answers):
    complaint = {
        # A code that is newer than the list that is kept here is shown as it is.
        "rights_codes": ["CP-EQUAL", "NEW"],
        "groups": ["disabilities"],
        "urgent": "medical_danger",
        "accused": [
            {"person": "أبو سليم", "unit": UNITS[0]["code"], "institution": "MWI"},
            {"person": None, "unit": None, "institution": "MOLA"},
        ],
    }
    with behind.application.test_request_context(path):
        language = render.language()
        body = next(each["name"][language] for each in BODIES if each["code"] == "MWI")
        named = {"unit": UNITS[0]["name"][language], "body": body}
        expected = [(asked, [each.format(**named) for each in chosen]) for asked, chosen in answers]
        assert case_view.answers(complaint) == expected
        assert case_view.answers({"rights_codes": [], "groups": [], "urgent": None, "accused": []}) == []
