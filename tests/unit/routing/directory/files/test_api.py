"""Files into the directory over HTTP: tried first, carried out whole or not at all, and out and in again without a difference."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.chassis import database
from services.chassis.actor import Actor
from services.chassis.clock import now
from services.routing.directory.files import cells, exporting, sheet
from services.routing.directory.files import handlers as handlers_import

COORDINATOR = Actor("c", frozenset({"coordinator"}))
HEAD = "email,institution,rank,name_ar,name_en,phone,languages"
GOOD = "new.one@example.org,MOH,approver,سلمى,Salma,+962773009001,ar en"
BAD = "new.two@example.org,NOWHERE,sub,هيا,Haya,12,ar"
TABLES = ("officer", "unit", "rule", "officer_leave", "certificate", "directory_change")


@pytest.fixture
def send(ask):
    """send(kind, content, **more) → (status, body)."""

    def post(kind, content, who=COORDINATOR, language="en", **more):
        return ask(who, "POST", "/import", {"kind": kind, "content": content, **more}, language)

    return post


@pytest.fixture
def state(routing):
    """state() → all rows of the directory."""
    return lambda: [routing.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]


def export(kind: str, format: str = "csv") -> bytes:
    with database.transaction("routing") as connection:
        return exporting.export(connection, kind, format, contacts=True)


def counts(plan: dict) -> dict[str, int]:
    return {name: plan[name] for name in ("new", "changed", "unchanged", "ended")}


def test_a_dry_run_changes_nothing_and_tells_what_would_change(send, state):
    before = state()
    status, plan = send("officers", f"{HEAD}\n{GOOD}\n{BAD}")
    assert (status, plan["applied"], plan["rows"], plan["new"]) == (200, False, 2, 1)
    assert [(each["row"], each["column"], each["code"]) for each in plan["errors"]] == [
        (3, "phone", "not_phone")
    ]
    assert set(plan["errors"][0]["message"]) == {"ar", "en"}
    assert state() == before


def test_half_a_file_is_never_carried_out(send, state):
    before = state()
    for language, word in (("en", "nothing has changed"), ("ar", "لم يتغير شيء")):
        status, problem = send("officers", f"{HEAD}\n{GOOD}\n{BAD}", language=language, apply=True)
        assert (status, problem["code"]) == (422, "import_refused")
        assert word in problem["detail"]
        assert problem["errors"][0]["field"] == "3.phone"
    assert state() == before


def test_a_file_carried_out_twice_is_carried_out_once(send, state, routing):
    text = f"{HEAD}\n{GOOD}"
    status, plan = send("officers", text, apply=True)
    assert (status, plan["applied"], counts(plan)) == (
        200,
        True,
        {"new": 1, "changed": 0, "unchanged": 0, "ended": 0},
    )
    after = state()
    assert counts(send("officers", text, apply=True)[1]) == {
        "new": 0,
        "changed": 0,
        "unchanged": 1,
        "ended": 0,
    }
    assert state() == after
    assert routing.rows(
        "SELECT entity, actor, before, after ->> 'name_ar' FROM directory_change ORDER BY number DESC LIMIT 1"
    ) == [("officer", "c", None, "سلمى")]


def test_two_at_once_carry_a_file_out_once(routing):
    rows = sheet.read_csv(f"{HEAD}\n{GOOD}")

    def carry_out(_):
        with database.transaction("routing") as connection:
            plan = handlers_import.carry_out(connection, "officers", rows, version=None, actor="c", now=now())
            return plan.counts()["new"]

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(carry_out, range(4))) == [0, 0, 0, 1]


def test_a_dry_run_that_is_no_longer_true_is_not_carried_out(send, routing):
    text = f"{HEAD}\n{GOOD}"
    version = send("officers", text)[1]["version"]
    routing.rows("UPDATE institution SET name_en = 'Renamed' WHERE code = 'MOH'")
    status, problem = send("officers", text, apply=True, version=version)
    assert (status, problem["code"]) == (409, "directory_changed")
    version = send("officers", text)[1]["version"]
    for _ in range(2):
        assert send("officers", text, apply=True, version=version)[0] == 200, "said twice, done once"


@pytest.mark.parametrize("format", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", cells.KINDS)
def test_what_was_exported_changes_nothing_when_it_is_read_in(kind, format, routing):
    (officer,) = routing.rows("SELECT id FROM officer WHERE email = 'moh.02@officers.example.org'")[0]
    (cover,) = routing.rows("SELECT id FROM officer WHERE email = 'moh.03@officers.example.org'")[0]
    routing.rows(
        "INSERT INTO officer_leave VALUES (gen_random_uuid(), %(o)s, '2026-12-01', '2026-12-03', %(c)s, now(), 'c')",
        {"o": officer, "c": cover},
    )
    routing.rows(
        "INSERT INTO on_call VALUES (gen_random_uuid(), %(i)s, %(o)s, '2026-12-01 18:30Z', '2026-12-02 05:00Z', 1)",
        {"i": "MOH", "o": officer},
    )
    routing.rows(
        "UPDATE officer SET unit = 'MOH-AM', valid_to = '2027-01-01' WHERE id = %(o)s", {"o": officer}
    )
    rows = handlers_import.read(export(kind, format), format)
    with database.transaction("routing") as connection:
        plan, _ = handlers_import.try_file(connection, kind, rows, now=now())
    assert plan.errors == []
    assert plan.unchanged == plan.rows > 0


def test_a_workbook_travels_in_base64(send):
    content = base64.b64encode(export("units", "xlsx")).decode()
    assert counts(send("units", content, format="xlsx")[1])["unchanged"] == 70
    for hostile in ("%%%", base64.b64encode(b"PK\x03\x04").decode()):
        assert send("units", hostile, format="xlsx")[1]["code"] == "not_xlsx"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("email", "empty_file"),
        ('email\n"open', "not_csv"),
        ("email\n" + "x\n" * 5001, "too_many_rows"),
        ("email\n" + "x" * 140_000, "not_csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(send, content, code):
    status, problem = send("officers", content)
    assert (status, problem["code"]) == (422, code)


def test_a_file_beyond_the_body_limit_never_gets_that_far(send):
    assert send("officers", "x" * 300_000)[0] == 413


def test_of_many_errors_the_first_are_told_and_all_are_counted(send):
    lines = "\n".join(f"{number},X,sub,أ,A,1,ar" for number in range(500))
    plan = send("officers", f"{HEAD}\n{lines}")[1]
    assert (len(plan["errors"]), plan["errors_total"]) == (200, 1000)


def test_units_officers_in_them_leave_and_certificates_go_in_one_after_another(send, routing):
    units = (
        "code;institution;parent;name_ar;name_en\nMOH-X1;MOH;MOH-X;قسم;Section\nMOH-X;MOH;;مديرية;Directorate"
    )
    assert send("units", units, apply=True)[1]["new"] == 2
    officers = (
        f"{HEAD},unit\n{GOOD},MOH-X1\n{GOOD.replace('new.one', 'new.two').replace('9001', '9002')},MOH-X"
    )
    assert send("officers", officers, apply=True)[1]["new"] == 2
    leave = "email,first_day,last_day,cover\nnew.one@example.org,٢٠٢٦-١٢-٠١,٠٣/١٢/٢٠٢٦,new.two@example.org"
    assert send("leave", leave, apply=True)[1]["new"] == 1
    certificates = "email,part,issued_on,expires_on\nnew.one@example.org,rights,2026-01-01,2028-01-01"
    assert send("certificates", certificates, apply=True)[1]["new"] == 1
    assert routing.rows(
        "SELECT o.unit, o.present, l.first_day::text, l.recorded_by, c.expires_on::text FROM officer o"
        " JOIN officer_leave l ON l.officer_id = o.id JOIN certificate c ON c.officer_id = o.id"
        " WHERE o.email = 'new.one@example.org'"
    ) == [("MOH-X1", True, "2026-12-01", "c", "2028-01-01")]


def test_two_officers_may_swap_their_addresses(send, routing):
    rows = routing.rows(
        "SELECT id::text, email FROM officer WHERE institution = 'MOH' AND rank = 'sub' LIMIT 2"
    )
    (one, first), (other, second) = rows
    body = "MOH,sub,أ,A,+962773000001,ar"
    text = f"id,{HEAD}\n{one},{second},{body}\n{other},{first},{body}"
    assert send("officers", text, apply=True)[1]["changed"] == 2
    assert routing.rows("SELECT email FROM officer WHERE id = %(id)s", {"id": one}) == [(second,)]


def test_rules_are_ended_and_followed_by_a_file(send, routing):
    text = (
        "category,governorate,institution,priority,valid_from,replaces\n"
        "water.outage,,MWI,10,2099-01-01,water.outage#1\nwater.outage,JO-IR,WAJ,20,2099-01-01,"
    )
    plan = send("rules", text, apply=True)[1]
    assert counts(plan) == {"new": 2, "changed": 0, "unchanged": 0, "ended": 1}
    assert counts(send("rules", text, apply=True)[1]) == {"new": 0, "changed": 0, "unchanged": 2, "ended": 0}
    assert routing.rows(
        "SELECT id, institution, valid_to IS NULL FROM rule WHERE category = 'water.outage' ORDER BY id"
    ) == [
        ("water.outage#1", "WAJ", False),
        ("water.outage#2", "MWI", True),
        ("water.outage@JO-IR#1", "WAJ", True),
    ]


def test_files_are_for_the_coordinator(send):
    assert send("officers", HEAD, who=Actor("o", frozenset({"officer"}), {"institution": "MOH"}))[0] == 403
