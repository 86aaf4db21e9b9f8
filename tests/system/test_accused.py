"""Whoever a complaint is against sees the same world whether it is there or not: every address of the policy table, asked before and after.

The addresses come from the table, so a new one is asked as well. What answers each asker the same before and after tells them nothing:
no list, no count, no load, no page, no error that is another one for what is hidden than for what does not exist.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from uuid import uuid4

import pytest

from gateway import auth, policy
from services.chassis import database
from services.chassis.clock import now
from services.routing.cases import transitions as t
from services.routing.desks import views
from services.routing.exclusions import store as store_exclusions
from tests.support import journey
from tests.support.poll import until
from tests.system.test_lifecycle import REPLY

BODY = "WAJ"
WORD = "مجهريات"
NOBODY = str(uuid4())
#: Some of each role that acts; what may be done is asked after who may know of the case.
ACTIONS = ("accept", "approve_reply", "implicate", "merge")
#: What an address takes beside the path: each list in each of its views, a search for what the complaint says.
QUERIES = {
    "/v1/staff/worklist": [f"view={view}" for view in views.VIEWS]
    + [f"institution={BODY}", f"state={t.REPLY_PROPOSED}"],
    "/v1/staff/complaints": [f"q={WORD}", "q={complaint_id}"],
    "/v1/staff/team": [f"institution={BODY}"],
    "/v1/staff/directory/officers": [f"institution={BODY}"],
    "/v1/staff/directory/export": ["kind=officers&format=csv"],
    "/staff/cases": [f"view={view}" for view in views.VIEWS],
}
#: What changes by itself from one moment to the next: clocks, and what pages and answers are told apart by.
_CHANGING = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?|[A-Za-z0-9_-]{24,}(?:\.[A-Za-z0-9_-]+)*=*|\d{1,2}:\d\d(?::\d\d)?"
)


@dataclass(frozen=True)
class Asker:
    """Somebody who signs in for the body: an officer of the directory, or an account that is none."""

    name: str
    id: str
    role: str

    @property
    def headers(self) -> dict[str, str]:
        """For the API and for pages."""
        token = auth.issue(self.id, [self.role], now(), institution=BODY)
        cookie = SimpleCookie({auth.COOKIE: token}).output(attrs=[], header="").strip()
        return {"Authorization": f"Bearer {token}", "Cookie": cookie, "Accept-Language": "en"}


class World:
    """The gateway, and what each asker is answered."""

    def __init__(self, gateway: str):
        self.gateway = gateway

    def reads(self, asker: Asker, complaint_id: str) -> Iterator[tuple[str, str, bytes | None]]:
        """(method, address, body) of whatever the table lets the asker's role have, for one complaint."""
        given = {"complaint_id": complaint_id, "code": BODY, "name": "staff.css", "officer_id": asker.id}
        for (method, path), row in policy.POLICY.items():
            roles = policy.expanded({asker.role})
            if row.public or all(row.cells[role] == policy.NO for role in roles):
                continue
            if method == "GET":
                for action in ACTIONS if "{action}" in path else [""]:
                    address = path.format_map(_Given({**given, "action": action}))
                    for query in ["", *QUERIES.get(path, [])]:
                        yield method, f"{address}?{query.format_map(_Given(given))}".rstrip("?"), None
            elif "{complaint_id}" in path and path.startswith("/v1/"):
                for action in ACTIONS if "{action}" in path else [""]:
                    body = b'{"version": 1}' if action else b"{}"
                    yield method, path.format_map(_Given({**given, "action": action})), body

    def answers(self, asker: Asker, complaint_id: str) -> dict[str, tuple[int, str]]:
        """What they are answered to all of it, without what changes by itself, and with the id that they asked for struck out."""
        headers = asker.headers
        found = {}
        for method, address, body in self.reads(asker, complaint_id):
            answer = journey.ask(
                self.gateway + address.replace(WORD, "%D9%85%D8%AC%D9%87%D8%B1%D9%8A%D8%A7%D8%AA"),
                body,
                headers | ({"Content-Type": "application/json"} if body is not None else {}),
                method,
            )
            text = answer.body.decode() if isinstance(answer.body, bytes) else str(answer.body)
            key = f"{method} {address}".replace(complaint_id, "-")
            found[key] = (answer.status, _CHANGING.sub("…", text.replace(complaint_id, "-")))
        return found


class _Given(dict[str, str]):
    """The parameters of an address; one that is not named here is nobody's."""

    def __missing__(self, name: str) -> str:
        return NOBODY


@pytest.fixture
def askers(inside, filled) -> dict[str, Asker]:
    """People of the body by what they will be to the complaint, and accounts that are nobody's."""
    with database.transaction("routing") as connection:
        connection.exec_driver_sql(
            "INSERT INTO unit (code, institution, name_ar, name_en, valid_from)"
            " VALUES ('WAJ-X', 'WAJ', 'وحدة', 'A unit', '2020-01-01')"
        )
        rows = connection.exec_driver_sql(
            "SELECT id::text, rank, name_ar FROM officer WHERE institution = 'WAJ' ORDER BY rank, email"
        ).all()
        of_rank = {
            rank: [row for row in rows if row.rank == rank] for rank in ("main", "sub", "approver", "head")
        }
        connection.exec_driver_sql("UPDATE officer SET unit = 'WAJ-X' WHERE id = %s", (of_rank["sub"][0].id,))
        store_exclusions.refresh(connection)
    subs = of_rank["sub"]
    assert len(subs) > 3
    return {
        each.name: each
        for each in (
            Asker("of the unit", subs[0].id, "officer"),
            Asker("moves into it", subs[1].id, "officer"),
            Asker("moves out of it", subs[0].id, "approver"),
            Asker("named", of_rank["main"][0].id, "main_officer"),
            Asker("head", of_rank["head"][0].id, "head"),
            Asker("head by role", subs[2].id, "head"),
            Asker("account", str(uuid4()), "officer"),
            Asker("account that approves", "somebody", "approver"),
            Asker("colleague", subs[3].id, "officer"),
            Asker("approver", of_rank["approver"][0].id, "approver"),
        )
    }


