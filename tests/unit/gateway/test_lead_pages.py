"""The pages of those who lead, in front of the real routing: every form writes what it says, and says what routing refuses."""

import html
import io
import re
from datetime import timedelta

import pytest

from gateway import auth
from services.chassis import database
from services.chassis.clock import in_amman, new_id, now
from tests.support.apps import app_of

BODY = "WAJ"
TEXT = "نص للرد على انقطاع المياه."


@pytest.fixture
def lead(databases, keys, serve, gateway):
    """The pages in front of the real services, filled with what an installation starts with: `lead(role).get("/staff/team")`."""
    from services.intake.api import create_intake_app
    from services.routing import seed
    from services.routing.api import create_routing_app

    with database.transaction("routing") as connection:
        seed.fill(connection, now())
    client = gateway(
        INTAKE_URL=serve(app_of(create_intake_app)), ROUTING_URL=serve(app_of(create_routing_app))
    )

    class Person:
        def __init__(self, role: str, prefix: str = "/en"):
            own = BODY if role in ("officer", "main_officer", "approver", "head") else None
            self.cookie = auth.issue(role, [role], now(), institution=own)
            self.prefix = prefix

        def _send(self, method: str, path: str, status: int, **more) -> str:
            client.set_cookie(auth.COOKIE, self.cookie)
            answer = client.open(self.prefix + path, method=method, **more)
            assert answer.status_code == status, answer.get_data(as_text=True)[-2000:]
            self.answer = answer
            return html.unescape(answer.get_data(as_text=True))

        def get(self, path: str, status: int = 200) -> str:
            return self._send("GET", path, status)

        def post(self, path: str, status: int = 303, **form) -> str:
            page = self._send("POST", path, status, data=form)
            return self.get(self.answer.location.removeprefix(self.prefix)) if status == 303 else page

    return Person


def day(ahead: int) -> str:
    return (in_amman(now()).date() + timedelta(days=ahead)).isoformat()


def officers(page: str, field: str) -> list[str]:
    """The values that a choice offers."""
    found = re.search(rf'<select id="{field}".*?</select>', page, re.DOTALL)
    return [each for each in re.findall(r'value="([^"]+)"', found.group())] if found else []


@pytest.mark.parametrize("prefix", ["", "/en"], ids=["ar", "en"])
@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("coordinator", "/staff/coordinator"),
        ("coordinator", "/staff/team"),
        ("coordinator", "/staff/team?institution=WAJ"),
        ("main_officer", "/staff/team"),
        ("head", "/staff/team"),
        ("approver", "/staff/team"),
        ("coordinator", "/staff/calendar"),
        ("coordinator", "/staff/directory"),
        ("coordinator", "/staff/directory?institution=WAJ&name=x"),
        ("main_officer", "/staff/directory"),
        ("coordinator", "/staff/directory/import"),
        ("main_officer", "/staff/reply-templates"),
        ("coordinator", "/staff/reply-templates/edit"),
        ("operations", "/staff/accounts"),
        ("coordinator", "/staff/accounts?institution=WAJ"),
    ],
)
def test_pages_are_light_and_only_for_whom_they_are(lead, role, path, prefix):
    page = lead(role, prefix).get(path)
    assert len(page.encode()) < 60_000
    assert page.count("<h1") == 1
    assert f'<html lang="{"en" if prefix else "ar"}"' in page
    lead("officer").get(path, 403)


