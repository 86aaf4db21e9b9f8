"""Bodies and the on-call rota from files: what would change, and every line that is wrong."""

from dataclasses import replace
from datetime import UTC, date, datetime

from tests.unit.routing.directory.files.test_importing import (
    KNOWN,
    TODAY,
    A,
    B,
    G,
    body,
    planned,
    unit,
    wrong,
)

BODIES = "code,kind,name_ar,name_en,valid_to,successor"
ROTA = "institution,email,starts_at,ends_at,position"
DUTY = {
    "id": "d0000000-0000-4000-8000-000000000000",
    "institution": "MOH",
    "officer_id": A,
    "starts_at": datetime(2026, 12, 1, 18, tzinfo=UTC),
    "ends_at": datetime(2026, 12, 2, 6, tzinfo=UTC),
    "position": 1,
}
ON_CALL = replace(KNOWN, duties={DUTY["id"]: DUTY})


def test_a_body_is_new_changed_or_ended_for_another():
    made = planned(
        "institutions",
        f"{BODIES}\nWAJ,authority,ب,B,2027-01-01,MWI\nMWI,ministry,م,M,,\nMOH,ministry,أ,A,,\n",
    )
    assert made.errors == []
    assert made.counts() == {"rows": 3, "new": 1, "changed": 0, "unchanged": 1, "ended": 1}
    ended, new = made.changes
    assert (ended.entity, ended.key, ended.after["valid_to"], ended.after["successor"]) == (
        "institution",
        "WAJ",
        date(2027, 1, 1),
        "MWI",
    )
    assert new.after["valid_from"] == TODAY


def test_a_body_with_open_cases_ends_only_for_a_successor():
    busy = replace(KNOWN, busy=frozenset({"WAJ"}))
    line = "{},ministry,أ,A,2027-01-01,{}"
    assert wrong("institutions", f"{BODIES}\n{line.format('WAJ', '')}\n{line.format('GAM', '')}", busy) == [
        (2, "valid_to", "institution_has_cases")
    ]
    assert wrong("institutions", f"{BODIES}\n{line.format('WAJ', 'MOH')}", busy) == []


def test_bodies_that_would_succeed_one_another_are_refused_with_all_of_their_lines():
    lines = [
        f"{one},ministry,أ,A,2027-0{n}-01,{two}"
        for n, (one, two) in enumerate((("MOH", "GAM"), ("WAJ", "MOH"), ("GAM", "WAJ")), 1)
    ]
    errors = planned("institutions", "\n".join([BODIES, *lines])).errors
    assert {(each.row, each.code, each.rows) for each in errors} == {
        (row, "successor_cycle", (2, 3, 4)) for row in (2, 3, 4)
    }


def test_what_contradicts_itself_is_refused():
    line = "WAJ,ministry,أ,A,{},{}"
    cases = {
        line.format("", "MOH"): ("valid_to", "required"),
        line.format("2027-01-01", "NOBODY"): ("successor", "unknown_institution"),
        line.format("2020-01-01", ""): ("valid_to", "ends_before_it_begins"),
        line.format("2026-11-22", ""): ("valid_to", "in_the_past"),
        line.format("2027-01-01", "WAJ"): ("successor", "successor_cycle"),
        "WAJ,palace,أ,A,,": ("kind", "not_kind"),
    }
    for text, (column, code) in cases.items():
        assert wrong("institutions", f"{BODIES}\n{text}") == [(2, column, code)], text
    over = replace(KNOWN, institutions={**KNOWN.institutions, "GAM": body("GAM", valid_to=date(2026, 12, 1))})
    assert wrong("institutions", f"{BODIES}\n{line.format('2026-12-01', 'GAM')}", over) == [
        (2, "successor", "successor_over")
    ]


def test_units_above_one_another_are_refused_with_the_lines_of_the_circle():
    known = replace(
        KNOWN, units={each["code"]: each for each in (unit("MOH-0"), unit("MOH-1", parent="MOH-0"))}
    )
    head = "code,institution,parent,name_ar,name_en"
    errors = planned(
        "units",
        f"{head}\nMOH-3,MOH,MOH-2,أ,A\nMOH-9,MOH,MOH-3,أ,A\nMOH-2,MOH,MOH-1,أ,A\nMOH-0,MOH,MOH-3,أ,A",
        known,
    ).errors
    assert [(each.row, each.code, each.rows) for each in errors] == [
        (row, "unit_cycle", (2, 4, 5)) for row in (2, 3, 4, 5)
    ]
    assert errors[0].message == {
        "ar": "تصبح الوحدة بهذا فوق نفسها. (الصفوف 2، 4، 5)",
        "en": "The unit would come to stand above itself. (rows 2, 4, 5)",
    }


def test_a_turn_is_new_the_same_or_another_officers():
    made = planned(
        "on_call",
        f"{ROTA}\nMOH,b@example.org,2026-12-01 21:00,2026-12-02T06:00:00Z,١\n"
        ",c@example.org,02/12/2026 08:00,2026-12-03,1\n",
        ON_CALL,
    )
    assert made.errors == []
    changed, new = made.changes
    assert (changed.key, changed.before, changed.after["officer_id"]) == (DUTY["id"], DUTY, B)
    assert (new.after["institution"], new.after["officer_id"]) == (None, G)
    # A time without a zone is that of the clock on the wall in Amman.
    assert new.after["starts_at"] == datetime(2026, 12, 2, 5, tzinfo=UTC)
    again = replace(KNOWN, duties={each.key: each.after for each in made.changes})
    text = f"{ROTA}\nMOH,b@example.org,2026-12-01 21:00,2026-12-02T06:00:00Z,1"
    assert planned("on_call", text, again).counts()["unchanged"] == 1


def test_a_turn_that_is_named_by_its_id_keeps_what_the_file_does_not_say():
    text = (
        f"id,email,starts_at,ends_at,position\n{DUTY['id']},a@example.org,2026-12-01 21:00,2026-12-02 10:00,1"
    )
    (change,) = planned("on_call", text, ON_CALL).changes
    assert (change.after["institution"], change.after["ends_at"]) == (
        "MOH",
        datetime(2026, 12, 2, 7, tzinfo=UTC),
    )


def test_turns_that_cannot_be_are_refused():
    usual = {
        "institution": "MOH",
        "email": "a@example.org",
        "starts_at": "2026-12-01 23:00",
        "ends_at": "2026-12-02 01:00",
        "position": "1",
    }
    cases = (
        ({}, ("position", "duty_taken")),
        ({"institution": "GAM"}, ("officer_id", "officer_elsewhere")),
        ({"institution": "NOBODY"}, ("institution", "unknown_institution")),
        ({"email": "x@example.org"}, ("email", "unknown_officer")),
        ({"email": ""}, ("email", "required")),
        ({"ends_at": "2026-12-01 22:00", "position": "2"}, ("ends_at", "ends_before_it_begins")),
        ({"starts_at": "25:00"}, ("starts_at", "not_moment")),
        ({"starts_at": "2026-12-01 25:00"}, ("starts_at", "not_moment")),
        ({"position": "0"}, ("position", "not_number")),
    )
    for changes, (column, code) in cases:
        line = ",".join((usual | changes)[name] for name in ROTA.split(","))
        assert wrong("on_call", f"{ROTA}\n{line}", ON_CALL) == [(2, column, code)], changes
    twice = "MOH,b@example.org,2026-12-05 20:00,2026-12-06 08:00,1"
    assert wrong("on_call", f"{ROTA}\n{twice}\n{twice}", ON_CALL) == [(3, "starts_at", "duplicate_row")]