def post(officer: str, unit: str | None, rank: str = "sub") -> None:
    with database.transaction("routing") as connection:
        connection.exec_driver_sql(
            "UPDATE officer SET unit = %s, rank = %s WHERE id = %s", (unit, rank, officer)
        )
        store_exclusions.refresh(connection)


def open_and_worked_on(world: World, filled, accused) -> str:
    """A complaint that is directed against somebody, with an officer who has it open and proposes a reply; its id."""
    text = f"{journey.TEXT} {WORD}"
    journey.file(world.gateway, text=text, rights=False, accused=accused)
    known = "SELECT complaint_id::text, officer_id::text, status FROM cases"
    [(complaint_id, officer, status)] = until(lambda: filled.rows("routing", known), 30, every=0.1)
    coordinator = {"Authorization": f"Bearer {auth.issue('c', ['coordinator'], now())}"}
    if officer is not None:
        holder = Asker("holder", officer, "officer").headers
        path = f"{world.gateway}/v1/staff/cases/{complaint_id}"
        for action, fields in (("accept", {}), ("propose_reply", REPLY)):
            version = journey.ask(path, headers=holder).body["version"]
            done = journey.ask(f"{path}/actions/{action}", {"version": version, **fields}, holder)
            assert done.status == 200, done
        assert journey.ask(f"{path}/viewing", {}, holder).status == 200
    read = f"{world.gateway}/v1/staff/complaints/{complaint_id}"
    until(lambda: journey.ask(read, headers=coordinator).body["status"]["code"] != "accepted", 30, every=0.1)
    if status == "assigned":
        until(lambda: journey.ask(read, headers=holder).status == 200, 30, every=0.1)
    return complaint_id


def learns(before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> list[str]:
    """At which addresses the world is another one now."""
    assert before.keys() == after.keys()
    return [key for key in before if before[key] != after[key]]


def elsewhere(addresses: list[str]) -> list[str]:
    """Without those where it shows that somebody has moved."""
    return [each for each in addresses if "/team" not in each and "/directory" not in each]


def test_the_accused_and_whoever_is_tied_to_them_learn_nothing(inside, filled, askers):
    world = World(inside.gateway)
    with database.transaction("routing") as connection:
        name = connection.exec_driver_sql(
            "SELECT name_ar FROM officer WHERE id = %s", (askers["named"].id,)
        ).scalar_one()
    # Neither of the two who are to move is given it.
    moving = [askers["of the unit"].id, askers["moves into it"].id]
    filled.rows(
        "routing",
        "UPDATE officer SET present = false WHERE id = ANY(%(ids)s::uuid[]) RETURNING 1",
        {"ids": moving},
    )
    empty = {name: world.answers(asker, NOBODY) for name, asker in askers.items()}
    accused = [{"institution": BODY, "unit": "WAJ-X"}, {"institution": BODY, "person": name}]
    complaint_id = open_and_worked_on(world, filled, accused)

    def told(who: str) -> list[str]:
        return learns(empty[who], world.answers(askers[who], complaint_id))

    barred = ("of the unit", "named", "head", "head by role", "account", "account that approves")
    assert {who: told(who) for who in barred} == {who: [] for who in barred}
    # The same questions show it to who may see it: so they would show it to the others.
    seen = told("approver")
    for address in (
        "GET /v1/staff/cases/-",
        "GET /v1/staff/complaints/-",
        f"GET /v1/staff/complaints?q={WORD}",
        "GET /v1/staff/worklist?view=to_approve",
        "GET /v1/staff/desk",
        "GET /v1/staff/team",
        "GET /staff/cases/-",
        "GET /staff/desk",
        "POST /v1/staff/cases/-/viewing",
    ):
        assert address in seen, seen
    assert told("colleague")

    # Whoever has another post is kept out at once where cases are, and within seconds where their stories are.
    post(askers["moves into it"].id, "WAJ-X")
    post(askers["of the unit"].id, None)
    case = f"{inside.gateway}/v1/staff/cases/{complaint_id}"
    for who in ("of the unit", "moves out of it", "moves into it"):
        assert journey.ask(case, headers=askers[who].headers).status == 404, who
    for who in ("of the unit", "moves out of it", "moves into it"):
        until(lambda who=who: not elsewhere(told(who)), 40, every=1)


def test_a_body_that_is_accused_as_a_whole_learns_nothing(inside, filled, askers):
    world = World(inside.gateway)
    several = ("of the unit", "head", "approver", "account")
    empty = {who: world.answers(askers[who], NOBODY) for who in several}
    complaint_id = open_and_worked_on(world, filled, [{"institution": BODY}])
    told = {who: learns(empty[who], world.answers(askers[who], complaint_id)) for who in several}
    assert told == {who: [] for who in several}