def test_leave_is_recorded_with_its_cover_and_withdrawn(lead):
    main = lead("main_officer")
    first, second, *_ = officers(main.get("/staff/team"), "officer")
    leave = {"officer": first, "cover": second, "first_day": day(0), "last_day": day(3)}
    page = main.post("/staff/team", **leave)
    assert "The leave is recorded" in page
    assert "on leave until" in page
    assert page.count("stands in") >= 2
    again = main.post("/staff/team", 409, **leave | {"last_day": day(4)})
    assert "has another leave" in again
    assert f'value="{first}" selected' in again
    wanted = re.search(r'name="leave" value="([^"]+)"', page).group(1)
    assert "The leave is withdrawn" in main.post("/staff/team", go="withdraw", leave=wanted)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"officer": ""}, "officer"),
        ({"first_day": ""}, "first_day"),
        ({"last_day": "x"}, "last_day"),
        ({"last_day": "2000-01-01"}, "last_day"),
    ],
)
def test_leave_that_is_wrong_is_said_at_its_field(lead, change, field):
    main = lead("main_officer")
    first = officers(main.get("/staff/team"), "officer")[0]
    typed = {"officer": first, "first_day": day(1), "last_day": day(2), "cover": ""} | change
    page = main.post("/staff/team", 422, **typed)
    assert f'href="#{field}"' in page
    assert 'value="' + day(1) in page or field == "first_day"


CIRCULAR = {
    "scope": "governorate",
    "governorate": "JO-AJ",
    "effect": "closed",
    "reference": "2027/14",
    "note_ar": "ثلوج",
    "note_en": "Snow",
}


def test_a_circular_is_tried_recorded_and_withdrawn(lead):
    coordinator = lead("coordinator")
    typed = CIRCULAR | {"first_day": day(30), "last_day": day(30)}
    page = coordinator.post("/staff/calendar", 200, go="try", **typed)
    assert "It concerns no open promise." in page
    assert "Nothing has been recorded" in page
    seen = re.search(r'name="seen" value="([^"]*)"', page).group(1)
    # What was changed after it was tried is tried again, and not recorded.
    other = coordinator.post("/staff/calendar", 200, go="record", seen=seen, **typed | {"reference": "9"})
    assert "Nothing has been recorded" in other
    page = coordinator.post("/staff/calendar", go="record", seen=seen, **typed)
    assert "The circular holds" in page
    assert "2027/14" in page
    wanted = re.search(r'name="override" value="([^"]+)"', page).group(1)
    assert "holds no longer" in coordinator.post("/staff/calendar", go="withdraw", override=wanted)


def test_a_circular_that_closes_a_month_must_be_meant(lead):
    coordinator = lead("coordinator")
    typed = CIRCULAR | {"first_day": day(30), "last_day": day(75)}
    page = coordinator.post("/staff/calendar", 422, go="try", **typed)
    assert 'name="confirmed"' in page
    assert "Nothing has been recorded" in coordinator.post(
        "/staff/calendar", 200, go="try", confirmed="yes", **typed
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"governorate": ""}, "governorate"),
        ({"scope": "institution", "institution": "XXX"}, "institution"),
        ({"effect": "hours"}, "opens"),
        ({"first_day": ""}, "first_day"),
        ({"note_ar": ""}, "note_ar"),
        ({"reference": ""}, "reference"),
        ({"scope": ""}, "scope"),
    ],
)
def test_a_circular_that_is_wrong_is_said_at_its_field(lead, change, field):
    typed = CIRCULAR | {"first_day": day(30), "last_day": day(30)} | change
    page = lead("coordinator").post("/staff/calendar", 422, go="try", **typed)
    assert f'href="#{field}"' in page
    assert "Snow" in page


def test_a_text_is_written_changed_by_the_quicker_and_withdrawn(lead):
    main = lead("main_officer")
    assert 'href="#name"' in main.post("/staff/reply-templates/edit", 422, language="ar", found=TEXT)
    page = main.post("/staff/reply-templates/edit", name="انقطاع", language="ar", found=TEXT)
    assert TEXT in page
    wanted = re.search(r"edit\?id=([^\"]+)", page).group(1)
    form = main.get(f"/staff/reply-templates/edit?id={wanted}")
    version = re.search(r'name="version" value="(\d+)"', form).group(1)
    changed = {"id": wanted, "version": version, "name": "انقطاع", "language": "ar", "found": "آخر"}
    assert "آخر" in main.post("/staff/reply-templates/edit", **changed)
    quicker = main.post("/staff/reply-templates/edit", 412, **changed | {"found": "متأخر"})
    assert "Somebody was quicker" in quicker
    assert "متأخر" in quicker
    assert "آخر" in quicker
    gone = main.post("/staff/reply-templates/edit", id=wanted, go="withdraw")
    assert "not offered any more" in gone
    assert wanted not in gone
    main.get(f"/staff/reply-templates/edit?id={wanted}", 404)


