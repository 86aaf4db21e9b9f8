"""Every template renders in both languages; what is unknown or missing refuses."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.notification import sms, templates
from services.notification.telling import NOT_FOR_THE_OFFICER
from services.notification.template import LANGUAGES, PIECES, TEMPLATES, TemplateRefused, reference

VALUES = {
    "name": "أحمد الخطيب",
    "tracking_number": "BK-7F3KM-9QXAT-M2D4C",
    "link": "https://bekhedmetkom.gov.jo",
    "institution": {"ar": "وزارة المياه والري", "en": "Ministry of Water and Irrigation"},
    "due_date": datetime(2026, 12, 6, 22, tzinfo=UTC),
    "previous_due_date": datetime(2026, 12, 3, 12, tzinfo=UTC),
    "cause": "calendar",
    "answer_by": datetime(2026, 12, 7, 12, tzinfo=UTC),
    "expected_at": datetime(2026, 12, 20, 9, tzinfo=UTC),
    "confirm_until": datetime(2026, 12, 21, 9, tzinfo=UTC),
    "since": datetime(2026, 11, 23, 9, tzinfo=UTC),
    "case": "0192f0c1-aaaa-7bbb-8ccc-0192f0c1aaaa",
    "reason": "no_officer",
    "level": 2,
    "decision": "rejected",
    "step": "first_action",
}
ALL = [
    (template.name, language, piece)
    for template in TEMPLATES.values()
    for language in LANGUAGES
    for channel in template.channels
    for piece in PIECES[channel]
]
OPTIONAL = {"name", "institution"}


@pytest.mark.parametrize(("name", "language", "piece"), ALL)
def test_every_piece_renders(name, language, piece):
    text = templates.render(name, language, piece, VALUES)
    assert text.strip()
    assert "{" not in text
    assert "\n" not in text or piece == "text"


@pytest.mark.parametrize(("name", "language", "piece"), [each for each in ALL if each[2] == "sms"])
def test_an_sms_costs_at_most_two_parts_and_tells_nothing_of_the_complaint(name, language, piece):
    text = templates.render(name, language, piece, VALUES)
    assert sms.count(text) <= 2
    assert VALUES["institution"][language] not in text
    assert VALUES["name"] not in text


def test_every_file_belongs_to_a_template():
    expected = {f"{name}.{language}.{piece}.txt" for name, language, piece in ALL}
    assert {path.name for path in templates.DIRECTORY.glob("*.txt")} == expected


@pytest.mark.parametrize("missing", ["tracking_number", "due_date"])
def test_a_missing_value_refuses(missing):
    with pytest.raises(TemplateRefused, match="token_missing"):
        templates.render("promised", "ar", "sms", VALUES | {missing: None})


@pytest.mark.parametrize("optional", sorted(OPTIONAL))
def test_what_may_be_absent_may(optional):
    name = "received" if optional == "name" else "unowned"
    assert templates.render(name, "en", "text", VALUES | {optional: None})


def test_an_unknown_template_refuses():
    with pytest.raises(TemplateRefused, match="template_unknown"):
        templates.render("unowned", "ar", "sms", VALUES)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{ tracking_number }} {{ link }} {{ text }}", "token_unknown"),
        ("{{ tracking_number", "template_malformed"),
        # Known to the email, but an SMS must not name the body.
        ("{{ institution }}", "token_unknown"),
        (None, "template_missing"),
    ],
)
def test_a_wrong_file_is_found_at_start(tmp_path, source, code):
    shutil.copytree(templates.DIRECTORY, tmp_path / "t")
    path = tmp_path / "t" / "assigned.ar.sms.txt"
    path.unlink() if source is None else path.write_text(source, encoding="utf-8")
    with pytest.raises(TemplateRefused, match=code):
        templates.load(tmp_path / "t")


def test_a_template_cannot_reach_beyond_its_values(tmp_path):
    shutil.copytree(templates.DIRECTORY, tmp_path / "t")
    (tmp_path / "t" / "assigned.en.sms.txt").write_text("{{ link.__class__.__mro__ }}", encoding="utf-8")
    piece = templates.load(tmp_path / "t")["assigned", "en", "sms"]
    with pytest.raises(templates.TemplateError):
        piece.render(link="x")


def test_a_value_cannot_break_out_of_its_place():
    text = templates.render(
        "received", "en", "text", VALUES | {"name": "A\r\nBcc: x@y.z\u2028\u202eB" + "x" * 500}
    )
    assert "Dear A Bcc: x@y.z B" in text
    assert len(text.splitlines()[0]) < 220


def test_dates_are_those_of_amman_and_in_words():
    # 22:00 UTC is already the next day in Amman.
    assert "الاثنين 7 كانون الأول 2026" in templates.render("promised", "ar", "sms", VALUES)
    assert "Monday 7 December 2026" in templates.render("promised", "en", "sms", VALUES)


@pytest.mark.parametrize(
    ("cause", "arabic", "english"),
    [
        ("calendar", "أيام الدوام الرسمي", "official working days"),
        ("body", "لدى جهة أخرى", "another body has your request"),
        ("comet", "comet", "comet"),
    ],
)
def test_a_promise_that_moved_says_from_when_to_when_and_why(cause, arabic, english):
    in_arabic = templates.render("promise_moved", "ar", "text", VALUES | {"cause": cause})
    in_english = templates.render("promise_moved", "en", "text", VALUES | {"cause": cause})
    assert all(each in in_arabic for each in (arabic, "الخميس 3 كانون الأول", "الاثنين 7 كانون الأول"))
    assert all(each in in_english for each in (english, "Thursday 3 December", "Monday 7 December"))


@pytest.mark.parametrize(
    ("level", "arabic", "english"),
    [
        (1, "ضابط الارتباط الرئيسي", "the main liaison officer"),
        (2, "مكتب الأمين العام", "secretary-general"),
        (3, "المنسق الحكومي", "the Government Coordinator"),
    ],
)
def test_whoever_complains_is_told_how_high_it_was_raised(level, arabic, english):
    assert arabic in templates.render("escalated", "ar", "text", VALUES | {"level": level})
    assert english in templates.render("escalated", "en", "text", VALUES | {"level": level})


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("name", ["holder_escalated", "desk_escalated", "officer_escalated"])
def test_who_is_told_of_an_escalation_is_told_why(name, language):
    """Each reason that they may be told has words of its own."""
    contract = json.loads(Path("contracts/events/ComplaintEscalated.v1.json").read_text())
    causes = set(contract["properties"]["cause"]["enum"])
    if name == "officer_escalated":
        # Of what nobody has there is no officer to be told.
        causes -= {"unowned", *NOT_FOR_THE_OFFICER}
    said = {templates.render(name, language, "text", VALUES | {"cause": each}) for each in causes}
    assert len(said) == len(causes) > 3


@pytest.mark.parametrize(
    ("cause", "arabic", "english"),
    [
        ("promise", "أو رفض التصعيد", "reject the escalation"),
        ("unowned", "أسنده إلى ضابط", "Give it to an officer"),
        ("arbiter", "حدّد الجهة", "Decide which body"),
        ("no_approver", "اعتمده أو أعِده", "approve it or return it"),
    ],
)
def test_the_holder_is_told_what_can_be_done(cause, arabic, english):
    assert arabic in templates.render("holder_escalated", "ar", "text", VALUES | {"cause": cause})
    assert english in templates.render("holder_escalated", "en", "text", VALUES | {"cause": cause})


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_coordinator_is_told_why_nobody_has_it_in_words(language):
    contract = json.loads(Path("contracts/events/AssignmentFailed.v1.json").read_text())
    reasons = contract["properties"]["reason"]["enum"]
    said = {
        each: templates.render("unowned", language, "text", VALUES | {"reason": each}) for each in reasons
    }
    assert len(set(said.values())) == len(reasons)
    assert not any(reason in text for reason, text in said.items())


def test_messages_about_one_complaint_have_different_references():
    assert len({reference(255, name) for name in TEMPLATES}) == len(TEMPLATES)
    assert {reference(255, name) for name in TEMPLATES} <= set(range(256))
