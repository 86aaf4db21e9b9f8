"""What the tests of a case's life share: people of a body, and how they and the complainant act."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from services.chassis import database
from services.chassis.clock import new_id
from services.chassis.event import Event
from services.routing.cases import actions
from services.routing.cases.step import Keys, Who
from services.routing.clock import timers
from tests.unit.routing.conftest import NOW, received
from tests.unit.routing.stating import stated_as_the_table_says

REPLY = {
    "outcome": "satisfactory",
    "found": "تبيّن أن الخط الرئيسي مكسور.",
    "remedy": "أُصلح الخط وعادت المياه.",
    "legal_basis": "نظام المشتركين، المادة 12.",
    "summary": "أصلحنا الخط، والمياه تصل الآن إلى الحي.",
}
NO_WAY = {"reason_code": "no_facts", "legal_basis": "المادة 3", "next_steps": "اكتب ما حدث ومتى."}
COORDINATOR = Who("coordinator-1", frozenset({"coordinator"}))


def excluded_officers(routing, complaint_id: str) -> set[str]:
    """The officers whom what is written down of their ties keeps from a case: what every list of cases goes by."""
    found = routing.rows(
        "SELECT t.officer_id::text FROM cases c JOIN officer_tie t ON t.subjects && c.implicated WHERE c.complaint_id = %(id)s",
        {"id": complaint_id},
    )
    return {row[0] for row in found}


class Desk:
    """One case of the water authority, and everybody around it. The clock goes on by a minute with each action."""

    def __init__(self, routing, keys, **complaint):
        self.routing = routing
        self.keys = Keys(
            keys["SEAL_PUBLIC_KEY"], keys["INTAKE_SEAL_PUBLIC_KEY"], keys["ROUTING_SEAL_PRIVATE_KEY"]
        )
        self.now = NOW
        self.id = self.open(**complaint)
        self.sequence = 1
        self.officer = self.staff("sub")
        self.main = self.staff("main")
        self.approver = Who(self.staff("approver").id, frozenset({"approver"}), "WAJ")
        self.coordinator = COORDINATOR
        self.stranger = Who("stranger", frozenset({"officer", "approver"}), "MOH")

    def open(self, **complaint) -> str:
        event = received(**complaint)
        self.routing.receive([event], now=self.now)
        return event.subject

    def staff(self, rank, institution="WAJ", number=0) -> Who:
        """A member of staff who is in the directory."""
        rows = self.routing.rows(
            "SELECT id::text FROM officer WHERE institution = %(code)s AND rank = %(rank)s ORDER BY email",
            {"code": institution, "rank": rank},
        )
        return Who(rows[number][0], frozenset({"officer"}), institution)

    def act(self, action, who=None, version=None, complaint_id=None, **fields):
        """Takes an action; the case as it is then."""
        self.now += timedelta(minutes=1)
        with (
            stated_as_the_table_says(self.routing, complaint_id or self.id),
            database.transaction("routing") as connection,
        ):
            standing = actions.act(
                connection,
                complaint_id or self.id,
                action,
                fields,
                who or self.officer,
                version=version,
                now=self.now,
                keys=self.keys,
            )
        return standing.case

    def said(self, action, at=None, **data):
        """What intake says that the complainant did."""
        self.now += timedelta(minutes=1)
        self.sequence += 1
        at = at or self.now
        event = Event(
            new_id(),
            "Complainant",
            1,
            "intake",
            self.id,
            self.sequence,
            at,
            "-",
            {"complaint_id": self.id, "at": at, **data},
            correlation_id=f"c-{self.id}",
        )
        with (
            stated_as_the_table_says(self.routing, self.id),
            database.transaction("routing") as connection,
        ):
            actions.complainant_acts(connection, action, event, lambda _: data, now=self.now, keys=self.keys)
        return event

    def pass_time(self, what, now, limit=100) -> int:
        self.now = now
        with (
            stated_as_the_table_says(self.routing, self.id),
            database.transaction("routing") as connection,
        ):
            return what(connection, now=now, keys=self.keys, limit=limit)

    def sweep(self, now, limit=100, urgent=False) -> timers.Swept:
        """The clock looks at what is due by then."""
        self.now = now
        with (
            stated_as_the_table_says(self.routing, self.id),
            database.transaction("routing") as connection,
        ):
            return timers.sweep(connection, now=now, keys=self.keys, limit=limit, urgent=urgent)

    @property
    def case(self):
        return self.row("SELECT * FROM cases WHERE complaint_id = %(id)s")

    def row(self, statement):
        with database.transaction("routing") as connection:
            found = connection.exec_driver_sql(statement, {"id": self.id}).one()
        return SimpleNamespace(**found._mapping)

    def fact(self, kind):
        """The newest fact of a type."""
        return [fact for fact in self.routing.facts(self.id) if fact.type == kind][-1]

    @property
    def history(self) -> list[str]:
        rows = self.routing.rows(
            "SELECT action FROM case_event WHERE complaint_id = %(id)s ORDER BY number", {"id": self.id}
        )
        return [row[0] for row in rows]

    def load(self, who) -> int:
        rows = self.routing.rows("SELECT open FROM officer_load WHERE officer_id = %(id)s", {"id": who})
        return rows[0][0] if rows else 0

    def allowed(self, who) -> set[str]:
        with database.transaction("routing") as connection:
            case = connection.exec_driver_sql(
                "SELECT * FROM cases WHERE complaint_id = %(id)s", {"id": self.id}
            ).one()
            return {row.action for row in actions.allowed_now(connection, case, who, self.now)}

    # --- as far as it goes -----------------------------------------------------------------------

    def propose(self):
        self.act("accept")
        return self.act("propose_reply", **REPLY)

    def answer(self):
        self.propose()
        return self.act("approve_reply", self.approver)


def at(day: int, month: int = 12) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)