HEADER = "institution,code,name_ar,name_en"


def test_a_file_is_tried_then_carried_out_whole(lead):
    coordinator = lead("coordinator")
    rows = f"{HEADER}\n{BODY},WAJ-NEW,وحدة جديدة,New unit\n"
    page = coordinator.post(
        "/staff/directory/import", 200, kind="units", file=(io.BytesIO(rows.encode()), "units.csv")
    )
    assert "What the file would change" in page
    carried = {
        name: re.search(rf'name="{name}" value="([^"]*)"', page).group(1)
        for name in ("kind", "format", "version", "packed")
    }
    done = coordinator.post("/staff/directory/import", 200, go="apply", **carried)
    assert "The file was carried out" in done
    other = {"file": (io.BytesIO(rows.replace("New unit", "Another").encode()), "units.csv")}
    version = carried["version"]
    late = coordinator.post(
        "/staff/directory/import", 409, go="apply", kind="units", version=version, **other
    )
    assert "changed since the dry run" in late
    coordinator.get("/staff/directory/export?kind=units&format=csv&institution=WAJ")
    assert "WAJ-NEW" in coordinator.answer.get_data(as_text=True)
    assert "attachment" in coordinator.answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("content", "name", "status", "said"),
    [
        (b"", "", 422, "Choose a file"),
        (f"{HEADER}\nXXX,A,ب,B\n".encode(), "x.csv", 200, "no body with this code"),
        (b"\xff\xfe\x00\x01", "x.csv", 422, ""),
        (b"PK\x03\x04 no workbook", "x.xlsx", 422, "not a well-formed XLSX"),
        (b"a," * 130_000, "x.csv", 413, "larger than"),
    ],
)
def test_a_file_that_cannot_be_read_in_is_explained(lead, content, name, status, said):
    file = {"file": (io.BytesIO(content), name)} if name else {}
    page = lead("coordinator").post("/staff/directory/import", status, kind="units", **file)
    assert said in page
    assert 'value="apply"' not in page


@pytest.mark.parametrize("packed", ["x", "eJw=", "A" * 40_000, "ا"])
def test_what_is_no_packed_file_is_none(lead, packed):
    page = lead("coordinator").post("/staff/directory/import", 422, kind="units", packed=packed)
    assert "Choose a file" in page


def test_the_directory_is_searched(lead):
    coordinator = lead("coordinator")
    everybody = coordinator.get("/staff/directory?institution=WAJ")
    address = re.search(r"[\w.]+@[\w.]+", everybody.split("<tbody>")[1]).group()
    found = coordinator.get(f"/staff/directory?institution=WAJ&name={address}")
    assert "Officers found: 1<" in found
    assert "No officer matches" in coordinator.get(
        "/staff/directory?institution=WAJ&name=nobody-of-this-name"
    )
    # Addresses are for the coordinator alone.
    assert "@" not in lead("main_officer").get("/staff/directory").split("<tbody>")[1].split("</table>")[0]


def test_sessions_of_an_account_are_ended(lead):
    from services.routing.staff import accounts, credentials

    with database.transaction("routing") as connection:
        accounts.add(
            connection,
            "salma@example.org",
            ["operations"],
            None,
            credentials.nobodys_hash(),
            now=now(),
            account_id=new_id(),
        )
    operations = lead("operations")
    page = operations.get("/staff/accounts")
    wanted = re.search(r'name="account" value="([^"]+)"', page).group(1)
    assert "salma@example.org" in page
    assert "signed out everywhere" in operations.post("/staff/accounts", account=wanted)
    operations.post("/staff/accounts", 404, account="01900000-0000-7000-8000-000000000000")
