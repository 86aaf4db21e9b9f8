"""One case from receipt to its end, with a question, a dispute and a second answer, while every fact comes twice and out of order."""

from collections import Counter
from typing import Any

from click.testing import CliRunner

from gateway import auth
from services.chassis.clock import now
from services.cli.main import main
from services.cli.registry import OWNERS
from tests.support import books, journey
from tests.support import disturbed as unkind
from tests.support.poll import until

REPLY = {
    "outcome": "satisfactory",
    "found": "تبيّن أن الخط الرئيسي مكسور.",
    "remedy": "أُصلح الخط وعادت المياه.",
    "legal_basis": "نظام المشتركين، المادة 12.",
    "summary": "أصلحنا الخط، والمياه تصل الآن إلى الحي.",
}


class Journey:
    """What the people around one complaint do over HTTP. Staff send the version that they saw last."""

    def __init__(self, gateway: str, databases: Any):
        self.gateway = gateway
        self.tracking = journey.file(gateway)
        self.institution = journey.wait_until_assigned(gateway, self.tracking)["institution"]
        self.id = databases.rows("routing", "SELECT complaint_id::text FROM cases")[0][0]

    def staff(self, name: str, role: str) -> dict[str, str]:
        institution = None if role == "coordinator" else self.institution
        return {"Authorization": f"Bearer {auth.issue(name, [role], now(), institution=institution)}"}

    def act(
        self, action: str, name: str = "officer-1", role: str = "officer", **fields: Any
    ) -> dict[str, Any]:
        who = self.staff(name, role)
        path = f"{self.gateway}/v1/staff/cases/{self.id}"

        def seen() -> dict[str, Any] | None:
            case = journey.ask(path, headers=who).body
            return case if action in [each["action"] for each in case["allowed_actions"]] else None

        version = until(seen)["version"]
        done = journey.ask(f"{path}/actions/{action}", {"version": version, **fields}, who)
        assert done.status == 200, done
        again = journey.ask(f"{path}/actions/{action}", {"version": version, **fields}, who)
        assert again.status == 412, again
        return done.body

    def say(self, what: str, **body: Any) -> None:
        said = journey.ask(f"{self.gateway}/v1/complaints/{self.tracking}/{what}", body)
        assert said.status == 202, said

    def shows(self, status: str) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            seen = journey.track(self.gateway, self.tracking)
            return seen if seen["status"]["code"] == status else None

        return until(there, 30, every=0.05)

    def answer(self) -> dict[str, Any]:
        self.act("accept")
        self.shows("accepted")
        self.act("propose_reply", **REPLY)
        self.shows("reply_proposed")
        self.act("approve_reply", "approver-1", "approver")
        return self.shows("answered")


def test_from_receipt_to_the_end_each_fact_twice_and_out_of_order(disturbed, filled, sinks):
    case = Journey(disturbed.gateway, filled)
    case.act("accept")
    case.act("ask", question="ما رقم عداد المياه؟")
    asked = case.shows("awaiting_complainant")
    assert asked["conversation"][-1]["words"] == {"question": "ما رقم عداد المياه؟"}
    case.say("messages", text="رقمه 1234567.")
    case.shows("accepted")
    case.act("propose_reply", **REPLY)
    case.act("approve_reply", "approver-1", "approver")
    answered = case.shows("answered")
    assert answered["conversation"][-1]["words"] == {k: v for k, v in REPLY.items() if k != "outcome"}
    receipt = answered["history_hash"]
    case.say("dispute", reason="لم تُجب الجهة عن سبب الانقطاع.")
    case.shows("disputed")
    case.act("resolve_dispute", "coordinator-1", "coordinator", decision="reopened", reason="لم يُجب.")
    case.shows("assigned")
    assert case.answer()["actions"] == ["rating"]
    case.say("rating", score=4)
    assert case.shows("closed")["reason"] == "confirmed"
    until(lambda: not books.open_items(filled), 60, every=0.2)
    assert unkind.Channel.doubled > 20

    seen = journey.track(case.gateway, case.tracking)
    assert [each["status"] for each in seen["history"]] == [
        "received",
        "assigned",
        "accepted",
        "awaiting_complainant",
        "accepted",
        "reply_proposed",
        "answered",
        "disputed",
        "assigned",
        "accepted",
        "reply_proposed",
        "answered",
        "closed",
    ]
    assert [each["kind"] for each in seen["conversation"]] == [
        "question",
        "message",
        "reply",
        "dispute",
        "decision",
        "reply",
        "rating",
    ]
    assert books.gaps(filled) == []
    for service in OWNERS:
        assert filled.rows(service, "SELECT status FROM inbox WHERE status <> 'done'") == []
    assert filled.rows("routing", "SELECT sum(open) FROM officer_load") == [(0,)]
    assert filled.rows("reporting", "SELECT status FROM complaint") == [("closed",)]
    for shown in (receipt, seen["history_hash"]):
        result = CliRunner().invoke(main, ["case", "verify", case.id, "--receipt", shown])
        assert result.exit_code == 0, result.output
    expected = {
        "received": 1,
        "assigned": 2,
        "officer_assigned": 2,
        "promised": 1,
        # That the promise waits for the answer is said with the question, and needs no message of its own.
        "asked": 1,
        "officer_message": 1,
        "answered": 2,
        "closed": 1,
    }
    statement = "SELECT template FROM message WHERE channel = 'email' ORDER BY id"
    # The last facts may still be on their way to notification.
    until(lambda: Counter(row[0] for row in filled.rows("notification", statement)) == expected)
