"""Balances the books: what clients were told, what each service stored, what the providers got. Knows nothing of how it came about."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.chaos.clients import Filing
from tests.chaos.rules import RULES

SHOWN = 10


@dataclass(frozen=True)
class Finding:
    """One rule and who breaks it; nobody when it holds. `checked` is how much it was held against, where that is not everything."""

    area: str
    text: str
    offenders: list[str]
    checked: int | None = None

    @property
    def ok(self) -> bool:
        return not self.offenders

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe, with the first offenders."""
        return {
            "area": self.area,
            "rule": self.text,
            "ok": self.ok,
            "offenders": len(self.offenders),
            "first": self.offenders[:SHOWN],
        }


@dataclass
class Books:
    """What is balanced. `connection` is an administrator's psycopg2 connection to the database of all services."""

    connection: Any
    filings: Sequence[Filing]
    mails: Sequence[dict] = field(default_factory=list)
    texts: Sequence[dict] = field(default_factory=list)

    def rows(self, statement: str) -> list[tuple]:
        """What a statement answers."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def balance(self) -> list[Finding]:
        """Every rule with its offenders."""
        return [
            *self._answers(),
            *(Finding(rule.area, rule.text, [row[0] for row in self.rows(rule.sql)]) for rule in RULES),
            *self._notices(),
            *self._sinks(),
        ]

    def stored(self) -> dict[int, list[str]]:
        """Complaint ids by the number that the text of each ends in."""
        found: dict[int, list[str]] = defaultdict(list)
        for identity, number in self.rows(
            r"SELECT id::text, substring(text FROM '\(\d+/(\d+)\)$')::int FROM intake.complaint"
        ):
            found[number].append(identity)
        return found

    def _answers(self) -> Iterable[Finding]:
        stored = self.stored()
        known = {filing.number for filing in self.filings}
        lost = [
            f"{f.number}: {f.answers[0]}" for f in self.filings if f.answered and not stored.get(f.number)
        ]
        doubled = [
            f"{f.number}: {len(stored[f.number])} times"
            for f in self.filings
            if len(stored.get(f.number, ())) > 1
        ]
        unanswered = [
            f"{f.number}: {f.tries} tries, {Counter(f.refusals)}, {f.broken} without an answer"
            for f in self.filings
            if f.key and not f.answered
        ]
        # 503 says "not now"; everything else above 400 would be an answer that a correct request must not get.
        refused = [
            f"{f.number}: {sorted(set(f.refusals))}"
            for f in self.filings
            if any(status not in (429, 502, 503, 504) for status in f.refusals)
        ]
        return (
            Finding("clients", "every complaint answered with 201 is in intake", lost),
            Finding("clients", "no complaint is in intake twice", doubled),
            Finding("clients", "whoever has a key and tries again gets an answer at last", unanswered),
            Finding(
                "clients",
                "one key has one tracking number",
                [f"{f.number}: {sorted(set(f.answers))}" for f in self.filings if len(set(f.answers)) > 1],
            ),
            Finding("clients", "a correct request is accepted or put off, never refused", refused),
            Finding(
                "clients",
                "intake holds nothing that nobody sent",
                [f"{number}: {identities}" for number, identities in stored.items() if number not in known],
            ),
        )

    # --- notices --------------------------------------------------------------------------------------------------------------

    def _notices(self) -> Iterable[Finding]:
        """Every fact told somebody what it should have told them, once for each recipient and channel."""
        expected = self._expected()
        found = Counter(self.rows("SELECT event_id::text, recipient, channel FROM notification.message"))
        missing = expected - found
        surplus = found - expected
        return (
            Finding(
                "notification",
                "every notice that a fact calls for is written, once",
                [f"{notice} missing" for notice in missing],
            ),
            Finding(
                "notification",
                "no other notice is written",
                [f"{notice} times {n}" for notice, n in surplus.items()],
            ),
        )

    def _expected(self) -> Counter:
        """(event id, recipient, channel), from the facts and from what the complainants sent: not from what notification knows."""
        numbers = {identity: number for number, each in self.stored().items() for identity in each}
        bodies = {filing.number: filing.body for filing in self.filings}
        expected: Counter = Counter()
        for event, kind, subject, officer in self.rows(
            """SELECT event_id::text, type, subject::text, data->>'officer_id' FROM intake.outbox
               UNION ALL SELECT event_id::text, type, subject::text, data->>'officer_id' FROM routing.outbox"""
        ):
            who = bodies.get(numbers.get(subject, -1), {}).get("complainant", {})
            if kind in ("ComplaintReceived", "ComplaintAssigned", "PromiseSet", "PromiseMoved"):
                if who.get("phone"):
                    expected[event, "complainant", "sms"] += 1
                if who.get("email"):
                    expected[event, "complainant", "email"] += 1
            if kind == "ComplaintAssigned":
                expected[event, f"officer:{officer}", "email"] += 1
            if kind == "AssignmentFailed":
                expected[event, "coordinator", "email"] += 1
        return expected

    def _sinks(self) -> Iterable[Finding]:
        """What reached the providers, held against the rows: once where a row says so, at most once otherwise."""
        mails = Counter(mail["key"].strip("<>").split("@")[0] for mail in self.mails)
        numbers = {identity: number for number, each in self.stored().items() for identity in each}
        rows = self.rows("SELECT id::text, channel, state, complaint_id::text FROM notification.message")
        lost, doubled, sent_in_vain = [], [], []
        texts: dict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
        for identity, channel, state, complaint in rows:
            if channel == "sms":
                phone = f"+96279{numbers.get(complaint, 0):07d}"
                texts[phone, UUID(identity).int & 0xFFFF].append((identity, state))
                continue
            times = mails.pop(identity, 0)
            lost += [identity] * (state in ("sent", "delivered") and times == 0)
            doubled += [f"mail {identity} came {times} times"] * (times > 1)
            sent_in_vain += [f"{state} mail {identity} came"] * (
                state not in ("sent", "delivered", "unknown") and times > 0
            )
        arrived = Counter((text["to"], text["reference"]) for text in self.texts)
        for key, messages in texts.items():
            # Two messages to one phone share a reference once in 65,536: they are counted together.
            times = arrived.pop(key, 0)
            least = sum(state in ("sent", "delivered") for _, state in messages)
            most = least + sum(state == "unknown" for _, state in messages)
            named = ", ".join(f"{state} SMS {identity}" for identity, state in messages)
            lost += [f"{named}: came {times} times"] * (times < least)
            doubled += [f"{named}: came {times} times"] * (times > most)
        return (
            Finding("sinks", "what notification calls sent or delivered arrived", lost),
            Finding(
                "sinks",
                "nothing arrived twice, and nothing that notification calls unsent",
                doubled + sent_in_vain,
            ),
            Finding(
                "sinks",
                "nothing arrived that notification does not know",
                [*map(str, mails), *map(str, arrived)],
            ),
        )

    # --- figures --------------------------------------------------------------------------------------------------------------

    def figures(self) -> dict[str, Any]:
        """How much there was of everything, for the report."""

        def counts(statement: str) -> dict[str, int]:
            return {str(key): number for key, number in self.rows(statement)}

        return {
            "sent": len(self.filings),
            "answered_201": sum(f.answered for f in self.filings),
            "tries": sum(f.tries for f in self.filings),
            "refusals": dict(Counter(str(s) for f in self.filings for s in f.refusals)),
            "broken": sum(f.broken for f in self.filings),
            "stored": self.rows("SELECT count(*) FROM intake.complaint")[0][0],
            "cases": counts("SELECT status, count(*) FROM routing.cases GROUP BY 1 ORDER BY 1"),
            "facts": {
                service: counts(f"SELECT type, count(*) FROM {service}.outbox GROUP BY 1 ORDER BY 1")
                for service in ("intake", "routing", "notification")
            },
            "messages": counts(
                "SELECT channel || ' ' || state, count(*) FROM notification.message GROUP BY 1 ORDER BY 1"
            ),
            "arrived": {"mails": len(self.mails), "texts": len(self.texts)},
        }
