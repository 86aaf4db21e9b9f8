"""Staff find a complaint by its number, its id, or words of what is open."""

import logging

import pytest

from services.chassis import database
from services.intake import store, store_search
from services.intake.complaint import Progress, first_words
from tests.unit.intake.conftest import headers, submission

WATER = "المياه مقطوعة عن حيّ الأمير منذ أسبوع، والصهريج لم يصل ٣ مرات"
LIGHT = "عمود الإنارة أمام المدرسة مكسور"


@pytest.fixture
def filed(submit, databases):
    """filed(text, institution, …) → (id, number) of a complaint that routing has given to a body."""

    def run(text: str, institution: str | None, status: str = "assigned", **more):
        receipt = submit(submission(text=text, **more))
        newest = "SELECT id::text FROM complaint ORDER BY id DESC LIMIT 1"
        ((identity,),) = databases.rows("intake", newest)
        said(identity, status, institution)
        return identity, receipt.tracking_number

    return run


def said(identity: str, status: str, institution: str | None, sequence: int = 1, receiver: str | None = None):
    from tests.unit.intake.conftest import NOON

    step = Progress(sequence, NOON, status=status, institution=institution, receiver=receiver)
    with database.transaction("intake") as connection:
        store.add_progress(connection, [(identity, step)])


@pytest.fixture
def search(client):
    """search(q, role, institution) → the ids that were found."""

    def run(q: str, role: str = "officer", institution: str | None = "WAJ", **more):
        answer = client.get(
            "/staff/complaints", query_string={"q": q, **more}, headers=headers(role, institution=institution)
        )
        assert answer.status_code == 200, answer.json
        return [each["complaint_id"] for each in answer.json["items"]]

    return run


def test_words_find_what_is_open_at_the_own_body(search, filed):
    water, _ = filed(WATER, "WAJ")
    filed(LIGHT, "GAM")
    for words in (
        "المياه",
        "الصهريج أسبوع",
        "اسبوع مياه",
        "مقطوعه",
        "3 مرات",
        "صهر",
        "بالصهريج",
        "للمياه فالامير",
    ):
        assert search(words) == [water], words
    for words in ("الإنارة", "المياه الإنارة", "قطار", "''", "a & b | !"):
        assert search(words) == [], words
    assert search("المياه", institution="GAM") == search("المياه", institution=None) == []
    assert search("المياه", "coordinator", None) == [water]
    assert search("المياه", "head") == search("المياه", "approver") == [water]


def test_signs_end_words_and_digits_are_the_same_in_either_script(search, filed):
    identity, _ = filed('«النظافة»:والشارع؛الحديقة.الرصيف"البناية"(١٢٣٤٥٦٧٨٩٠)،فالجسر', "GAM")
    for words in ("نظافة", "شارع", "حديقة", "رصيف", "بناية", "1234567890", "١٢٣٤٥٦٧٨٩٠", "جسر"):
        assert search(words, institution="GAM") == [identity], words


def test_titles_and_english_are_found_alike(search, filed):
    identity, _ = filed("The water has been cut for a WEEK.", "WAJ", title="Tank lorry", language="en")
    assert search("week Water") == search("tank") == search("lorr cut") == [identity]


def test_what_is_over_is_found_by_its_number_alone(search, filed):
    identity, number = filed(WATER, "WAJ")
    for q in (number, number.replace("-", "").lower(), identity, identity.upper()):
        assert search(q) == [identity]
        assert search(q, institution="GAM") == []
    for number_of_step, status in enumerate(("accepted", "answered"), start=2):
        said(identity, status, "WAJ", number_of_step)
        assert search("المياه") == ([identity] if status == "accepted" else [])
    assert search(number) == search(identity) == search(identity, "coordinator", None) == [identity]
    assert search("BK-00000-00000-00000") == search("0191d4c0-0000-7000-8000-000000000000") == []
    said(identity, "disputed", "WAJ", 4)
    assert search("المياه") == [identity]


def test_it_is_found_by_the_body_that_is_to_get_it_and_by_nobody_after_it_has_left(search, filed):
    identity, _ = filed(WATER, "WAJ")
    said(identity, "in_transfer", "WAJ", 2, receiver="GAM")
    assert search("المياه") == search("المياه", institution="GAM") == [identity]
    said(identity, "assigned", "GAM", 3)
    assert search("المياه") == []
    assert search("المياه", institution="GAM") == [identity]
    said(identity, "received", None, 4)
    assert search("المياه", institution="GAM") == []
    assert search("المياه", "coordinator", None) == [identity]


def test_pages_go_on_where_the_one_before_ended(client, filed, monkeypatch):
    newest_first = [filed(f"{WATER} {number}", "WAJ")[0] for number in range(5)][::-1]
    for scanned, limit in ((2_000, 2), (2, 2), (2, 1), (1, 5)):
        monkeypatch.setattr(store_search, "SCANNED", scanned)
        found, after = [], None
        while True:
            asked = {"q": "المياه", "limit": limit, **({"after": after} if after else {})}
            page = client.get(
                "/staff/complaints", query_string=asked, headers=headers("officer", institution="WAJ")
            ).json
            found += [each["complaint_id"] for each in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert found == newest_first


def test_what_is_found_says_what_it_is_and_not_who(client, filed):
    filed(WATER, "WAJ")
    (item,) = client.get("/staff/complaints?q=مياه", headers=headers("officer", institution="WAJ")).json[
        "items"
    ]
    assert item["title"] == WATER
    assert item["status"] == {"code": "assigned", "name": "Assigned to an officer"}
    assert set(item) == {
        "complaint_id",
        "title",
        "kind",
        "category",
        "governorate",
        "institution",
        "received_at",
        "status",
    }


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({}, "q", "required"),
        ({"q": " x "}, "q", "too_short"),
        ({"q": "x" * 101}, "q", "too_long"),
        ({"q": "ab\x07"}, "q", "control_character"),
        ({"q": "ab", "after": "here"}, "after", "not_uuid"),
        ({"q": "ab", "limit": 101}, "limit", "out_of_range"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(bare_client, language, query, field, code):
    answer = bare_client.get(
        "/staff/complaints",
        query_string=query,
        headers=headers("officer", language=language, institution="WAJ"),
    )
    assert answer.status_code == 422
    assert [(each["field"], each["code"]) for each in answer.json["errors"]] == [(field, code)]


def test_the_public_does_not_search(bare_client):
    assert bare_client.get("/staff/complaints?q=مياه", headers=headers()).status_code == 403


def test_what_was_looked_for_is_in_no_log(search, filed, caplog, capsys):
    filed(WATER, "WAJ")
    with caplog.at_level(logging.DEBUG):
        search("الصهريج")
    printed = capsys.readouterr()
    assert "الصهريج" not in caplog.text + printed.out + printed.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two", "one two"),
        ("one\ntwo  three", "one two…"),
        ("onetwothree", "onetwoth…"),
        ("a" * 9, "a" * 9),
    ],
)
def test_a_text_is_cut_between_words(text, expected):
    assert first_words(text, 9) == expected
