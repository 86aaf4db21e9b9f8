"""The HTTP resources of intake through the real app, on a real database."""

import json
import re
from contextlib import contextmanager
from datetime import timedelta

import pytest

from services.chassis import database
from services.intake.catalogue import CATEGORIES, CONCERNED_GROUPS, RIGHTS_CODES, URGENT_GROUNDS
from tests.unit.intake.conftest import NOON, headers
from tests.unit.intake.test_progress import assigned, deliver, promised

BODY = {"category": "water.outage", "governorate": "JO-IR", "text": "المياه مقطوعة عن الحي منذ أسبوع"}
PERSON = {"name": "سارة الخطيب", "phone": "٠٧٩١٢٣٤٥٦٧", "email": "sara@example.com"}
ARABIC = re.compile(r"[\u0600-\u06ff]")


def post(client, body=None, key=None, **options):
    extra = {"Idempotency-Key": key} if key is not None else {}
    return client.post("/complaints", json=BODY if body is None else body, headers=headers(**options) | extra)


def refused(answer, field, code):
    """The 422 names the field and the code."""
    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"
    errors = {each["field"]: each["code"] for each in answer.json["errors"]}
    assert errors.get(field) == code, errors
    return next(each["message"] for each in answer.json["errors"] if each["field"] == field)


def test_handing_in_and_following(client, databases):
    answer = post(client, BODY | {"complainant": PERSON})
    assert answer.status_code == 201, answer.text
    number = answer.json["tracking_number"]
    assert re.fullmatch(r"BK(-[0-9A-Z]{5}){3}", number)
    assert answer.headers["Location"] == answer.json["links"]["self"] == f"/v1/complaints/{number}"
    assert answer.json["status"] == {"code": "received", "name": "Received"}
    assert answer.headers["Cache-Control"] == "no-store"
    typed = number.lower().replace("-", " ")
    shown = client.get(f"/complaints/{typed}", headers=headers(language="ar"))
    assert shown.status_code == 200
    assert shown.json == {
        "tracking_number": number,
        "kind": "complaint",
        "category": "water.outage",
        "governorate": "JO-IR",
        "status": {"code": "received", "name": "مستلمة"},
        "institution": None,
        "institution_name": None,
        "due_at": None,
        "received_at": answer.json["received_at"],
        "history": [{"status": "received", "at": answer.json["received_at"]}],
        "reason": None,
        "history_hash": None,
        "conversation": [],
        "actions": ["withdrawal"],
    }
    assert databases.rows("intake", "SELECT language FROM complaint") == [("en",)]


@pytest.mark.parametrize("letter", ["م", "🚰"])
def test_the_longest_text_is_taken_in_its_longest_spelling(client, letter):
    raw = json.dumps(BODY | {"text": letter * 10_000, "complainant": PERSON}, ensure_ascii=True)
    assert "\\u" in raw
    answer = client.post("/complaints", data=raw, content_type="application/json", headers=headers())
    assert answer.status_code == 201, answer.text


def test_what_routing_says_is_shown_in_the_language_of_the_request(client, databases):
    number = post(client).json["tracking_number"]
    [(complaint_id,)] = databases.rows("intake", "SELECT id::text FROM complaint")
    deliver([assigned(complaint_id, 1), promised(complaint_id, 2)])
    for language, name in (("ar", "سلطة المياه"), ("en", "Water Authority")):
        shown = client.get(f"/complaints/{number}", headers=headers(language=language)).json
        assert (shown["institution"], shown["institution_name"]) == ("WAJ", name)
        assert shown["status"]["code"] == "assigned"
        assert shown["due_at"] == (NOON + timedelta(days=9, minutes=2)).isoformat()
        assert [line["status"] for line in shown["history"]] == ["received", "assigned"]


def test_an_anonymous_complaint_gets_a_receipt_that_finds_it(client):
    receipt = post(client).json["tracking_number"]
    assert re.fullmatch(r"\d{4}(-\d{4}){3}", receipt)
    for typed in (
        receipt,
        receipt.replace("-", ""),
        receipt.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    ):
        assert client.get(f"/complaints/{typed}", headers=headers()).status_code == 200


def test_unknown_and_mistyped_numbers_are_answered_alike(client):
    number = post(client).json["tracking_number"]
    unknown = "1234-5678-9012-3450"
    mistyped = number[:-1] + str((int(number[-1]) + 1) % 10)
    answers = [
        client.get(f"/complaints/{typed}", headers=headers())
        for typed in (unknown, mistyped, "x", "BK-", "%00", "1" * 300)
    ]
    bodies = [{**answer.json, "correlation_id": None} for answer in answers if answer.status_code == 404]
    assert len(bodies) == 5
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0]["code"] == "complaint_not_found"
    assert answers[4].status_code == 400


