"""Ways to spoil balanced books, each with the rule that must notice: so that nobody has to trust a reconciler that finds nothing.

They run in the transaction in which the books are read, which is rolled back; or they change what is known of clients and providers.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.reconcile import Books


@dataclass(frozen=True, slots=True)
class Sabotage:
    """`spoil` changes the books; `found_by` are words of the rules that must find it."""

    spoil: Callable[[Books], None]
    found_by: tuple[str, ...]


def _sql(*statements: str) -> Callable[[Books], None]:
    def spoil(books: Books) -> None:
        with books.connection.cursor() as cursor:
            # Triggers that refuse changes are for applications; sabotage comes from below.
            cursor.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                cursor.execute(statement)
                assert cursor.rowcount, statement

    return spoil


def _first(table: str, condition: str = "true", key: str = "ctid") -> str:
    return f"{key} = (SELECT {key} FROM {table} WHERE {condition} LIMIT 1)"


def _forget_mail(books: Books) -> None:
    books.mails = list(books.mails)[1:]


def _repeat_mail(books: Books) -> None:
    books.mails = [*books.mails, books.mails[0]]


def _repeat_text(books: Books) -> None:
    books.texts = [*books.texts, books.texts[0]]


def _forget_text(books: Books) -> None:
    books.texts = list(books.texts)[1:]


def _answer_twice(books: Books) -> None:
    filing = next(each for each in books.filings if each.answered)
    filing.answers.append("another")


SABOTAGES: dict[str, Sabotage] = {
    "let one who has passed a complaint on find it": Sabotage(
        _sql(
            "UPDATE intake.open_complaint SET institution = 'MOH2' WHERE "
            + _first("intake.open_complaint", "status = 'assigned'")
        ),
        ("what is open is found by its words with who has it, and nothing else is",),
    ),
    "make an open complaint one that no word finds": Sabotage(
        _sql("DELETE FROM intake.open_complaint WHERE " + _first("intake.open_complaint")),
        ("what is open is found by its words with who has it, and nothing else is",),
    ),
    "lose a complaint": Sabotage(
        _sql("DELETE FROM intake.complaint WHERE " + _first("intake.complaint")),
        (
            "every complaint answered with 201 is in intake",
            "every complaint has one case and every case is a complaint's",
        ),
    ),
    "store a complaint twice": Sabotage(
        _sql(
            "INSERT INTO intake.complaint SELECT gen_random_uuid(), 'sabotage', received_at, kind, category, governorate, language,"
            " channel, true, title, text FROM intake.complaint LIMIT 1"
        ),
        ("no complaint is in intake twice", "every complaint was stated once, and nothing else was"),
    ),
    "lose a case": Sabotage(
        _sql("DELETE FROM routing.cases WHERE " + _first("routing.cases")),
        ("every complaint has one case and every case is a complaint's",),
    ),
    "assign twice": Sabotage(
        _sql(
            "INSERT INTO routing.outbox (recorded_at, event_id, type, version, subject, sequence, scope, correlation_id, data,"
            " published_at) SELECT recorded_at, gen_random_uuid(), type, version, subject, sequence + 2, scope, correlation_id, data,"
            " published_at FROM routing.outbox WHERE type = 'ComplaintAssigned' LIMIT 1"
        ),
        (
            "a case is assigned by exactly one fact, or unowned and said to be so",
            "every fact of routing took effect, and nothing that is no fact of it",
        ),
    ),
    "leave a case without an owner and say nothing": Sabotage(
        _sql(
            "DELETE FROM routing.outbox WHERE "
            + _first("routing.outbox", "type IN ('ComplaintAssigned', 'AssignmentFailed')", "event_id")
        ),
        ("a case is assigned by exactly one fact, or unowned and said to be so",),
    ),
    "miscount an officer's load": Sabotage(
        _sql("UPDATE routing.officer_load SET ever = ever + 1 WHERE " + _first("routing.officer_load")),
        ("the load of each officer is the sum of their cases",),
    ),
    "leave a fact unpublished": Sabotage(
        _sql(
            "UPDATE routing.outbox SET published_at = NULL WHERE " + _first("routing.outbox", key="event_id")
        ),
        ("every fact of the log is published",),
    ),
    "leave a gap in a sequence": Sabotage(
        _sql(
            "UPDATE routing.outbox SET sequence = sequence + 1 WHERE "
            + _first("routing.outbox", "sequence = 2", "event_id")
        ),
        ("sequences of a subject are 1, 2, 3… without gaps, and end where the counter stands",),
    ),
    "let a fact have no effect": Sabotage(
        _sql("DELETE FROM reporting.inbox WHERE " + _first("reporting.inbox", "source = 'intake'")),
        ("every fact of intake took effect, and nothing that is no fact of it",),
    ),
    "park a fact": Sabotage(
        _sql(
            "UPDATE notification.inbox SET status = 'parked', reason = 'sabotage' WHERE "
            + _first("notification.inbox")
        ),
        ("nothing is parked",),
    ),
    "forget progress": Sabotage(
        _sql("DELETE FROM intake.progress WHERE " + _first("intake.progress")),
        ("its progress is what routing stated",),
    ),
    "write a notice twice": Sabotage(
        _sql(
            "UPDATE notification.message SET event_id = gen_random_uuid() WHERE "
            + _first("notification.message")
        ),
        ("every notice that a fact calls for is written, once", "no other notice is written"),
    ),
    "report one complaint less": Sabotage(
        _sql("DELETE FROM reporting.complaint WHERE " + _first("reporting.complaint")),
        ("it knows every complaint as intake and routing know it",),
    ),
    "miscount a figure": Sabotage(
        _sql(
            "UPDATE reporting.figure SET received = received + 1 WHERE "
            + _first("reporting.figure", "slice = 0")
        ),
        (
            "the figures are a recount of the complaints",
            "the figures are those of intake, routing and notification",
        ),
    ),
    "lose a mail": Sabotage(_forget_mail, ("what notification calls sent or delivered arrived",)),
    "send a mail twice": Sabotage(
        _repeat_mail, ("nothing arrived twice, and nothing that notification calls unsent",)
    ),
    "lose a text message": Sabotage(_forget_text, ("what notification calls sent or delivered arrived",)),
    "send a text message twice": Sabotage(
        _repeat_text, ("nothing arrived twice, and nothing that notification calls unsent",)
    ),
    "give one key two numbers": Sabotage(_answer_twice, ("one key has one tracking number",)),
}
