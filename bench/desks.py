"""The lists of work of an officer, a main officer and the coordinator, and the search, with everything stored and all of it open."""

import base64
from contextlib import closing
from urllib.parse import quote

from bench.parts import Measured, Size
from bench.stack import Stack, load

# Every case that is stored is open and assigned: the longest lists that there can be. Of every hundred some are put into the other states.
_STATES = (
    """CREATE TEMP TABLE spread AS
       SELECT complaint_id, officer_id, mod(abs(hashtext(complaint_id::text)), 1000) AS lot FROM routing.cases WHERE status = 'assigned'""",
    "DELETE FROM spread WHERE lot >= 50",
    "CREATE UNIQUE INDEX ON spread (complaint_id)",
    """UPDATE routing.cases c SET urgent = true FROM spread s WHERE s.complaint_id = c.complaint_id AND lot < 2""",
    """UPDATE routing.cases c SET status = 'reply_proposed' FROM spread s WHERE s.complaint_id = c.complaint_id AND lot BETWEEN 2 AND 9""",
    """INSERT INTO routing.reply (complaint_id, number, state, author, outcome, found, remedy, legal_basis, summary, proposed_at)
       SELECT complaint_id, 1, 'proposed', officer_id::text, 'satisfactory', 'x', 'x', 'x', 'x', now() FROM spread
       WHERE lot BETWEEN 2 AND 9""",
    """UPDATE routing.cases c SET status = 'awaiting_complainant' FROM spread s
       WHERE s.complaint_id = c.complaint_id AND lot BETWEEN 10 AND 19""",
    """UPDATE routing.cases c SET status = 'in_transfer', transfers = 1 + mod(lot, 3), receiver = 'MOH' FROM spread s
       WHERE s.complaint_id = c.complaint_id AND lot BETWEEN 20 AND 24""",
    "UPDATE routing.cases c SET status = 'disputed' FROM spread s WHERE s.complaint_id = c.complaint_id AND lot BETWEEN 25 AND 26",
    """UPDATE routing.cases c SET status = 'received', officer_id = NULL, unowned_since = c.received_at FROM spread s
       WHERE s.complaint_id = c.complaint_id AND lot = 27""",
    """UPDATE routing.cases c SET status = 'accepted', waiting = CASE WHEN lot < 35 THEN 'answered' END FROM spread s
       WHERE s.complaint_id = c.complaint_id AND lot BETWEEN 28 AND 49""",
    "DROP TABLE spread",
    "VACUUM (ANALYZE) routing.cases",
    "ANALYZE routing.reply",
)
_ALL = ("due_today", "overdue", "awaiting_complainant", "urgent", "incoming")
_BUSIEST = """
    SELECT o.id::text, o.institution FROM routing.officer o JOIN routing.officer_load l ON l.officer_id = o.id
    WHERE o.rank = %s ORDER BY l.open DESC LIMIT 1
"""
_SEARCH = ("الخدمة", "صهريج")


def worklist(stack: Stack, size: Size) -> Measured:
    """One question after another through the gateway: each list by its first page and one in the middle, the desks, the search."""
    stack.rest()
    _spread(stack)
    found: dict[str, dict] = {}
    with stack.running("routing", "intake", "gateway") as deployment:
        for who, (token, questions) in _questions(stack, deployment).items():
            for name, question in questions.items():
                options = ("--get", question, "--token", token, "--connections", "1", "--count")
                load(deployment.gateway, *options, "5", seconds=60)
                answers = load(deployment.gateway, *options, str(max(size.queries // 2, 10)), seconds=120)
                if answers["errors"] or any(int(status) >= 400 for status in answers["statuses"]):
                    raise AssertionError(f"{who}, {name}: {answers['statuses']}, {answers['errors']} broken")
                found[f"{who}: {name}"] = {
                    each: answers[each] for each in ("p50_ms", "p90_ms", "p99_ms", "good")
                }

    def slowest(*kinds: str) -> float:
        return max(each["p99_ms"] for name, each in found.items() if name.split(": ")[1].startswith(kinds))

    lists = ("list", "view")
    return {
        "worklist_p99": slowest(*lists),
        "desk_p99": slowest("desk"),
        "search_p99": slowest("search"),
    }, found


def _spread(stack: Stack) -> None:
    with closing(stack.databases.connect()) as connection, connection.cursor() as cursor:
        for statement in _STATES:
            cursor.execute(statement)


def _questions(stack: Stack, deployment) -> dict[str, tuple[str, dict[str, str]]]:
    """Who asks: (token, questions by name)."""

    def asks(role: str, views: tuple[str, ...], rank: str | None = None, institution: str = "") -> tuple:
        subject = ("--subject", "bench")
        if rank:
            ((officer, institution),) = stack.rows(_BUSIEST, (rank,))
            subject = ("--subject", officer)
        body = ("--institution", institution) if institution else ()
        token = deployment.command("token", "issue", "--role", role, *subject, *body).strip()
        questions = {f"view {view}": f"/v1/staff/worklist?view={view}" for view in views}
        return institution, token, questions | {"desk": "/v1/staff/desk"} | _searches()

    body, token, own = asks("officer", ("mine", "waiting_for_me", *_ALL), "sub")
    place = _middle(stack, body)
    own |= {
        "list": "/v1/staff/worklist",
        "list, its middle": f"/v1/staff/worklist?after={place}",
        "list, a state": "/v1/staff/worklist?state=accepted",
        "list, a governorate": "/v1/staff/worklist?governorate=JO-AQ",
        "list, what there is none of": "/v1/staff/worklist?category=nothing",
        "view mine, its middle": f"/v1/staff/worklist?view=mine&after={place}",
        "view mine, 200": "/v1/staff/worklist?view=mine&limit=200",
    }
    found = {"officer": (token, own)}
    body, token, team = asks("main_officer", ("team", "to_approve", "mine", *_ALL), "main")
    team |= {f"view {view}, of all": f"/v1/staff/worklist?view={view}&institution={body}" for view in _ALL}
    found["main officer"] = (token, team | {"team": "/v1/staff/team"})
    nation = ("unowned", "urgent", "overdue", "due_today", "arbiter", "disputed")
    _, token, country = asks("coordinator", nation)
    country |= {
        "view overdue, its middle": f"/v1/staff/worklist?view=overdue&after={place}",
        "view overdue, a category": "/v1/staff/worklist?view=overdue&category=water.outage&governorate=JO-AQ",
        "view team of a body": f"/v1/staff/worklist?view=team&institution={body}",
    }
    return found | {"coordinator": (token, country)}


def _searches() -> dict[str, str]:
    return {
        f"search, {'what many have' if number == 0 else 'what nobody has'}": f"/v1/staff/complaints?q={quote(word)}"
        for number, word in enumerate(_SEARCH)
    }


def _middle(stack: Stack, institution: str) -> str:
    """The mark of a page in the middle of the cases of a body."""
    middle = """SELECT to_char(percentile_disc(0.5) WITHIN GROUP (ORDER BY due_at), 'YYYY-MM-DD"T"HH24:MI:SS+00:00')
                FROM routing.cases WHERE institution = %s"""
    ((due,),) = stack.rows(middle, (institution,))
    plain = f"{due} 00000000-0000-7000-8000-000000000000"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")