def test_the_same_key_gives_the_same_answer(client, databases):
    first, again = post(client, key="a key"), post(client, key="a key")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    assert first.headers["Location"] == again.headers["Location"]
    changed = post(client, BODY | {"text": "شيء آخر تمامًا هنا"}, key="a key", language="ar")
    assert (changed.status_code, changed.json["code"]) == (422, "idempotency_key_reused")
    assert ARABIC.search(changed.json["detail"])
    assert databases.rows("intake", "SELECT count(*) FROM complaint") == [(1,)]


def test_the_same_in_other_words_is_the_same_body(client):
    """Retries go through proxies and libraries that reorder fields and escape characters."""
    spaced = {
        "text": "  " + BODY["text"] + "\n",
        "governorate": "JO-IR",
        "category": "water.outage",
        "kind": "complaint",
    }
    first = post(client, BODY | {"complainant": {"phone": "0791234567"}}, key="k")
    again = post(client, spaced | {"complainant": {"phone": "+962 79 123 4567"}}, key="k", language="ar")
    assert again.json["tracking_number"] == first.json["tracking_number"]


@pytest.mark.parametrize("key", ["", " ", "a" * 201, "a\tb", "مفتاح"])
def test_a_key_that_is_none_is_refused(bare_client, key):
    answer = bare_client.post(
        "/complaints", json=BODY, headers=headers(), environ_overrides={"HTTP_IDEMPOTENCY_KEY": key}
    )
    refused(answer, "Idempotency-Key", "idempotency_key_invalid")


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"category": "water.nothing"}, "category", "unknown_category"),
        ({"category": 7}, "category", "not_text"),
        ({"governorate": "JO-XX"}, "governorate", "unknown_governorate"),
        ({"kind": "rumour"}, "kind", "unknown_value"),
        ({"channel": "pigeon"}, "channel", "unknown_value"),
        ({"language": "fr"}, "language", "unknown_value"),
        ({"text": "قصير"}, "text", "too_short"),
        ({"text": " " * 50}, "text", "too_short"),
        ({"text": "e\u0301" * 9}, "text", "too_short"),
        ({"text": "ا" * 10_001}, "text", "too_long"),
        ({"text": "bell \u0007 rings here"}, "text", "control_character"),
        ({"text": "zero \u0000 byte here"}, "text", "forbidden_character"),
        ({"text": 1234567890123}, "text", "not_text"),
        ({"text": None}, "text", "null"),
        ({"title": "x" * 201}, "title", "too_long"),
        ({"title": "one\r\nBcc: a@example.com"}, "title", "control_character"),
        ({"surprise": 1}, "surprise", "unknown_field"),
        ({"complainant": {}}, "complainant", "contact_missing"),
        ({"complainant": {"name": " ", "phone": "", "email": ""}}, "complainant", "contact_missing"),
        ({"complainant": []}, "complainant", "not_object"),
        ({"complainant": {"phone": "12"}}, "complainant.phone", "not_phone"),
        ({"complainant": {"email": "a@b"}}, "complainant.email", "not_email"),
        ({"complainant": {"email": "a@example.com\r\nBcc: b@example.com"}}, "complainant.email", "not_email"),
        ({"complainant": {"name": "a\nBcc: b@example.com"}}, "complainant.name", "control_character"),
        ({"complainant": {"name": "x" * 121}}, "complainant.name", "too_long"),
        (
            {"complainant": {"name": "x", "contact_preference": "owl"}},
            "complainant.contact_preference",
            "unknown_value",
        ),
        ({"complainant": {"name": "x", "national_id": "1"}}, "complainant.national_id", "unknown_field"),
        ({"rights_codes": ["CP-NONE"]}, "rights_codes.0", "unknown_right"),
        ({"rights_codes": ["CP-LIFE", "CP-LIFE"]}, "rights_codes", "twice"),
        ({"rights": False, "rights_codes": ["CP-LIFE"]}, "rights", "rights_contradicted"),
        ({"groups": ["tall"]}, "groups.0", "unknown_group"),
        ({"urgent": "very"}, "urgent", "unknown_ground"),
        ({"accused": [{}]}, "accused.0", "accused_missing"),
        ({"accused": [{"person": " "}]}, "accused.0", "accused_missing"),
        ({"accused": [{"institution": "waj"}]}, "accused.0.institution", "code_malformed"),
        ({"accused": [{"unit": "WAJ IR"}]}, "accused.0.unit", "code_malformed"),
        ({"accused": [{"institution": "WAJ"}] * 11}, "accused", "too_many"),
    ],
)
def test_bad_input_is_refused_in_both_languages(bare_client, change, field, code):
    arabic = refused(post(bare_client, BODY | change, language="ar"), field, code)
    english = refused(post(bare_client, BODY | change), field, code)
    assert ARABIC.search(arabic)
    assert not ARABIC.search(english)


@pytest.mark.parametrize("name", ["category", "governorate", "text"])
def test_what_is_missing_is_named(bare_client, name):
    refused(post(bare_client, {key: value for key, value in BODY.items() if key != name}), name, "required")


