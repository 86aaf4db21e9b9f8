"""What the checks ask of the databases."""

from sqlalchemy import text

CASES = text("SELECT * FROM cases WHERE complaint_id = ANY(CAST(:ids AS uuid[]))")
SOME = text(
    "SELECT * FROM cases WHERE due_at IS NOT NULL AND status NOT IN"
    " ('answered', 'closed', 'referred', 'withdrawn', 'inadmissible', 'merged')"
    " ORDER BY md5(complaint_id::text || :seed) LIMIT 60"
)
STATUSES = text(
    "SELECT complaint_id::text, status FROM complaint WHERE complaint_id = ANY(CAST(:ids AS uuid[]))"
)
MOVES = text(
    "SELECT complaint_id::text, due_before, due_after, cause FROM promise_change "
    "WHERE at > :since AND complaint_id = ANY(CAST(:ids AS uuid[]))"
)
LOADS = text(
    """
    SELECT coalesce(l.officer_id, c.officer_id)::text, coalesce(l.open, 0), coalesce(c.open, 0) FROM officer_load l
    FULL JOIN (SELECT officer_id, sum(load)::int AS open FROM cases WHERE status = ANY(CAST(:desk AS text[])) GROUP BY 1) c
        ON c.officer_id = l.officer_id
    WHERE coalesce(l.open, 0) <> coalesce(c.open, 0)
    """
)
ABSENT = text(
    """
    SELECT g.id, o.id::text, g.at
    FROM unnest(CAST(:cases AS text[]), CAST(:officers AS uuid[]), CAST(:moments AS timestamptz[])) AS g (id, officer, at)
    JOIN officer o ON o.id = g.officer
    WHERE (NOT o.present AND o.present_since <= g.at)
       OR o.valid_from > (g.at AT TIME ZONE 'Asia/Amman')::date OR o.valid_to <= (g.at AT TIME ZONE 'Asia/Amman')::date
       OR EXISTS (SELECT FROM officer_leave l WHERE l.officer_id = o.id AND l.recorded_at <= g.at AND l.withdrawn_at IS NULL
                  AND (g.at AT TIME ZONE 'Asia/Amman')::date BETWEEN l.first_day AND l.last_day)
    """
)
UNCERTIFIED = text(
    """
    SELECT g.id, g.officer::text, g.at
    FROM unnest(CAST(:cases AS text[]), CAST(:officers AS uuid[]), CAST(:moments AS timestamptz[])) AS g (id, officer, at)
    JOIN cases c ON c.complaint_id = CAST(g.id AS uuid) AND c.rights
    WHERE NOT EXISTS (SELECT FROM certificate t WHERE t.officer_id = g.officer AND t.part = 'rights'
                      AND (g.at AT TIME ZONE 'Asia/Amman')::date BETWEEN t.issued_on AND t.expires_on)
    """
)
TWICE = text("SELECT event_id::text, recipient, channel FROM message GROUP BY 1, 2, 3 HAVING count(*) > 1")
GAPS = text(
    "SELECT subject::text FROM outbox GROUP BY subject HAVING min(sequence) <> 1 OR max(sequence) <> count(*)"
)
VERSIONS = text(
    """
    SELECT c.complaint_id::text, c.version, count(e.number), max(e.number) FROM cases c LEFT JOIN case_event e USING (complaint_id)
    GROUP BY 1, 2 HAVING c.version <> count(e.number) OR c.version <> max(e.number)
    """
)
OTHERS = text("SELECT complaint_id::text FROM cases ORDER BY complaint_id")
UNOWNED = text("SELECT count(*) FROM cases WHERE (status = 'received') <> (unowned_since IS NOT NULL)")
