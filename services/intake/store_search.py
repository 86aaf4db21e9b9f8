"""What is open, by who may read it, with the words to find it by: kept in step with what routing says, off the way of a submission.

A row comes when a complaint is first with somebody or known to be with nobody, and goes when nothing is owed any more.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from services.intake.complaint import OVER, RECEIVED, Progress
from services.intake.store_restrictions import VISIBLE, Reader

SCANNED = 2_000
"""Open complaints that one page looks at, the newest first: of a body these are all; of the country, the page after goes on."""

_FORGET = text("DELETE FROM open_complaint WHERE complaint_id = ANY(CAST(:ids AS uuid[]))")
# Words are taken once, of the first 2,000 characters: a complaint is written once and never changed.
# Who has it stays who has it, until another does or nobody.
_FOLLOW = text(
    """
    WITH said AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:institutions AS text[]), CAST(:receivers AS text[])
        ) AS s (complaint_id, status, institution, receiver)
    ), moved AS (
        UPDATE open_complaint o
        SET status = s.status, receiver = s.receiver,
            institution = CASE WHEN s.status = :received THEN s.institution ELSE coalesce(s.institution, o.institution) END
        FROM said s WHERE o.complaint_id = s.complaint_id
        RETURNING o.complaint_id
    )
    INSERT INTO open_complaint (complaint_id, status, institution, receiver, words)
    SELECT c.id, s.status, s.institution, s.receiver, search_words(concat_ws(' ', c.title, left(c.text, 2000)))
    FROM said s JOIN complaint c ON c.id = s.complaint_id
    WHERE s.complaint_id NOT IN (SELECT complaint_id FROM moved)
    ORDER BY c.id
    ON CONFLICT (complaint_id) DO NOTHING
    """
)
_EVERYTHING = """
    SELECT complaint_id, status, institution, words FROM open_complaint
    WHERE complaint_id < CAST(:after AS uuid) ORDER BY complaint_id DESC LIMIT :scanned
"""
# Each half is read in its order, and no more of it than is needed.
_OF_A_BODY = """
    SELECT * FROM (
        (SELECT complaint_id, status, institution, words FROM open_complaint
         WHERE institution = :institution AND complaint_id < CAST(:after AS uuid) ORDER BY complaint_id DESC LIMIT :scanned)
        UNION ALL
        (SELECT complaint_id, status, institution, words FROM open_complaint
         WHERE receiver = :institution AND complaint_id < CAST(:after AS uuid) ORDER BY complaint_id DESC LIMIT :scanned)
    ) AS either ORDER BY complaint_id DESC LIMIT :scanned
"""
# Every word that was typed, or the beginning of one, in any order.
_FIND = """
    WITH asked AS MATERIALIZED (
        SELECT CAST(coalesce(string_agg(quote_literal(lexeme) || ':*', ' & '), '') AS tsquery) AS query
        FROM unnest(search_words(:words))
    ), found AS (
        SELECT s.complaint_id, s.status, s.institution FROM ({scanned}) AS s
        WHERE s.words @@ (SELECT query FROM asked) AND {visible} ORDER BY s.complaint_id DESC LIMIT :limit
    )
    SELECT f.complaint_id::text, f.status, f.institution, c.title, left(c.text, :most) AS text, c.kind, c.category, c.governorate,
           c.received_at
    FROM found f JOIN complaint c ON c.id = f.complaint_id ORDER BY f.complaint_id DESC
"""
# The page after goes on behind what the reader may know of: an id of another would say that it exists.
_LAST = """
    WITH numbered AS (
        SELECT complaint_id, row_number() OVER (ORDER BY complaint_id DESC) AS number FROM ({scanned}) AS s
    )
    SELECT n.complaint_id::text FROM numbered n
    WHERE EXISTS (SELECT FROM numbered WHERE number = :scanned) AND {visible} ORDER BY n.number DESC LIMIT 1
"""
_BEHIND_ALL = "ffffffff-ffff-ffff-ffff-ffffffffffff"


def follow(connection: Connection, steps: Sequence[tuple[str, Progress]]) -> None:
    """Takes (complaint id, progress) pairs, in the order of each complaint: what is open from then on, and with whom."""
    last: dict[str, Progress] = {}
    for complaint_id, step in steps:
        if step.status is not None:
            last[complaint_id] = step
    over = sorted(key for key, step in last.items() if step.status in OVER)
    if over:
        connection.execute(_FORGET, {"ids": over})
    still = sorted(key for key, step in last.items() if step.status not in OVER)
    if still:
        rows = [last[key] for key in still]
        connection.execute(
            _FOLLOW,
            {
                "ids": still,
                "statuses": [each.status for each in rows],
                "institutions": [each.institution for each in rows],
                "receivers": [each.receiver for each in rows],
                "received": RECEIVED,
            },
        )


def find(
    connection: Connection,
    words: str,
    *,
    reader: Reader,
    after: str | None,
    limit: int,
    most: int,
) -> tuple[list[Row[Any]], str | None]:
    """Open complaints of the reader's body, or of all, that have every word, the newest first, and behind which id the next page goes on.

    What is directed against the `reader` is left out. `most` characters of each are given.
    """
    institution = reader.institution
    scanned = _EVERYTHING if institution is None else _OF_A_BODY
    place = {"institution": institution, "after": after or _BEHIND_ALL, "scanned": SCANNED}
    if institution is None:
        del place["institution"]
    # In a quoted word of a query a backslash would say something else than itself.
    asked = {
        **place,
        **reader.asked,
        "words": words.replace("\\", " "),
        "limit": limit + 1,
        "most": most,
    }
    rows = list(
        connection.execute(
            text(_FIND.format(scanned=scanned, visible=VISIBLE.format("s.complaint_id"))), asked
        )
    )
    if len(rows) > limit:
        return rows[:limit], rows[limit - 1].complaint_id
    last = _LAST.format(scanned=scanned, visible=VISIBLE.format("n.complaint_id"))
    return rows, connection.execute(text(last), {**place, **reader.asked}).scalar()
