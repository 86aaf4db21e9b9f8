"""The plan of a file against a small directory: what it would change, and every line that is wrong."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.directory.files import cells
from services.routing.directory.files.importing import plan
from services.routing.directory.files.sheet import read_csv, read_rows
from services.routing.directory.plan import Known
from services.routing.directory.refusals import TEXTS, Refused

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = NOW.date()
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
OLD = date(2020, 1, 1)


def officer(identity: str, institution: str = "MOH", **changes) -> dict:
    row = {
        "id": identity,
        "institution": institution,
        "unit": None,
        "rank": "sub",
        "name_ar": "أ",
        "name_en": "A",
        "email": f"{identity[0]}@example.org",
        "phone": "+962773000001",
        "languages": ["ar"],
        "valid_from": OLD,
        "valid_to": None,
    }
    return {**row, **changes}


def body(code: str, **changes) -> dict:
    row = {
        "code": code,
        "kind": "ministry",
        "governorate": None,
        "name_ar": "أ",
        "name_en": "A",
        "valid_from": OLD,
        "valid_to": None,
        "successor": None,
    }
    return {**row, **changes}


def unit(code: str, institution: str = "MOH", parent: str | None = None) -> dict:
    return {
        "code": code,
        "institution": institution,
        "parent": parent,
        "name_ar": "أ",
        "name_en": "A",
        "governorate": None,
        "valid_from": OLD,
        "valid_to": None,
    }


def rule(identity: str, institution: str = "MOH", **changes) -> dict:
    row = {
        "id": identity,
        "category": identity.partition("#")[0],
        "governorate": None,
        "institution": institution,
        "priority": 10,
        "valid_from": LONG_AGO,
        "valid_to": None,
    }
    return {**row, **changes}


A, B, G = (f"{letter}0000000-0000-4000-8000-000000000000" for letter in "abc")
LEAVE = {
    "id": "l1",
    "officer_id": A,
    "first_day": TODAY,
    "last_day": TODAY + timedelta(days=4),
    "cover_id": None,
}
KNOWN = Known(
    institutions={code: body(code) for code in ("MOH", "GAM", "WAJ")},
    units={
        each["code"]: each for each in (unit("MOH-1"), unit("MOH-2", parent="MOH-1"), unit("GAM-1", "GAM"))
    },
    officers={each["id"]: each for each in (officer(A), officer(B), officer(G, "GAM"))},
    rules={each["id"]: each for each in (rule("health.care#1"), rule("roads.damage#7", "GAM"))},
    leaves={"l1": LEAVE},
    certificates={
        (A, "rights", OLD): {"officer_id": A, "part": "rights", "issued_on": OLD, "expires_on": TODAY}
    },
)
OFFICERS = "email,institution,rank,name_ar,name_en,phone,languages"


def planned(kind: str, text: str, known: Known = KNOWN):
    ids = (f"new{number}" for number in count(1))
    return plan(kind, read_csv(text), known, now=NOW, make_id=lambda: next(ids))


def wrong(kind: str, text: str, known: Known = KNOWN) -> list[tuple[int, str | None, str]]:
    return [(each.row, each.column, each.code) for each in planned(kind, text, known).errors]


def test_new_changed_unchanged_and_ended_are_told_apart():
    made = planned(
        "officers",
        f"{OFFICERS},valid_to\n"
        "A@EXAMPLE.ORG,MOH,sub,أ,A,+962773000001,ar,\n"
        "b@example.org,MOH,sub,أ,B,+962773000001,ar,\n"
        "c@example.org,GAM,sub,أ,A,+962773000001,ar,2026-12-01\n"
        "d@example.org,MOH,approver,د,D,0773000004,ar en,\n",
    )
    assert made.errors == []
    # The address of the first differs in its letters alone, and is changed to what the file says.
    assert made.counts() == {"rows": 4, "new": 1, "changed": 2, "unchanged": 0, "ended": 1}
    new = made.changes[-1]
    assert (new.before, new.after["id"], new.after["rank"]) == (None, "new1", "approver")
    assert (new.after["phone"], new.after["languages"]) == ("+962773000004", ["ar", "en"])
    assert new.after["valid_from"] == TODAY


def test_columns_that_a_file_does_not_have_stay_as_they_are():
    known = KNOWN.officers | {A: officer(A, unit="MOH-1", valid_to=date(2027, 1, 1))}
    made = planned(
        "officers",
        f"{OFFICERS}\na@example.org,MOH,sub,أ,A,+962773000001,ar",
        Known(KNOWN.institutions, KNOWN.units, known, {}, {}, {}),
    )
    assert made.counts()["unchanged"] == 1


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        ("x@example.org,NONE,sub,أ,A,+962773000001,ar", "institution", "unknown_institution"),
        ("x@example.org,moh,sub,أ,A,+962773000001,ar", "institution", "not_code"),
        ("x@example.org,MOH,boss,أ,A,+962773000001,ar", "rank", "not_rank"),
        ("x@example.org,MOH,sub,,A,+962773000001,ar", "name_ar", "required"),
        ("x@example.org,MOH,sub,أ,A,12,ar", "phone", "not_phone"),
        ("x@example.org,MOH,sub,أ,A,+962773000001,xyz", "languages", "not_language"),
        ("no address,MOH,sub,أ,A,+962773000001,ar", "email", "not_email"),
        ("a@example.org,GAM,sub,أ,A,+962773000001,ar", "institution", "officer_moves"),
        ("x@example.org,MOH,sub,'=1+1,A,+962773000001,ar", "name_ar", "formula"),
        ("x@example.org,MOH,sub,أ,A,+962773000001,ar,more", None, "too_many_cells"),
        (f"x@example.org,MOH,sub,أ,{'A' * 600},+962773000001,ar", "name_en", "too_long"),
        ("x@example.org,MOH,sub,أ,A\x07,+962773000001,ar", "name_en", "forbidden_character"),
    ],
)
def test_a_wrong_line_is_named_with_its_column(line, column, code):
    assert wrong("officers", f"{OFFICERS}\n{line}") == [(2, column, code)]


def test_columns_are_checked_before_lines():
    assert wrong("officers", "email,salary\nx,1") == [
        (1, "salary", "unknown_column"),
        *(
            (1, name, "missing_column")
            for name in ("institution", "rank", "name_ar", "name_en", "phone", "languages")
        ),
    ]


def test_two_officers_cannot_have_one_address_and_two_lines_cannot_be_about_one_officer():
    line = "x@example.org,MOH,sub,أ,A,+962773000001,ar"
    assert wrong("officers", f"{OFFICERS}\n{line}\n{line}") == [(3, "email", "duplicate_row")]
    # By id, the address of somebody else.
    text = f"id,{OFFICERS}\n{A},b@example.org,MOH,sub,أ,A,+962773000001,ar"
    assert wrong("officers", text) == [(2, "email", "duplicate_email")]
    swapped = f"{text}\n{B},a@example.org,MOH,sub,أ,A,+962773000001,ar"
    assert wrong("officers", swapped) == []
    assert wrong("officers", f"id,{OFFICERS}\n{'f' + A[1:]},{line}") == [(2, "id", "unknown_officer")]


def test_who_has_left_one_body_may_come_to_another():
    known = {A: officer(A, valid_to=date(2026, 11, 1))}
    made = planned(
        "officers",
        f"{OFFICERS}\na@example.org,GAM,sub,أ,A,+962773000001,ar",
        Known(KNOWN.institutions, {}, known, {}, {}, {}),
    )
    assert (made.errors, made.counts()["new"]) == ([], 1)


def test_units_may_stand_in_any_order_and_never_above_themselves():
    head = "code,institution,parent,name_ar,name_en\n"
    assert wrong("units", head + "MOH-4,MOH,MOH-3,أ,A\nMOH-3,MOH,MOH-1,أ,A") == []
    assert wrong("units", head + "MOH-1,MOH,MOH-2,أ,A") == [(2, "parent", "unit_cycle")]
    assert wrong("units", head + "MOH-9,MOH,MOH-9,أ,A") == [(2, "parent", "unit_cycle")]
    assert wrong("units", head + "MOH-9,MOH,GAM-1,أ,A") == [(2, "parent", "unit_elsewhere")]
    assert wrong("units", head + "MOH-9,MOH,NO-1,أ,A") == [(2, "parent", "unknown_unit")]
    chain = "\n".join(f"X{number},MOH,X{number + 1},أ,A" for number in range(30))
    assert wrong("units", f"{head}{chain}\nX30,MOH,,أ,A")[0] == (2, "parent", "unit_too_deep")
    assert wrong("units", head + "MOH-1,GAM,,أ,A") == [
        (2, "institution", "unit_moves"),
    ]


def test_a_rule_is_ended_and_never_rewritten():
    head = "id,category,institution,priority,valid_from,valid_to\n"
    kept = planned("rules", head + "health.care#1,health.care,MOH,10,2020-01-01T00:00:00Z,")
    assert kept.counts()["unchanged"] == 1
    ended = planned("rules", head + "health.care#1,health.care,MOH,10,,٢٠٢٧-٠١-٠١")
    assert ended.counts()["ended"] == 1
    assert wrong("rules", head + "health.care#1,health.care,GAM,10,,") == [(2, "institution", "rule_fixed")]
    assert wrong("rules", head + "health.care#1,health.care,MOH,10,,2026-01-01") == [
        (2, "valid_to", "in_the_past")
    ]


def test_a_rule_replaces_another_from_its_first_moment():
    head = "category,governorate,institution,priority,valid_from,replaces\n"
    made = planned("rules", head + "health.care,,GAM,10,2026-12-01,health.care#1")
    (ended, new) = made.changes
    assert made.errors == []
    assert ended.key == "health.care#1"
    assert ended.after["valid_to"] == new.after["valid_from"]
    assert (new.key, new.after["institution"]) == ("health.care#2", "GAM")
    assert wrong("rules", head + "health.care,,GAM,10,2026-11-01,") == [(2, "valid_from", "in_the_past")]
    assert wrong("rules", head + "health.care,,GAM,10,,none#1") == [(2, "replaces", "unknown_rule")]
    assert wrong("rules", head + "health.care,,GAM,10,,roads.damage#7") == [
        (2, "replaces", "rule_of_another_category")
    ]
    twice = "health.care,,GAM,10,2026-12-01,health.care#1\nhealth.care,,GAM,20,2026-12-02,health.care#1"
    assert wrong("rules", head + twice) == [(3, "replaces", "rule_over")]
    assert wrong("rules", head + "health.care,JO-XX,GAM,10,,") == [(2, "governorate", "unknown_governorate")]


def test_today_means_now():
    (change,) = planned("rules", "category,institution,priority,valid_from\nx,MOH,1,2026-11-23").changes
    assert change.after["valid_from"] == NOW


def test_leave_of_one_officer_does_not_overlap_whatever_the_order_of_the_lines():
    head = "email,first_day,last_day,cover\n"
    assert wrong("leave", head + "a@example.org,2026-11-27,2026-11-30,") == [
        (2, "first_day", "leave_overlaps")
    ]
    # The first leave is cut short in the same file.
    both = "a@example.org,2026-11-27,2026-11-30,\na@example.org,2026-11-23,2026-11-25,b@example.org"
    made = planned("leave", head + both)
    assert made.errors == []
    assert made.counts() == {"rows": 2, "new": 1, "changed": 1, "unchanged": 0, "ended": 0}
    for line, column, code in (
        ("b@example.org,2026-11-30,2026-11-29,", "last_day", "ends_before_it_begins"),
        ("b@example.org,2026-11-30,2028-11-29,", "last_day", "leave_too_long"),
        ("b@example.org,2026-11-30,2026-11-30,b@example.org", "cover", "cover_is_self"),
        ("b@example.org,2026-11-30,2026-11-30,c@example.org", "cover", "cover_elsewhere"),
        ("z@example.org,2026-11-30,2026-11-30,", "email", "unknown_officer"),
        (",2026-11-30,2026-11-30,", "email", "required"),
    ):
        assert wrong("leave", head + line) == [(2, column, code)]


def test_certificates_are_issued_by_today_and_run():
    head = f"officer_id,part,issued_on,expires_on\n{A},rights,"
    assert planned("certificates", head + f"2020-01-01,{TODAY}").counts()["unchanged"] == 1
    assert planned("certificates", head + "2020-01-01,2027-01-01").counts()["changed"] == 1
    assert wrong("certificates", head + "2027-01-01,2028-01-01") == [(2, "issued_on", "in_the_future")]
    assert wrong("certificates", head + "2026-01-01,2026-01-01") == [
        (2, "expires_on", "ends_before_it_begins")
    ]


TEXTS_OF_CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "MOH", "MOH-1", "a@example.org", "sub", "ar en", "10", "rights", "JO-AM", A]),
    st.sampled_from(["2026-11-23", "٢٣/١١/٢٠٢٦", "9999-12-31", "0001-01-01T00:00:00+14:00", "+962773000001"]),
    st.sampled_from(["health.care", "health.care#1", "=1+1", "'=1+1"]),
)


@given(st.sampled_from(cells.KINDS), st.data())
def test_whatever_stands_in_a_file_is_planned_or_refused(kind, data):
    columns = [column.name for column in cells.COLUMNS[kind]]
    row = st.lists(TEXTS_OF_CELLS, min_size=len(columns), max_size=len(columns) + 1)
    rows = data.draw(st.lists(row.filter(lambda texts: any(map(str.strip, texts))), min_size=1, max_size=4))
    try:
        sheet = read_rows([columns, *rows])
    except Refused:
        # Nothing but marks of direction: there are no rows.
        return
    ids = (f"new{number}" for number in count(1))
    made = plan(kind, sheet, KNOWN, now=NOW, make_id=lambda: next(ids))
    assert all(error.as_dict()["message"]["ar"] for error in made.errors)
    assert set(made.counts()) == {"rows", "new", "changed", "unchanged", "ended"}


def test_every_reason_is_told_in_both_languages():
    for code, text in TEXTS.items():
        assert any("\u0600" <= letter <= "\u06ff" for letter in text.ar), code
        assert text.en.isprintable(), code
        assert text.en.endswith("."), code