@pytest.mark.parametrize("length", [10, 10_000])
def test_the_limits_of_the_text_are_counted_after_cleaning(client, databases, length):
    text = "\u202b  " + "ا" * (length - 1) + "cafe\u0301"[3:] + " \u202c\n"
    assert post(client, BODY | {"text": text}).status_code == 201
    [(stored,)] = databases.rows("intake", "SELECT text FROM complaint")
    assert len(stored) == length


def test_staff_read_the_text_and_never_the_contact(client, databases):
    post(client, BODY | {"complainant": PERSON, "title": "انقطاع"})
    [(complaint_id,)] = databases.rows("intake", "SELECT id::text FROM complaint")
    deliver([assigned(complaint_id, 1)])
    path = f"/staff/complaints/{complaint_id}"
    for who in (headers("coordinator"), headers("officer", institution="WAJ")):
        answer = client.get(path, headers=who)
        assert answer.status_code == 200
        assert (answer.json["text"], answer.json["title"]) == (BODY["text"], "انقطاع")
        assert answer.json["status"]["code"] == "assigned"
        assert (answer.json["service"], answer.json["rights"], answer.json["accused"]) == (True, False, [])
        for secret in ("سارة", "791234567", "sara@example.com", "BK-"):
            assert secret not in answer.text
    for who in (headers("officer", institution="MOH"), headers("officer")):
        answer = client.get(path, headers=who)
        assert (answer.status_code, answer.json["code"]) == (404, "complaint_not_found")
    assert client.get(path, headers=headers("public")).status_code == 403
    assert client.get(path).status_code == 401


def test_a_stranger_hands_nothing_in(bare_client):
    assert bare_client.post("/complaints", json=BODY).status_code == 401


@pytest.mark.parametrize(
    ("said", "service", "rights"),
    [
        ({}, True, False),
        ({"rights": True}, False, True),
        ({"rights_codes": ["ES-EDU"]}, False, True),
        ({"service": True, "rights": True}, True, True),
        ({"service": False}, False, False),
    ],
)
def test_a_flag_that_is_left_out_follows_from_the_other(client, databases, said, service, rights):
    assert post(client, BODY | said).status_code == 201
    assert databases.rows("intake", "SELECT service, rights FROM complaint") == [(service, rights)]


def test_the_same_key_with_other_flags_is_another_body(client):
    assert post(client, key="k").status_code == 201
    assert post(client, BODY | {"service": True, "accused": []}, key="k").status_code == 201
    changed = post(client, BODY | {"accused": [{"person": "سالم الزعبي"}]}, key="k")
    assert (changed.status_code, changed.json["code"]) == (422, "idempotency_key_reused")


def test_rights_and_grounds_are_listed(bare_client):
    listed = bare_client.get("/rights-codes", headers=headers()).json
    assert [row["code"] for row in listed["codes"]] == list(RIGHTS_CODES)
    assert listed["codes"][0]["constitution"] == ["8"]
    assert [row["code"] for row in listed["urgent_grounds"]] == list(URGENT_GROUNDS)
    assert {row["code"] for row in listed["groups"]} == set(CONCERNED_GROUPS)


def test_categories_and_governorates_are_listed(bare_client):
    listed = bare_client.get("/categories", headers=headers())
    assert [row["code"] for row in listed.json] == list(CATEGORIES)
    assert listed.json[0] == {
        "code": "water.outage",
        "name": {"ar": "انقطاع المياه أو ضعفها", "en": "Water cut or weak supply"},
        "group": {"code": "water", "name": {"ar": "المياه والصرف الصحي", "en": "Water and sewage"}},
        "kind_hint": "complaint",
    }
    assert "max-age" in listed.headers["Cache-Control"]
    assert len(bare_client.get("/governorates", headers=headers()).json) == 12


def test_a_database_that_is_away_is_said_and_nothing_is_half_written(client, databases, environment):
    environment({"DATABASE_URL_INTAKE": "postgresql://nobody@127.0.0.1:1/nothing"})
    answer = post(client)
    assert (answer.status_code, answer.json["code"]) == (503, "database_unavailable")
    assert "Retry-After" in answer.headers


def test_the_document_describes_every_route(bare_client):
    document = bare_client.get("/openapi.json").json
    assert {"/complaints", "/complaints/{typed}", "/categories", "/governorates"} <= set(document["paths"])
    assert document["openapi"] == "3.1.0"
    assert "Idempotency-Key" in json.dumps(document["paths"]["/complaints"])


def test_a_lost_answer_is_never_a_second_complaint(client, databases, monkeypatch):
    """The commit succeeds and the word of it is lost on the way: the retry finds what was done."""
    single = database.single

    @contextmanager
    def losing(service):
        with single(service) as connection:
            yield connection
        raise database.DatabaseUnavailable("silence")

    with monkeypatch.context() as patched:
        patched.setattr(database, "single", losing)
        assert post(client, key="k").status_code == 503
    assert post(client, key="k").status_code == 201
    assert databases.rows("intake", "SELECT count(*) FROM complaint") == [(1,)]
